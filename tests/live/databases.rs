//! `sample` over several databases of one server: a file each, names that are hostile, Ctrl-C, resume, a database that is
//! dropped meanwhile, and one plan over all of them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    plan::Plan,
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::{Workload, snapshot::SampleLine},
};

use crate::{bench::case, pair::bare};

const LIMIT: Duration = Duration::from_secs(60);
const ODD: &str = "../Odd \"na'me\" $(x)";
/// The files of `shop`, the odd one and `tiny`.
const FILES: [&str; 3] = ["shop.json", "%2E%2E%2F%4Fdd%20%22na%27me%22%20%24%28x%29.json", "tiny.json"];

pub fn trials() -> Vec<Trial> {
    vec![
        case("databases::each_has_a_file_and_all_share_one_plan", 1, each_has_a_file),
        case("databases::one_that_is_dropped_ends_alone_and_the_rest_is_resumed", 1, one_is_dropped),
        case("databases::history_of_several_needs_no_waiting_but_a_server", 1, history_of_several),
    ]
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn prepared(servers: &Servers, major: u32) -> Result<Cluster, Failed> {
    let cluster = servers.start(major, &ClusterSettings::new())?;
    cluster.query("postgres", "CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor")?;
    for name in ["shop", ODD, "tiny", "empty", "closed"] {
        cluster.query("postgres", &format!("CREATE DATABASE {}", quoted(name)))?;
    }
    cluster.query("postgres", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC")?;
    for (name, tables) in [("shop", 4), (ODD, 3), ("tiny", 1), ("closed", 1)] {
        for table in 0..tables {
            cluster.query(name, &format!("CREATE TABLE t{table} (id bigserial PRIMARY KEY, v text)"))?;
        }
    }
    Ok(cluster)
}

pub fn program(arguments: &[&str]) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_pgslotplan"));
    command.args(arguments).stdin(Stdio::null());
    command
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A run over several databases in the background.
struct Run {
    child: Child,
    folder: PathBuf,
}

impl Run {
    fn start(cluster: &Cluster, folder: &Path, more: &[&str]) -> Result<Self, Failed> {
        let conninfo = cluster.conninfo("postgres").replace("user=postgres", "user=monitor");
        let fixed = ["sample", &conninfo, "--interval", "1s", "--bucket", "60s", "--duration", "1h"];
        let child = program(&fixed).args(more).arg("-o").arg(folder).stderr(Stdio::piped()).spawn()?;
        Ok(Run { child, folder: folder.to_owned() })
    }

    fn snapshots(&self, file: &str) -> usize {
        let log = fs::read_to_string(self.folder.join(format!("{file}.samples.jsonl"))).unwrap_or_default();
        let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line| matches!(line, SampleLine::Counters { .. })).count()
    }

    /// Waits until each file has so many more snapshots than now.
    fn wait_for(&mut self, files: &[&str], more: usize) -> Result<(), Failed> {
        let goals: Vec<usize> = files.iter().map(|file| self.snapshots(file) + more).collect();
        let begun = Instant::now();
        while files.iter().zip(&goals).any(|(file, goal)| self.snapshots(file) < *goal) {
            if let Some(status) = self.child.try_wait()? {
                let mut told = String::new();
                if let Some(mut stderr) = self.child.stderr.take() {
                    std::io::Read::read_to_string(&mut stderr, &mut told)?;
                }
                return Err(format!("sample ended ({status}): {told}").into());
            }
            assert!(begun.elapsed() < LIMIT, "waited too long for snapshots of {files:?}");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn interrupt(self) -> Result<Output, Failed> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        Ok(self.child.wait_with_output()?)
    }
}

fn workload(folder: &Path, file: &str) -> Result<Workload, Failed> {
    Ok(format::read(&fs::read(folder.join(file))?)?)
}

fn each_has_a_file(servers: &Servers) -> Result<(), Failed> {
    let cluster = prepared(servers, 16)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("workloads");
    let mut run = Run::start(&cluster, &output, &["--all-databases"])?;
    run.wait_for(&FILES, 1)?;
    for (name, rows) in [("shop", 3000), (ODD, 300), ("tiny", 30)] {
        cluster.query(name, &format!("INSERT INTO t0 (v) SELECT repeat('v', 50) FROM generate_series(1, {rows})"))?;
    }
    run.wait_for(&FILES, 2)?;
    let outcome = run.interrupt()?;
    let told = text(&outcome);
    assert_eq!(outcome.status.code(), Some(0), "{told}");
    assert!(told.contains("database \"empty\": left out: it has no table that could be replicated"), "{told}");
    assert!(told.contains("database \"postgres\": left out"), "{told}");
    assert!(told.contains("database \"closed\": left out: the role may not connect"), "{told}");
    let made: BTreeSet<String> = fs::read_dir(&output)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, std::io::Error>>()?;
    let expected = FILES.iter().flat_map(|file| [(*file).to_owned(), format!("{file}.samples.jsonl")]);
    assert_eq!(made, expected.collect());
    let all: Vec<Workload> = FILES.iter().map(|file| workload(&output, file)).collect::<Result<_, _>>()?;
    for (one, (name, rows)) in all.iter().zip([("shop", 3000.0), (ODD, 300.0), ("tiny", 30.0)]) {
        assert_eq!(one.database, name);
        // What belongs to the cluster is in each: limits, slots, all WAL.
        assert_eq!(one.server.system_identifier, all[0].server.system_identifier);
        assert_eq!(one.server.settings["max_replication_slots"], "40");
        let own = one.tables.iter().find(|table| table.name == "t0").ok_or("no table t0")?;
        let wal = one.cluster_wal_bytes_per_s.or_zero(0);
        assert!(wal > own.load.wal_bytes_per_s.or_zero(0), "{name}: {wal}");
        let found = own.load.inserts_per_s.or_zero(0);
        assert!(found > 0.0 && found < rows, "{name}: {found} rows/s of {rows} rows");
    }
    let ratio = all[0].cluster_wal_bytes_per_s.or_zero(0) / all[2].cluster_wal_bytes_per_s.or_zero(0);
    assert!((0.5..2.0).contains(&ratio), "the WAL of the cluster is the same for all: {ratio}");
    plan_together(&output, &folder.path().join("plans"))
}

fn plan_together(workloads: &Path, plans: &Path) -> Result<(), Failed> {
    let paths: Vec<String> = FILES.iter().map(|file| workloads.join(file).display().to_string()).collect();
    let arguments: Vec<&str> = paths.iter().map(String::as_str).collect();
    let planned = program(&["plan"]).args(arguments).args(["--max-slots", "5", "-o"]).arg(plans).output()?;
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned));
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(plans.join("manifest.json"))?)?;
    assert_eq!(manifest["slot_budget"], 5);
    let mut slots = BTreeSet::new();
    let entries = manifest["plans"].as_array().ok_or("the manifest lists the plans")?;
    for entry in entries {
        let file = entry["file"].as_str().ok_or("a file")?;
        let plan: Plan = format::read(&fs::read(plans.join(file))?)?;
        assert_eq!(entry["one_slot_is_enough"], true, "so little load goes through one slot");
        slots.extend(plan.slots.iter().map(|slot| slot.name.to_string()));
    }
    assert_eq!((entries.len(), slots.len()), (3, 3), "{slots:?}");
    Ok(())
}

fn one_is_dropped(servers: &Servers) -> Result<(), Failed> {
    let cluster = prepared(servers, 17)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("workloads");
    let named = ["--database", "shop", "--database", ODD, "--database", "tiny"];
    let missing =
        Run::start(&cluster, &output, &["--database", "shop", "--database", "gone"])?.child.wait_with_output()?;
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing));
    assert!(text(&missing).contains("database \"gone\" does not exist") && !output.exists(), "{}", text(&missing));
    let mut run = Run::start(&cluster, &output, &named)?;
    run.wait_for(&FILES, 2)?;
    run.child.kill()?;
    run.child.wait()?;
    let again = Run::start(&cluster, &output, &named)?.child.wait_with_output()?;
    assert!(again.status.code() == Some(1) && text(&again).contains("--resume"), "{}", text(&again));
    let mut run = Run::start(&cluster, &output, &[&named[..], &["--resume"]].concat())?;
    run.wait_for(&FILES, 1)?;
    cluster.query("postgres", "DROP DATABASE tiny WITH (FORCE)")?;
    run.wait_for(&FILES[..2], 4)?;
    let outcome = run.interrupt()?;
    let told = text(&outcome);
    assert_eq!(outcome.status.code(), Some(2), "{told}");
    assert!(told.contains("1 of 3 databases could not be sampled") && told.contains("Database \"tiny\""), "{told}");
    assert!(!output.join(FILES[2]).exists() && output.join(format!("{}.samples.jsonl", FILES[2])).exists());
    for file in &FILES[..2] {
        assert!(workload(&output, file)?.bucket_count >= 1);
    }
    // All of them: what is new begins, what is there goes on, what is gone is no longer looked for.
    cluster.query("postgres", "CREATE DATABASE fresh")?;
    cluster.query("fresh", "CREATE TABLE t0 (id int PRIMARY KEY)")?;
    let mut run = Run::start(&cluster, &output, &["--all-databases", "--resume"])?;
    run.wait_for(&[FILES[0], FILES[1], "fresh.json"], 2)?;
    let outcome = run.interrupt()?;
    assert_eq!(outcome.status.code(), Some(0), "{}", text(&outcome));
    assert_eq!(workload(&output, "fresh.json")?.database, "fresh");
    Ok(())
}

/// Several databases and history: each is asked for; without a Prometheus the files are not made.
fn history_of_several(servers: &Servers) -> Result<(), Failed> {
    let cluster = prepared(servers, 15)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("workloads");
    let outcome = program(&["sample", &cluster.conninfo("postgres"), "--database", "shop", "--database", "tiny"])
        .args(["--from-prometheus", "http://127.0.0.1:1", "--duration", "1d", "-o"])
        .arg(&output)
        .output()?;
    let told = text(&outcome);
    assert_eq!(outcome.status.code(), Some(2), "{told}");
    assert!(told.contains("2 of 2 databases could not be sampled"), "{told}");
    assert!(told.contains("database \"tiny\": left out: could not reach Prometheus"), "{told}");
    assert!(!output.join("shop.json").exists());
    Ok(())
}
