//! Servers that take connections and then do nothing: real ones, stopped while they work. Whoever waits for this program gets
//! it back: at the end of --duration, after Ctrl-C, SIGTERM or SIGHUP.

use std::{
    fs,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{Cluster, ClusterSettings, Servers};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    bench::case,
    calibrate,
    sample::{Run, error_text},
};

/// Nobody should wait longer for a program that was told to end.
const SOON: Duration = Duration::from_secs(20);

pub fn trials() -> Vec<Trial> {
    vec![
        case("edge_stalls::a_stopped_server_does_not_hold_a_sample", 1, samples_end),
        case("edge_stalls::a_hangup_cleans_up_a_calibration", 1, hangup),
        case("edge_stalls::a_calibration_says_what_a_stopped_server_keeps", 1, calibration_says),
    ]
}

/// Processes that stand still until this goes away.
struct Stopped(Vec<Pid>);

impl Stopped {
    /// The server's main process and every session of ours.
    fn server(cluster: &Cluster) -> Result<Self, Failed> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgslotplan%'";
        let mut pids = Vec::new();
        for row in cluster.query("postgres", sql)? {
            pids.extend(row.into_iter().flatten().map(|pid| pid.parse::<i32>()).collect::<Result<Vec<_>, _>>()?);
        }
        let file = fs::read_to_string(cluster.data_folder().join("postmaster.pid"))?;
        pids.push(file.lines().next().unwrap_or_default().trim().parse()?);
        let pids: Vec<Pid> = pids.into_iter().filter_map(Pid::from_raw).collect();
        pids.iter().try_for_each(|pid| kill_process(*pid, Signal::STOP))?;
        Ok(Stopped(pids))
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}

fn prepared(servers: &Servers) -> Result<Cluster, Failed> {
    let cluster = servers.start(17, &ClusterSettings::new())?;
    cluster.query("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
    Ok(cluster)
}

fn tell(run: &Run, signal: Signal) -> Result<(), Failed> {
    Ok(kill_process(Pid::from_raw(i32::try_from(run.child.id())?).ok_or("a process")?, signal)?)
}

/// The end of a run, which must come soon after `since`.
fn end_of(run: Run, since: Instant) -> Result<Output, Failed> {
    let outcome = run.child.wait_with_output()?;
    assert!(since.elapsed() < SOON, "{:?}: {}", since.elapsed(), error_text(&outcome));
    Ok(outcome)
}

fn samples_end(servers: &Servers) -> Result<(), Failed> {
    let cluster = prepared(servers)?;
    let folder = tempfile::tempdir()?;
    let begin = |name: &str, duration: &str| -> Result<(Run, std::path::PathBuf), Failed> {
        let output = folder.path().join(name);
        let conninfo = format!("{} connect_timeout=2", cluster.conninfo("postgres"));
        let arguments =
            [&conninfo, "--interval", "1s", "--bucket", "1s", "--method", "counters", "--duration", duration];
        let mut run = Run::start(&arguments, &output)?;
        run.wait_for("two snapshots", |run| run.snapshots() >= 2)?;
        Ok((run, output))
    };
    // --duration holds although the server stands still
    let (run, output) = begin("duration.json", "5s")?;
    let stopped = Stopped::server(&cluster)?;
    let outcome = end_of(run, Instant::now())?;
    drop(stopped);
    assert!(outcome.status.success() && output.exists(), "{}", error_text(&outcome));
    assert!(error_text(&outcome).contains("the time is over; "), "{}", error_text(&outcome));
    // so does every way to say stop
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (run, output) = begin(&format!("{signal:?}.json"), "1h")?;
        let stopped = Stopped::server(&cluster)?;
        thread::sleep(Duration::from_millis(1500)); // within a reading that gets no answer
        let told = Instant::now();
        tell(&run, signal)?;
        let outcome = end_of(run, told)?;
        drop(stopped);
        assert!(outcome.status.success() && output.exists(), "{signal:?}: {}", error_text(&outcome));
        assert!(error_text(&outcome).contains("stopping; folding what was observed"), "{}", error_text(&outcome));
    }
    // and Ctrl-C twice ends at once
    let (run, output) = begin("twice.json", "1h")?;
    let stopped = Stopped::server(&cluster)?;
    thread::sleep(Duration::from_millis(1500));
    tell(&run, Signal::INT)?;
    thread::sleep(Duration::from_millis(300));
    let told = Instant::now();
    tell(&run, Signal::INT)?;
    let outcome = run.child.wait_with_output()?;
    drop(stopped);
    assert!(told.elapsed() < Duration::from_secs(2) && !output.exists());
    assert_eq!(outcome.status.signal(), Some(2), "{}", error_text(&outcome));
    // A program that was started to outlive its terminal does.
    let output = folder.path().join("nohup.json");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_pgslotplan"), "sample"]);
    command.arg(cluster.conninfo("postgres")).args([
        "--interval",
        "1s",
        "--duration",
        "4s",
        "--method",
        "counters",
        "-o",
    ]);
    let child = command.arg(&output).stderr(Stdio::piped()).process_group(0).spawn()?;
    let mut run = Run { child, log: format!("{}.samples.jsonl", output.display()).into() };
    run.wait_for("two snapshots", |run| run.snapshots() >= 2)?;
    tell(&run, Signal::HUP)?;
    let outcome = run.child.wait_with_output()?;
    assert!(outcome.status.success() && !error_text(&outcome).contains("stopping"), "{}", error_text(&outcome));
    Ok(())
}

/// A cluster on which a calibration waits for a worker that never comes, and that calibration.
fn held_up(servers: &Servers, output: &Path) -> Result<(Cluster, std::process::Child), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new().with("max_logical_replication_workers", "0"))?;
    let child = calibrate::start_held_up(&cluster, output)?;
    Ok((cluster, child))
}

fn hangup(servers: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (cluster, child) = held_up(servers, &folder.path().join("c.json"))?;
    let pid = Pid::from_raw(i32::try_from(child.id())?).ok_or("a process")?;
    kill_process(pid, Signal::HUP)?;
    kill_process(pid, Signal::HUP)?; // a shell that goes with its terminal sends a second one
    let outcome = child.wait_with_output()?;
    assert_eq!(outcome.status.code(), Some(1), "{}", error_text(&outcome));
    assert!(error_text(&outcome).contains("interrupted; everything that was made is removed"));
    assert_eq!(cluster.value("postgres", calibrate::LEFT)?, "0");
    Ok(())
}

fn calibration_says(servers: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("c.json");
    let (cluster, child) = held_up(servers, &path)?;
    let stopped = Stopped::server(&cluster)?;
    let told = Instant::now();
    kill_process(Pid::from_raw(i32::try_from(child.id())?).ok_or("a process")?, Signal::INT)?;
    let outcome = child.wait_with_output()?;
    drop(stopped);
    let text = error_text(&outcome);
    assert!(told.elapsed() < Duration::from_secs(40) && outcome.status.code() == Some(2), "{text}");
    assert!(text.contains("are left on the subscriber") && text.contains("slot that keeps WAL"), "{text}");
    assert!(text.contains("Run calibrate again to remove them"), "{text}");
    assert_ne!(cluster.value("postgres", calibrate::LEFT)?, "0");
    // And the next one does: it removes them first, then is ended as well.
    let child = calibrate::start_held_up(&cluster, &path)?;
    kill_process(Pid::from_raw(i32::try_from(child.id())?).ok_or("a process")?, Signal::TERM)?;
    assert!(error_text(&child.wait_with_output()?).contains("removed what an earlier calibration left behind"));
    assert_eq!(cluster.value("postgres", calibrate::LEFT)?, "0");
    Ok(())
}
