//! `--notify`: a command of the user's when something got worse. What happened goes to it by its environment and standard input, never
//! as words of a shell.

use std::{process::Stdio, time::Duration};

use pgslotplan::{format, health::Status};
use tokio::{
    io::AsyncWriteExt,
    process::Command,
    sync::mpsc::{Sender, channel},
};

use super::super::output::Console;

/// A command that takes longer is ended.
const PATIENCE: Duration = Duration::from_secs(60);
/// Calls that wait for the one before; more are dropped, since each holds a whole status.
const MOST_WAITING: usize = 16;

/// Whom to tell.
pub struct Notifier {
    sender: Sender<Call>,
}

struct Call {
    text: String,
    stage: &'static str,
    status: Vec<u8>,
}

impl Notifier {
    /// Calls run one after another, beside everything else.
    pub fn new(command: &str, console: &Console) -> Self {
        let (sender, mut calls) = channel::<Call>(MOST_WAITING);
        let (command, console) = (command.to_owned(), *console);
        tokio::spawn(async move {
            while let Some(call) = calls.recv().await {
                if let Err(reason) = run(&command, call).await {
                    console.warning(&format!("--notify: {reason}"));
                }
            }
        });
        Notifier { sender }
    }

    /// Tells what got worse, a line each.
    pub fn tell(&self, lines: &[&str], status: &Status) {
        let call = Call { text: lines.join("\n"), stage: status.stage.as_str(), status: format::write(status) };
        // when so many wait, the command does not work anyway
        drop(self.sender.try_send(call));
    }
}

async fn run(command: &str, call: Call) -> Result<(), String> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("PGSLOTPLAN_EVENT", &call.text)
        .env("PGSLOTPLAN_STAGE", call.stage)
        // it has no business on the servers
        .env_remove("PGSLOTPLAN_PUBLISHER")
        .env_remove("PGSLOTPLAN_SUBSCRIBER")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let input = child.stdin.take();
    let running = async {
        if let Some(mut input) = input {
            // a command that does not read it is fine
            drop(input.write_all(&call.status).await);
        }
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, running).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(status.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it took longer than {} s and was ended", PATIENCE.as_secs())),
    }
}
