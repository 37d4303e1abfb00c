//! Another kit of emitted files beside that of a pair: run step by step by its `run.sh`, and killed in the middle.

use std::{
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use libtest_mimic::Failed;
use pgslotplan::emit::Script;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::pair::{Pair, told, write_script};

pub struct Beside<'a> {
    pub pair: &'a Pair,
    pub script: Script,
    folder: PathBuf,
    environment: Vec<(&'static str, PathBuf)>,
}

impl<'a> Beside<'a> {
    /// Writes the files into a folder of this name, beside the pair's.
    pub fn new(
        pair: &'a Pair,
        name: &str,
        script: Script,
        environment: Vec<(&'static str, PathBuf)>,
    ) -> Result<Self, Failed> {
        let folder = pair.folder().join(name);
        write_script(&script, &folder)?;
        Ok(Beside { pair, script, folder, environment })
    }

    /// `run.sh` with a word, ready to run.
    pub fn command(&self, word: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg(self.folder.join("run.sh")).arg(word).current_dir("/").stdin(Stdio::null());
        for (name, value) in self.pair.shell("run.sh").get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a step that must end with a code; what it said.
    pub fn run(&self, step: &str, expected: i32) -> Result<String, Failed> {
        let (code, out, errors) = told(self.command(step).output()?);
        if code == expected {
            return Ok(out + &errors);
        }
        let logs = [&self.pair.publisher, &self.pair.subscriber].map(|cluster| {
            let log = cluster.server_log();
            log.lines().rev().filter(|line| line.contains("ERROR")).take(6).collect::<Vec<_>>().join("\n")
        });
        Err(format!(
            "{step}: exit code {code}, not {expected}: {out}{errors}\nlogs, latest first: {}",
            logs.join("\n--\n")
        )
        .into())
    }

    /// Kills a step so many milliseconds after its begin, with everything that it started.
    pub fn kill(&self, step: &str, after: u64) -> Result<(), Failed> {
        kill_after(self.command(step), after)
    }

    /// A step that is killed again and again before it comes to its end.
    pub fn run_killed(&self, step: &str, moments: &[u64]) -> Result<(), Failed> {
        moments.iter().try_for_each(|after| self.kill(step, *after))?;
        in_the_end(|| self.run(step, 0).map(drop))
    }
}

/// Kills a command so many milliseconds after its begin, with everything that it started.
pub fn kill_after(mut command: Command, milliseconds: u64) -> Result<(), Failed> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?;
    thread::sleep(Duration::from_millis(milliseconds));
    let _ = kill_process_group(Pid::from_raw(child.id() as i32).ok_or("a pid")?, Signal::KILL);
    child.wait()?;
    Ok(())
}

/// What a killed psql left running on its server ends first, and holds locks until then.
pub fn in_the_end(work: impl Fn() -> Result<(), Failed>) -> Result<(), Failed> {
    for _ in 0..5 {
        if work().is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(500));
    }
    work()
}
