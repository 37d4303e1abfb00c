//! This test binary as a child of itself: it starts a server, says where, and waits to be killed.

use std::{
    io::{BufRead, BufReader, Write, stdin, stdout},
    process::{Child, Command, ExitCode, Stdio},
};

use pgslotplan::throwaway::ClusterSettings;

use crate::bench;

const ASKED: &str = "PGSLOTPLAN_LIVE_CHILD";

pub fn is_asked_for() -> bool {
    std::env::var_os(ASKED).is_some()
}

pub fn run() -> ExitCode {
    let cluster = bench::servers().start(18, &ClusterSettings::new()).expect("the child's server starts");
    println!("{}", cluster.folder().display());
    stdout().flush().expect("the parent reads");
    let mut line = String::new();
    let _ = stdin().read_line(&mut line); // returns at the parent's end at the latest
    ExitCode::SUCCESS
}

/// Starts the child; gives it and its server's folder.
pub fn start() -> std::io::Result<(Child, String)> {
    let mut child =
        Command::new(std::env::current_exe()?).env(ASKED, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut folder = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut folder)?;
    }
    Ok((child, folder.trim().to_owned()))
}
