//! Servers and connections that go away in the middle of each phase, and scripts that are stopped half-way: running the
//! files again finishes the job, and every table is equal.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::Servers;

use crate::{
    bench::case,
    scripts::{self, Setup, Stage, identities, roomy, traces, while_writing},
    story,
};

pub fn trials() -> Vec<Trial> {
    vec![case("faults::servers_connections_and_scripts_end_in_the_middle", 2, faults)]
}

fn faults(servers: &Servers) -> Result<(), Failed> {
    let settings = roomy().with_tcp();
    let mut stage = Stage::new(servers, &Setup { is_bare: true, ..Setup::story(15, 15, settings) })?;
    let proxy = Proxy::start(stage.publisher.port())?;
    let direct = stage.publisher.tcp_conninfo(story::DATABASE).ok_or("the publisher listens")?;
    let through = direct.replace(&format!("port={}", stage.publisher.port()), &format!("port={}", proxy.port));
    stage.publisher_dsn = format!("{through} user=postgres");
    half_and_whole(&stage, "01")?;
    stage.run_twice(&["12"])?;
    let (untouched, replica_identities) = (traces(&stage)?, identities(&stage)?);
    while_writing(&stage, || {
        for number in ["20", "21", "22", "30", "40", "50"] {
            half_and_whole(&stage, number)?;
        }
        Ok(())
    })?;
    stage.publisher.crash();
    stage.publisher.start_again()?;
    stage.run(stage.step("50")?)?;
    half_and_whole(&stage, "60")?;
    // while tables are being copied. A crash of the subscriber here can leave a table without its slot, as the runbook
    // says: its last commits are asynchronous. So it is shut down, and crashes later
    proxy.cut();
    stage.subscriber.restart()?;
    proxy.cut();
    stage.publisher.crash();
    stage.publisher.start_again()?;
    stage.run(stage.step("60")?)?;
    while_writing(&stage, || {
        proxy.cut();
        stage.run_twice(&["70", "71"])
    })?;
    while_writing(&stage, || {
        proxy.cut();
        for number in ["72", "73"] {
            half_and_whole(&stage, number)?;
        }
        stage.run_twice(&["74"])
    })?;
    stage.subscriber.crash();
    stage.subscriber.start_again()?;
    while_writing(&stage, || {
        for _ in 0..3 {
            proxy.cut();
            stage.run(stage.step("71")?)?;
        }
        Ok(())
    })?;
    stage.run(stage.step("71")?)?;
    half_and_whole(&stage, "80")?;
    let stop = "UPDATE pgslotplan.plan SET stopped = false";
    stage.subscriber.psql(story::DATABASE, &format!("SET default_transaction_read_only = off; {stop}"))?.success()?;
    stage.run_twice(&["60", "70", "71"])?;
    scripts::finish(&stage, untouched, replica_identities)
}

/// Runs the first part of a file, stopped as by a kill between two statements, then the whole file twice.
fn half_and_whole(stage: &Stage, number: &str) -> Result<(), Failed> {
    let step = stage.step(number)?;
    let text = std::fs::read_to_string(stage.file(step))?;
    let marks: Vec<usize> = if step.file.ends_with(".sh") {
        // after the subscriber got a part
        text.match_indices("\nrestore ").chain(text.match_indices("\napply \"$work")).map(|(at, _)| at + 1).collect()
    } else {
        ["\\endif\n", "\\gexec\n"]
            .iter()
            .flat_map(|mark| text.match_indices(mark).map(|(at, m)| at + m.len()))
            .collect()
    };
    let mut marks = marks;
    marks.sort_unstable();
    if let Some(&at) = marks.get(marks.len() / 2) {
        let file = stage.folder.path().join(format!("half.{}", step.file));
        std::fs::write(&file, &text[..at])?;
        stage.run_file(step, &file)?;
    }
    stage.run(step)?;
    stage.run(step)
}

/// Forwards connections to a server, and can cut all of them.
struct Proxy {
    port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
    ended: Arc<AtomicBool>,
}

impl Proxy {
    fn start(target: u16) -> Result<Self, Failed> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let ended = Arc::new(AtomicBool::new(false));
        let (streams, is_ended) = (Arc::clone(&open), Arc::clone(&ended));
        thread::spawn(move || {
            for client in listener.incoming() {
                if is_ended.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                let Ok(server) = TcpStream::connect_timeout(&([127, 0, 0, 1], target).into(), Duration::from_secs(5))
                else {
                    continue; // the server is down: the client sees a closed connection
                };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                    thread::spawn(move || forward(from, to));
                }
                streams.lock().unwrap_or_else(PoisonError::into_inner).extend([client, server]);
            }
        });
        Ok(Proxy { port, open, ended })
    }

    /// Ends every connection that is open now.
    fn cut(&self) {
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        self.cut();
        let _ = TcpStream::connect(("127.0.0.1", self.port)); // wakes the listener, which then ends
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(count) if count > 0 && to.write_all(&buffer[..count]).is_ok() => {}
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
