//! Server processes: started so that they cannot outlive us, stopped so that they always end.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus},
    sync::{
        OnceLock,
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How often a condition is looked at while waiting.
pub(super) const POLL: Duration = Duration::from_millis(5);

type Request = (Command, Sender<io::Result<Child>>);

/// Starts a process that is told to shut down when this process ends, even by SIGKILL (Linux; elsewhere it lives on
/// until the next sweep). It gets a process group of its own, so that Ctrl-C on the terminal reaches only us.
///
/// The kernel watches the parent *thread*, so all are started by one thread that lives as long as the process.
pub(super) fn spawn(mut command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Sender<Request>> = OnceLock::new();
    command.process_group(0);
    die_with_parent(&mut command);
    let keeper = KEEPER.get_or_init(|| {
        let (sender, requests) = channel::<Request>();
        thread::spawn(move || {
            for (mut command, reply) in requests {
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    let (reply, child) = channel();
    let gone = |_| io::Error::other("the thread that starts servers has ended");
    keeper.send((command, reply)).map_err(|_| gone(()))?;
    child.recv().map_err(|_| gone(()))?
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: runs between fork and exec; prctl is a plain system call, no allocation, no lock.
    #[expect(unsafe_code, reason = "the standard library has no other way to set the parent-death signal")]
    unsafe {
        command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::QUIT))?));
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}

/// Sends a signal; a process that has ended already is no error.
pub(super) fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Waits for the end, at most `limit`.
pub(super) fn wait_for_end(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Sends each signal in turn, giving it its time, and ends with SIGKILL.
pub(super) fn end(child: &mut Child, steps: &[(Signal, Duration)]) {
    for &(step, limit) in steps {
        signal(child, step);
        if matches!(wait_for_end(child, limit), Ok(Some(_))) {
            return;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ignores_the_signals_is_killed() {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' INT QUIT; while :; do sleep 0.05; done"]);
        let mut child = spawn(command).unwrap();
        end(&mut child, &[(Signal::INT, Duration::from_millis(50))]);
        assert!(child.try_wait().unwrap().is_some());
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert!(spawn(Command::new("/nonexistent/postgres")).is_err());
    }
}
