//! The throwaway servers themselves: every other live test relies on these.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{ClusterSettings, Servers, ThrowawayError, TlsFiles, available_majors};

use crate::{bench::case, child};

pub fn trials() -> Vec<Trial> {
    let boots = available_majors().into_iter().map(|major| {
        case(format!("boot::server_{major}_decodes_and_leaves_nothing"), 1, move |servers| boots(servers, major))
    });
    let others = [
        case("boot::failed_start_reports_the_log", 1, failed_start_reports_the_log),
        case("boot::drop_after_a_panic_cleans_up", 1, drop_after_a_panic_cleans_up),
        case("boot::killed_parent_leaves_no_server", 2, killed_parent_leaves_no_server),
        case("boot::crash_and_restart_keep_the_data", 1, crash_and_restart_keep_the_data),
        case("boot::psql_runs_scripts_with_variables", 1, psql_runs_scripts_with_variables),
        case("boot::tcp_with_a_password", 1, tcp_with_a_password),
        case("boot::tls_on_tcp", 1, tls_on_tcp),
        case("boot::two_servers_replicate", 3, two_servers_replicate),
    ];
    boots.chain(others).collect()
}

fn boots(servers: &Servers, major: u32) -> Result<(), Failed> {
    let mut cluster = servers.start(major, &ClusterSettings::new())?;
    let folder = cluster.folder().to_owned();
    let version: u32 = cluster.value("postgres", "SHOW server_version_num")?.parse()?;
    assert_eq!(version / 10_000, major);
    assert_eq!(cluster.value("postgres", "SHOW wal_level")?, "logical");
    cluster.query("postgres", "SELECT pg_create_logical_replication_slot('probe', 'test_decoding')")?;
    cluster.query("postgres", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)")?;
    let changes = cluster.query("postgres", "SELECT data FROM pg_logical_slot_get_changes('probe', NULL, NULL)")?;
    assert!(changes.iter().flatten().flatten().any(|data| data.contains("id[integer]:7")), "{changes:?}");
    if cfg!(target_os = "linux") {
        assert!(!processes_in(&folder).is_empty(), "the check for processes sees the running server");
    }
    cluster.stop();
    assert!(!cluster.is_running());
    drop(cluster);
    assert_eq!(processes_in(&folder), Vec::<String>::new());
    assert!(!folder.exists());
    Ok(())
}

fn failed_start_reports_the_log(servers: &Servers) -> Result<(), Failed> {
    match servers.start(15, &ClusterSettings::new().with("shared_buffers", "many")) {
        Err(error @ ThrowawayError::Start { .. }) => {
            assert!(error.to_string().contains("invalid value for parameter \"shared_buffers\""), "{error}");
        }
        other => return Err(format!("expected a failed start, got {other:?}").into()),
    }
    match servers.start(15, &ClusterSettings::new().with_initdb_argument("--no-such-option")) {
        Err(error @ ThrowawayError::Start { .. }) => assert!(error.to_string().contains("no-such-option"), "{error}"),
        other => return Err(format!("expected a failed initdb, got {other:?}").into()),
    }
    Ok(())
}

fn drop_after_a_panic_cleans_up(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new())?;
    let folder = cluster.folder().to_owned();
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let _held = cluster;
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(caught.is_err());
    assert!(!folder.exists());
    assert_eq!(processes_in(&folder), Vec::<String>::new());
    Ok(())
}

/// The kernel stops the server of a killed process, and the next start sweeps its folder.
fn killed_parent_leaves_no_server(servers: &Servers) -> Result<(), Failed> {
    if !cfg!(target_os = "linux") {
        return Ok(()); // no parent-death signal elsewhere: the folder is swept, the server stays (process.rs says so)
    }
    let (mut parent, folder) = child::start()?;
    let folder = PathBuf::from(folder);
    assert!(folder.join("data/postmaster.pid").exists());
    parent.kill()?;
    parent.wait()?;
    let start = Instant::now();
    while !processes_in(&folder).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "still running: {:?}", processes_in(&folder));
        thread::sleep(Duration::from_millis(20));
    }
    assert!(folder.exists());
    drop(servers.start(18, &ClusterSettings::new())?);
    assert!(!folder.exists());
    Ok(())
}

fn crash_and_restart_keep_the_data(servers: &Servers) -> Result<(), Failed> {
    let mut cluster = servers.start(17, &ClusterSettings::new())?;
    cluster.query("postgres", "CREATE TABLE kept AS SELECT 1 AS n")?;
    cluster.crash();
    assert!(matches!(cluster.value("postgres", "SELECT 1"), Err(ThrowawayError::Query { .. })));
    cluster.start_again()?;
    assert!(cluster.server_log().contains("was not properly shut down"));
    assert_eq!(cluster.value("postgres", "SELECT n FROM kept")?, "1");
    cluster.configure("work_mem", "12MB")?;
    cluster.restart()?;
    assert_eq!(cluster.value("postgres", "SHOW work_mem")?, "12MB");
    Ok(())
}

fn psql_runs_scripts_with_variables(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(13, &ClusterSettings::new())?;
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("main.sql");
    fs::write(&script, "CREATE DATABASE :\"name\";\n\\ir inner.sql\nSELECT 1/0;\nSELECT 'not reached';\n")?;
    fs::write(folder.path().join("inner.sql"), "SELECT 'inner ' || :'name' AS seen;\n")?;
    let name = "o'd;d \"n\u{e9}\"";
    let outcome = cluster.run_script("postgres", &script, &[("name", name)])?;
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("division by zero"), "{}", outcome.stderr);
    assert!(outcome.stdout.contains(&format!("inner {name}")) && !outcome.stdout.contains("not reached"));
    assert_eq!(cluster.psql(name, "SELECT current_database()")?.success()?.trim_end(), name);
    assert_eq!(cluster.value(name, "SELECT current_database()")?, name);
    assert!(matches!(cluster.psql(name, "SELECT 1/0")?.success(), Err(ThrowawayError::Psql { code: 3, .. })));
    Ok(())
}

fn tcp_with_a_password(servers: &Servers) -> Result<(), Failed> {
    let hba = "host all all 127.0.0.1/32 md5\n";
    let cluster = servers.start(14, &ClusterSettings::new().with_tcp().with_hba(hba))?;
    cluster.query("postgres", "CREATE ROLE reader LOGIN PASSWORD 'open sesame'")?;
    let conninfo = cluster.tcp_conninfo("postgres").ok_or("the server listens")?;
    let good = connect(&format!("{conninfo} user=reader password='open sesame'"));
    let bad = connect(&format!("{conninfo} user=reader password=wrong"));
    assert!(good.is_ok(), "{good:?}");
    assert!(bad.is_err_and(|error| error.contains("password authentication failed")));
    Ok(())
}

fn tls_on_tcp(servers: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let files = TlsFiles {
        certificate: folder.path().join("server.crt"),
        key: folder.path().join("server.key"),
        client_authority: None,
    };
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let cluster = servers.start(15, &ClusterSettings::new().with_tcp().with_tls(files))?;
    assert_eq!(cluster.value("postgres", "SHOW ssl")?, "on");
    Ok(())
}

/// 13 to 15, over the sockets: the same account runs both servers, so one may enter the other's folder.
fn two_servers_replicate(servers: &Servers) -> Result<(), Failed> {
    let publisher = servers.start(available_majors()[1], &ClusterSettings::new())?;
    let subscriber = servers.start(15, &ClusterSettings::new())?;
    publisher.query("postgres", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)")?;
    publisher.query("postgres", "CREATE PUBLICATION p FOR TABLE t")?;
    subscriber.query("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
    let third = servers.start(15, &ClusterSettings::new())?; // 15 again: a copy of the template by now
    let identifier = "SELECT system_identifier FROM pg_control_system()";
    assert_ne!(subscriber.value("postgres", identifier)?, third.value("postgres", identifier)?);
    drop(third);
    let source = publisher.conninfo("postgres").replace('\'', "''");
    subscriber.query("postgres", &format!("CREATE SUBSCRIPTION s CONNECTION '{source}' PUBLICATION p"))?;
    publisher.query("postgres", "INSERT INTO t VALUES (101)")?;
    subscriber.wait_until("postgres", "SELECT count(*) = 101 FROM t", Duration::from_secs(60))?;
    Ok(())
}

fn connect(conninfo: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let said = |error: tokio_postgres::Error| match error.as_db_error() {
        Some(refusal) => refusal.message().to_owned(),
        None => error.to_string(),
    };
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(conninfo, tokio_postgres::NoTls).await.map_err(said)?;
        tokio::spawn(connection);
        client.simple_query("SELECT 1").await.map(|_| ()).map_err(said)
    })
}

/// Processes that work in a folder or worked in it before it went: "pid folder", from `/proc`.
fn processes_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let working = entries.filter_map(|entry| Some((entry.file_name(), fs::read_link(entry.path().join("cwd")).ok()?)));
    let ours = working.filter(|(_, cwd)| cwd.starts_with(folder));
    ours.map(|(pid, cwd)| format!("{} {}", pid.to_string_lossy(), cwd.display())).collect()
}
