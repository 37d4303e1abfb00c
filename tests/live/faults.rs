//! Servers and connections that go away in the middle of each phase, and scripts that are stopped half-way: running the
//! files again finishes the job, and every table is equal.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    names::{TableName, quote_identifier},
    throwaway::Servers,
};

use crate::{
    bench::case,
    pair::write_script,
    scripts::{self, Setup, Stage, identities, roomy, traces, while_writing},
    story,
};

pub fn trials() -> Vec<Trial> {
    vec![case("faults::servers_connections_and_scripts_end_in_the_middle", 2, faults)]
}

fn faults(servers: &Servers) -> Result<(), Failed> {
    let settings = roomy().with_tcp();
    let mut stage = Stage::new(servers, &Setup { is_bare: true, ..Setup::story(15, 15, settings) })?;
    let proxy = Proxy::before(&mut stage)?;
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
    // while tables are being copied; any of these can leave a table without its slot, which is then mended
    proxy.cut();
    stage.subscriber.crash();
    stage.subscriber.start_again()?;
    proxy.cut();
    stage.publisher.crash();
    stage.publisher.start_again()?;
    stage.run(stage.step("60")?)?;
    while_writing(&stage, || {
        proxy.cut();
        mend_forgotten(&stage)?;
        stage.run_twice(&["70", "71"])
    })?;
    forget(&stage)?;
    let outcome =
        stage.subscriber.run_script(story::DATABASE, &stage.file(stage.step("70")?), &[("wait_seconds", "2")])?;
    assert!(outcome.code == 3 && outcome.stderr.contains("public.documents"), "{} {}", outcome.code, outcome.stderr);
    assert!(outcome.stderr.contains(": copied"), "{}", outcome.stderr);
    while_writing(&stage, || {
        assert_eq!(mend_forgotten(&stage)?, 1);
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
    stage.stop_writes()?;
    half_and_whole(&stage, "80")?;
    stage.open_writes()?;
    let stop = "UPDATE pgslotplan.plan SET stopped = false";
    stage.subscriber.psql(story::DATABASE, &format!("SET default_transaction_read_only = off; {stop}"))?.success()?;
    stage.run_twice(&["60", "70", "71"])?;
    scripts::finish(&stage, untouched, replica_identities)
}

const WRITABLE: &str = "SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed'; \
     SET search_path = pg_catalog; SET quote_all_identifiers = off; SET statement_timeout = 0;";

/// Makes the state that a fault leaves between the drop of a synchronization slot and the commit that follows it. Its
/// origin, which nobody may create, is missing too: the worker complains of that first.
fn forget(stage: &Stage) -> Result<(), Failed> {
    let slot = &stage.plan.slots[1];
    let name = quote_identifier(&slot.subscription);
    let relation = "r.srrelid = 'public.documents'::regclass";
    let sql = format!(
        "{WRITABLE}
         ALTER SUBSCRIPTION {name} DISABLE;
         UPDATE pg_subscription_rel AS r SET srsubstate = 'f', srsublsn = NULL WHERE {relation};
         ALTER SUBSCRIPTION {name} ENABLE;"
    );
    stage.subscriber.psql(story::DATABASE, &sql)?.success()?;
    Ok(())
}

/// Waits until every table is ready or forgotten, and copies the forgotten ones again as the runbook says; their number.
fn mend_forgotten(stage: &Stage) -> Result<usize, Failed> {
    let unready = format!(
        "{WRITABLE} SELECT s.subname, n.nspname, c.relname, r.srsubstate, format('pg_%s_sync_%s_', s.oid, r.srrelid)
         FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
         JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE r.srsubstate <> 'r'"
    );
    let start = Instant::now();
    let forgotten = loop {
        let rows = stage.subscriber.query(story::DATABASE, &unready)?;
        let slots = stage.publisher.query("postgres", "SELECT slot_name FROM pg_catalog.pg_replication_slots")?;
        let is_forgotten = |row: &Vec<Option<String>>| {
            let prefix = row[4].as_deref().unwrap_or_default();
            row[3].as_deref() == Some("f") && !slots.iter().flatten().flatten().any(|slot| slot.starts_with(prefix))
        };
        // one that has just dropped its slot commits at once: believe it when it stays so
        if rows.iter().all(is_forgotten) && stage.subscriber.query(story::DATABASE, &unready)? == rows {
            break rows;
        }
        if start.elapsed() > Duration::from_secs(100) {
            return Err(format!("tables are not ready: {rows:?}").into());
        }
        thread::sleep(Duration::from_millis(200));
    };
    for row in &forgotten {
        let part = |index: usize| row[index].clone().unwrap_or_default();
        let table = TableName::new(part(1), part(2));
        let slot =
            stage.plan.slots.iter().find(|slot| slot.subscription == part(0)).ok_or("an unknown subscription")?;
        let member = slot.tables.iter().find(|member| member.table_name() == table).ok_or("an unknown table")?;
        let publication = match &slot.insert_only_publication {
            Some(name) if member.insert_only => name,
            _ => &slot.publication,
        };
        let only = if member.only { "ONLY " } else { "" };
        let (publication, subscription) = (quote_identifier(publication), quote_identifier(&slot.subscription));
        let table = table.to_sql();
        let publish = |sql: String| stage.publisher.psql(story::DATABASE, &format!("{WRITABLE} {sql}"))?.success();
        let subscribe = |sql: String| stage.subscriber.psql(story::DATABASE, &format!("{WRITABLE} {sql}"))?.success();
        publish(format!("ALTER PUBLICATION {publication} DROP TABLE {only}{table};"))?;
        subscribe(format!("ALTER SUBSCRIPTION {subscription} REFRESH PUBLICATION;"))?;
        subscribe(format!("TRUNCATE ONLY {table};"))?;
        publish(format!(
            "BEGIN; LOCK TABLE {only}{table} IN SHARE ROW EXCLUSIVE MODE; ALTER PUBLICATION {publication} ADD TABLE {only}{table}; COMMIT;"
        ))?;
        subscribe(format!("ALTER SUBSCRIPTION {subscription} REFRESH PUBLICATION;"))?;
    }
    Ok(forgotten.len())
}

/// Runs the first part of a step, stopped as by a kill between two statements, then the whole step twice.
pub fn half_and_whole(stage: &Stage, number: &str) -> Result<(), Failed> {
    let step = stage.step(number)?;
    let half = stage.folder.path().join("half");
    write_script(&stage.script, &half)?;
    let file = half.join(&step.file);
    if step.file.ends_with(".sh") {
        // after the subscriber got a part
        let library = half.join("lib/schema.sh");
        let mut text = std::fs::read_to_string(&library)?;
        for next in ["    restore attach_keys\n", "    restore attach_indexes\n", "    restore rest\n"] {
            assert!(text.contains(next), "{next}");
            text = text.replace(next, "    exit 0\n");
        }
        std::fs::write(&library, text)?;
        stage.run_file(step, &file)?;
    } else {
        let text = with_includes(&file)?;
        let marks = ends_of_statements(&text);
        std::fs::write(&file, &text[..marks[marks.len() / 2]])?;
        stage.run_file(step, &file)?;
    }
    stage.run(step)?;
    stage.run(step)
}

/// A file with what it includes in the place of each `\ir`.
fn with_includes(file: &Path) -> Result<String, Failed> {
    let folder = file.parent().ok_or("a file has a folder")?;
    let mut text = String::new();
    for line in std::fs::read_to_string(file)?.split_inclusive('\n') {
        match line.strip_prefix("\\ir ") {
            Some(included) => text.push_str(&with_includes(&folder.join(included.trim_end()))?),
            // an \\ir behind a condition stays, and finds its file from anywhere
            None => text.push_str(&line.replace(" \\ir ", &format!(" \\ir {}/", folder.display()))),
        }
    }
    Ok(text)
}

/// Where a file can be cut: after statements that made something, outside of conditions.
fn ends_of_statements(text: &str) -> Vec<usize> {
    let (mut marks, mut depth, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        depth += i32::from(line.starts_with("\\if ")) - i32::from(line.contains("\\endif"));
        if depth == 0 && (line.starts_with("\\endif") || line.trim_end().ends_with("\\gexec")) {
            marks.push(at);
        }
    }
    marks
}

/// Forwards connections to a server, and can cut all of them.
pub struct Proxy {
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

    /// One between the publisher and whoever follows it.
    pub fn before(stage: &mut Stage) -> Result<Self, Failed> {
        let proxy = Proxy::start(stage.publisher.port())?;
        let direct = stage.publisher.tcp_conninfo(story::DATABASE).ok_or("the publisher listens")?;
        let through = direct.replace(&format!("port={}", stage.publisher.port()), &format!("port={}", proxy.port));
        stage.publisher_dsn = format!("{through} user=postgres");
        Ok(proxy)
    }

    /// Ends every connection that is open now.
    pub fn cut(&self) {
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
