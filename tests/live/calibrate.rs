//! `calibrate` against real servers: what it writes, that it leaves nothing, and what it refuses.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    cost::{Calibration, CoefficientSets},
    format,
    throwaway::{Cluster, ClusterSettings, Servers},
};

use crate::bench::case;

const LIMIT: Duration = Duration::from_secs(60);
/// Everything that a calibration makes bears this name.
pub(crate) const LEFT: &str = "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname ~ '^pgslotplan_')
     + (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_publication)
     + (SELECT count(*) FROM pg_subscription) + (SELECT count(*) FROM pg_replication_origin)";

pub fn trials() -> Vec<Trial> {
    let majors = [12, 15, 18].map(|major| {
        case(format!("calibrate::measures_and_leaves_nothing_on_{major}"), 1, move |servers| measures(servers, major))
    });
    let others = [
        case("calibrate::a_plain_role_over_tcp_with_a_password_suffices", 1, plain_role),
        case("calibrate::an_interrupt_cleans_up_and_a_kill_is_cleaned_by_the_next_run", 1, interrupted_and_killed),
        case("calibrate::what_it_cannot_use_is_said", 1, refusals),
    ];
    majors.into_iter().chain(others).collect()
}

pub(crate) fn program(conninfo: &str, output: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
        command.env_remove(name);
    }
    command.args(["calibrate", "--subscriber", conninfo, "--rounds", "2", "-o"]).arg(output).args(more);
    command.stdin(Stdio::null());
    command
}

fn error_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn calibration_in(path: &Path) -> Result<Calibration, Failed> {
    let calibration: Calibration = format::read(&fs::read(path)?)?;
    calibration.check()?;
    Ok(calibration)
}

fn measures(servers: &Servers, major: u32) -> Result<(), Failed> {
    let cluster = servers.start(major, &ClusterSettings::new())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("calibration.json");
    let outcome = program(&cluster.conninfo("postgres"), &path, &[]).output()?;
    assert!(outcome.status.success(), "{}", error_text(&outcome));
    assert_eq!(cluster.value("postgres", LEFT)?, "0");
    let calibration = calibration_in(&path)?;
    let measured = calibration.measured.as_ref().ok_or("what was measured is in the file")?;
    assert_eq!((measured.server.version_num.major(), measured.rounds), (major, 2));
    // A machine may be ten times faster or slower than the one of the built-in values, never a thousand times.
    let (mine, usual) = (&calibration.coefficients.nominal, CoefficientSets::default().nominal);
    for (name, mine, usual) in [
        ("row", mine.row_us + mine.update_us, usual.row_us + usual.update_us),
        ("index entry", mine.index_entry_us, usual.index_entry_us),
        ("transaction", mine.transaction_us, usual.transaction_us),
        ("scanned row", mine.scanned_row_us, usual.scanned_row_us),
    ] {
        assert!((usual / 100.0..usual * 100.0).contains(&mine), "{name}: {mine}, built in {usual}");
    }
    // More indexes cost more, whatever the machine.
    let step = |name: &str| measured.steps.iter().find(|step| step.name == name).map(|step| step.fastest_us_per_row);
    assert!(step("insert, 7 indexes") > step("insert, narrow"), "{:?}", measured.steps);
    let stdout = String::from_utf8_lossy(&outcome.stdout);
    assert!(stdout.contains("nominal: ") && stdout.contains("update, 3 indexes"), "{stdout}");
    Ok(())
}

fn plain_role(servers: &Servers) -> Result<(), Failed> {
    let hba = "host all all 127.0.0.1/32 scram-sha-256\n";
    let cluster = servers.start(17, &ClusterSettings::new().with_tcp().with_hba(hba))?;
    cluster.query("postgres", "CREATE ROLE ann LOGIN REPLICATION PASSWORD 's3cret ''one'")?;
    cluster.query("postgres", "CREATE DATABASE shop")?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("calibration.json");
    let conninfo = format!("{} user=ann", cluster.tcp_conninfo("shop").ok_or("the server listens")?);
    let command = ["--password-command", r#"printf "s3cret 'one\n""#];
    let refused = program(&conninfo, &path, &command).output()?;
    let text = error_text(&refused);
    assert_eq!(refused.status.code(), Some(3), "{text}");
    assert!(text.contains("permission denied for database shop") && text.contains("pg_create_subscription"), "{text}");
    cluster.query("postgres", "GRANT CREATE ON DATABASE shop TO ann; GRANT pg_create_subscription TO ann")?;
    let outcome = program(&conninfo, &path, &command).output()?;
    assert!(outcome.status.success(), "{}", error_text(&outcome));
    assert!(!fs::read_to_string(&path)?.contains("s3cret") && !error_text(&outcome).contains("s3cret"));
    assert_eq!(cluster.value("shop", LEFT)?, "0");
    Ok(())
}

fn wait_for(what: &str, mut condition: impl FnMut() -> Result<bool, Failed>) -> Result<(), Failed> {
    let begun = Instant::now();
    while !condition()? {
        assert!(begun.elapsed() < LIMIT, "waited too long for {what}");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Starts a run and waits until its subscription waits for a worker.
pub(crate) fn start_held_up(cluster: &Cluster, output: &Path) -> Result<std::process::Child, Failed> {
    let before = cluster.value("postgres", "SELECT coalesce(max(oid::int8), 0) FROM pg_subscription")?;
    let child = program(&cluster.conninfo("postgres"), output, &[]).stderr(Stdio::piped()).spawn()?;
    let made = format!("SELECT count(*) FROM pg_subscription WHERE subenabled AND oid > {before}");
    wait_for("the subscription", || Ok(cluster.value("postgres", &made)? == "1"))?;
    Ok(child)
}

fn interrupted_and_killed(servers: &Servers) -> Result<(), Failed> {
    // No worker may start, so a run waits for its subscription until something ends it.
    let cluster = servers.start(16, &ClusterSettings::new().with("max_logical_replication_workers", "0"))?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("calibration.json");
    let child = start_held_up(&cluster, &path)?;
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    let outcome = child.wait_with_output()?;
    assert_eq!(outcome.status.code(), Some(1), "{}", error_text(&outcome));
    assert!(error_text(&outcome).contains("interrupted; everything that was made is removed"));
    assert_eq!(cluster.value("postgres", LEFT)?, "0");
    let mut child = start_held_up(&cluster, &path)?;
    let second = program(&cluster.conninfo("postgres"), &path, &[]).output()?;
    assert!(error_text(&second).contains("another calibration runs in this database"), "{}", error_text(&second));
    child.kill()?;
    child.wait()?;
    wait_for("the killed run's session to end", || {
        Ok(cluster.value("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgslotplan'")?
            == "0")
    })?;
    assert_ne!(cluster.value("postgres", LEFT)?, "0");
    let child = start_held_up(&cluster, &path)?;
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    let outcome = child.wait_with_output()?;
    assert!(
        error_text(&outcome).contains("removed what an earlier calibration left behind"),
        "{}",
        error_text(&outcome)
    );
    assert_eq!(cluster.value("postgres", LEFT)?, "0");
    assert!(!path.exists());
    Ok(())
}

fn refusals(servers: &Servers) -> Result<(), Failed> {
    let cluster =
        servers.start(14, &ClusterSettings::new().with("wal_level", "replica").with("max_wal_senders", "0"))?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("calibration.json");
    let refused = |cluster: &Cluster, more: &[&str]| -> Result<(Option<i32>, String), Failed> {
        let outcome = program(&cluster.conninfo("postgres"), &path, more).output()?;
        assert!(!path.exists());
        assert_eq!(cluster.value("postgres", "SELECT count(*) FROM pg_subscription")?, "0");
        Ok((outcome.status.code(), error_text(&outcome)))
    };
    let (code, text) = refused(&cluster, &[])?;
    assert_eq!(code, Some(3), "{text}");
    assert!(
        text.contains("wal_level of the subscriber is replica")
            && text.contains("ALTER SYSTEM SET wal_level = 'logical'"),
        "{text}"
    );
    drop(cluster);
    let cluster = servers.start(14, &ClusterSettings::new())?;
    let (code, text) = refused(&cluster, &["--loopback", "host=/nonexistent user=postgres"])?;
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("the subscriber cannot connect to itself") && text.contains("--loopback CONNINFO"), "{text}");
    assert_eq!(cluster.value("postgres", LEFT)?, "0");
    cluster.query("postgres", "CREATE SCHEMA pgslotplan_calibration")?;
    let (code, text) = refused(&cluster, &[])?;
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("schema \"pgslotplan_calibration\" exists, and was not made by this program"), "{text}");
    assert_eq!(cluster.value("postgres", "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^pgslotplan_'")?, "1");
    Ok(())
}
