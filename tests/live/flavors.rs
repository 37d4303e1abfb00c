//! Servers that are not plain PostgreSQL: extensions that hide rows from publications, and a provider's names in hints.
//!
//! The extensions are control files of our own in a folder of `extension_control_path` (18): the catalog is as it would be with
//! the real ones, and that is all that is looked at.

use std::{fs, path::Path, process::Command};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{Cluster, ClusterSettings, Servers};

use crate::{
    bench::case,
    sample::{error_text, outcome_of},
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("flavors::citus_and_timescale_stop_sample_and_check", 1, hidden_rows),
        case("flavors::aurora_is_known_and_hints_use_its_names", 1, aurora),
        case("flavors::patroni_is_known_and_spares_no_slot_by_itself", 1, patroni),
    ]
}

/// A server that finds extensions in the folder `share` below its own.
fn with_extensions(servers: &Servers, names: &[&str]) -> Result<Cluster, Failed> {
    let mut cluster = servers.start(18, &ClusterSettings::new())?;
    let folder = cluster.folder().join("share");
    fs::create_dir_all(folder.join("extension"))?;
    for name in names {
        let file = |ending: &str, text: &str| fs::write(folder.join("extension").join(format!("{name}{ending}")), text);
        file(".control", "default_version = '9.9'\ncomment = 'stands for the real one'\n")?;
        file("--9.9.sql", &format!("CREATE FUNCTION {name}_version() RETURNS int LANGUAGE sql AS 'SELECT 9';\n"))?;
    }
    for path in [folder.clone(), folder.join("extension")] {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    cluster.configure("extension_control_path", &format!("{}:$system", folder.display()))?;
    cluster.restart()?;
    Ok(cluster)
}

fn hidden_rows(servers: &Servers) -> Result<(), Failed> {
    let cluster = with_extensions(servers, &["citus", "timescaledb"])?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    for name in ["plain", "citus", "timescaledb"] {
        cluster.query("postgres", &format!("CREATE DATABASE {name}"))?;
        cluster.query(name, "CREATE TABLE t (id int PRIMARY KEY, v text)")?;
    }
    let sample = |database: &str, more: &[&str], output: &str| {
        let conninfo = cluster.conninfo(database);
        outcome_of(&[&[conninfo.as_str(), "--once", "--interval", "1s", "-o", output], more].concat())
    };
    let good = sample("plain", &[], &path("plain.json"))?;
    assert_eq!(good.status.code(), Some(0), "{}", error_text(&good));
    plan(Path::new(&path("plain.json")), Path::new(&path("plan.json")))?;
    for (name, why) in [("citus", "in shards on other servers"), ("timescaledb", "in chunks that come and go")] {
        cluster.query(name, &format!("CREATE EXTENSION {name}"))?;
        let stopped = sample(name, &[], &path("w.json"))?;
        let told = error_text(&stopped);
        assert_eq!(stopped.status.code(), Some(4), "{told}");
        assert!(told.contains(&format!("has the extension \"{name}\"")) && told.contains(why), "{told}");
        assert!(!Path::new(&path("w.json")).exists() && !Path::new(&path("w.json.samples.jsonl")).exists());
        let checked = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
            .args(["check", &path("plan.json"), "--format", "json", "--publisher", &cluster.conninfo(name)])
            .output()?;
        assert_eq!(checked.status.code(), Some(4), "{}", error_text(&checked));
        let findings = String::from_utf8(checked.stdout)?;
        assert!(findings.contains("PF125") && findings.contains(why), "{findings}");
    }
    // Beside others, only they are left out.
    let all = sample("postgres", &["--all-databases"], &path("all"))?;
    let told = error_text(&all);
    assert_eq!(all.status.code(), Some(0), "{told}");
    assert!(told.contains("database \"citus\": left out") && folder.path().join("all/plain.json").exists(), "{told}");
    Ok(())
}

fn plan(workload: &Path, output: &Path) -> Result<(), Failed> {
    let planned =
        Command::new(env!("CARGO_BIN_EXE_pgslotplan")).arg("plan").arg(workload).arg("-o").arg(output).output()?;
    assert_eq!(planned.status.code(), Some(0), "{}", error_text(&planned));
    Ok(())
}

/// Patroni is told by its sessions.
fn patroni(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new().with("wal_level", "replica"))?;
    cluster.query("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
    let mut session = Command::new("psql")
        .args(["-X", "-d", &cluster.conninfo("postgres"), "-c", "SELECT pg_sleep(120)"])
        .env("PGAPPNAME", "Patroni heartbeat")
        .stdout(std::process::Stdio::null())
        .spawn()?;
    let seen = || -> Result<(), Failed> {
        let connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'Patroni heartbeat'";
        for _ in 0..200 {
            if cluster.value("postgres", connected)? == "1" {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let outcome =
            outcome_of(&[&cluster.conninfo("postgres"), "--once", "--interval", "1s", "-o", &path("w.json")])?;
        let told = error_text(&outcome);
        assert!(
            told.contains("patronictl edit-config CLUSTER --pg wal_level=logical; then patronictl restart CLUSTER."),
            "{told}"
        );
        plan(Path::new(&path("w.json")), Path::new(&path("plan.json")))?;
        let checked = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
            .args(["check", &path("plan.json"), "--format", "json", "--publisher", &cluster.conninfo("postgres")])
            .output()?;
        let findings = String::from_utf8(checked.stdout)?;
        assert!(findings.contains("PF133") && findings.contains("--set 'slots."), "{findings}");
        Ok(())
    };
    let seen = seen();
    session.kill()?;
    session.wait()?;
    seen
}

/// Aurora is told by a function that only it has.
fn aurora(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new().with("wal_level", "replica"))?;
    cluster.query(
        "postgres",
        "CREATE FUNCTION aurora_version() RETURNS int LANGUAGE sql AS 'SELECT 16'; CREATE TABLE t (id int PRIMARY KEY)",
    )?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json").display().to_string();
    let outcome = outcome_of(&[&cluster.conninfo("postgres"), "--once", "--interval", "1s", "-o", &output])?;
    let told = error_text(&outcome);
    assert_eq!(outcome.status.code(), Some(0), "{told}");
    let hint = "Set parameter rds.logical_replication to 1 in the DB cluster parameter group and reboot the writer.";
    assert!(told.contains(hint), "{told}");
    assert!(fs::read_to_string(&output)?.contains("\"flavor\":\"aurora\""));
    Ok(())
}
