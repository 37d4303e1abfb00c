//! The runtime of commands that talk to servers, and what the user or the system sends to make them stop: SIGINT (Ctrl-C),
//! SIGTERM and SIGHUP mean the same.
//!
//! The first lets a command fold or clean up; Ctrl-C after it ends the program at once, whatever it is doing. A shell whose
//! terminal goes away may send SIGHUP twice, so only Ctrl-C does that.

use std::sync::{Arc, OnceLock, atomic::AtomicBool};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::Failure;

/// What a message about the first signal ends with.
pub const AGAIN: &str = "Ctrl-C again ends at once";

/// One thread: a command waits for one server at a time.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start the runtime").source(error))
}

/// Ends when the program is asked to stop. Signals are caught from the first call on.
#[cfg(unix)]
pub async fn interrupted() {
    end_at_the_second();
    let listen = |kind: SignalKind| signal(kind).ok();
    let mut interrupt = listen(SignalKind::interrupt());
    let mut terminate = listen(SignalKind::terminate());
    // `nohup` ignores it on purpose.
    let mut hangup = if is_hangup_ignored() { None } else { listen(SignalKind::hangup()) };
    tokio::select! {
        () = arrival(&mut interrupt) => {}
        () = arrival(&mut terminate) => {}
        () = arrival(&mut hangup) => {}
    }
}

#[cfg(not(unix))]
pub async fn interrupted() {
    drop(tokio::signal::ctrl_c().await);
}

#[cfg(unix)]
async fn arrival(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Within the handler itself, so that it works while the program computes or waits for a file.
#[cfg(unix)]
fn end_at_the_second() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let asked = Arc::new(AtomicBool::new(false));
        // First the one that looks, then those that set what it looks at.
        drop(signal_hook::flag::register_conditional_default(SIGINT, asked.clone()));
        for kind in [SIGINT, SIGTERM] {
            drop(signal_hook::flag::register(kind, asked.clone()));
        }
        if !is_hangup_ignored() {
            drop(signal_hook::flag::register(SIGHUP, asked));
        }
    });
}

/// Whether this process was started to outlive its terminal; asked before anything catches the signal.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    static IGNORED: OnceLock<bool> = OnceLock::new();
    *IGNORED.get_or_init(|| {
        // SAFETY: asks for the disposition only; the structure is plain data that the call fills in.
        #[expect(unsafe_code, reason = "the standard library has no other way to ask for a signal's disposition")]
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGHUP, std::ptr::null(), &mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
        }
    })
}
