//! A server that says it is 19, as long as there are no packages of 19: one of 18 whose program was changed in the number that
//! it tells, and in whose catalog stand the names that 19 gives. What reads a 19 and what is emitted for one is tried on it;
//! what only a 19 can do, such as decoding with `wal_level = replica`, it cannot.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    plan::Plan,
    server::ServerVersion,
    throwaway::{Cluster, ClusterSettings, Servers},
};
use serde_json::Value;

use crate::{
    bench::case,
    databases::program,
    pair::{Pair, clusters, table},
    sample::{error_text, outcome_of},
    story,
};

const DATABASE: &str = "shop";
/// What it is made of, and what it says that it is.
const REAL: u32 = 18;
const SAID: u32 = 190_000;

pub fn trials() -> Vec<Trial> {
    vec![
        case("mimic::a_19_is_read_planned_for_and_carried_over", 2, |servers| carried_over(servers, SAID)),
        case("mimic::a_20_is_refused_by_name", 1, too_new),
        case("mimic::an_output_plugin_that_is_not_listed_is_named", 2, plugins),
    ]
}

/// Makes a stopped or running server of 18 say that it is another one.
fn pretend(servers: &Servers, cluster: &mut Cluster, number: u32) -> Result<(), Failed> {
    let real: u32 = cluster.value("postgres", "SHOW server_version_num")?.parse()?;
    cluster.stop();
    let package = servers.packages().server(REAL)?.folder;
    let programs = cluster.folder().join("programs");
    fs::create_dir_all(programs.join("bin"))?;
    for folder in ["lib", "share"] {
        symlink(package.join(folder), programs.join(folder))?;
    }
    // the table of settings holds the value of server_version_num, its least and its largest one
    let three = |number: u32| number.to_le_bytes().repeat(3);
    let mut program = fs::read(package.join("bin/postgres"))?;
    let places: Vec<usize> =
        program.windows(12).enumerate().filter(|(_, bytes)| **bytes == three(real)[..]).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 1, "the number is in one place of the program");
    program[places[0]..places[0] + 12].copy_from_slice(&three(number));
    let path = programs.join("bin/postgres");
    fs::write(&path, program)?;
    for path in [programs.clone(), programs.join("bin"), path] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    cluster.use_programs_of(&programs);
    cluster.start_again()?;
    assert_eq!(cluster.value("postgres", "SHOW server_version_num")?, number.to_string());
    Ok(())
}

/// The names of 19 in a database of a server that says it is one.
fn rename(cluster: &Cluster, database: &str) -> Result<(), Failed> {
    let sql = "SET allow_system_table_mods = on;
        ALTER VIEW pg_catalog.pg_stat_subscription_stats RENAME COLUMN sync_error_count TO sync_table_error_count;";
    cluster.query(database, sql)?;
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// From a default 19, whose wal_level is replica, to a plan, its check, its files, and a monitor of all slots.
fn carried_over(servers: &Servers, number: u32) -> Result<(), Failed> {
    let schema = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY, v text);";
    let (mut from, mut to) = clusters(servers, (REAL, REAL), DATABASE, &[schema])?;
    from.configure("wal_level", "replica")?;
    for cluster in [&mut from, &mut to] {
        pretend(servers, cluster, number)?;
        rename(cluster, DATABASE)?;
    }
    from.query(DATABASE, "INSERT INTO t SELECT n, 'v' FROM generate_series(1, 500) AS n")?;
    let major = ServerVersion(number).major();

    // sample and plan
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (workload, planned, scripts) = (path("w.json"), path("plan.json"), path("scripts"));
    let sampled = outcome_of(&[&from.conninfo(DATABASE), "--once", "--interval", "1s", "-o", &workload])?;
    let told = error_text(&sampled);
    assert_eq!(sampled.status.code(), Some(0), "{told}");
    assert!(!told.contains("wal_level"), "{told}");
    let output = program(&["plan", &workload, "-o", &planned, "--publications", "2"]).output()?;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = format!("version {major} is planned for from documentation, not tried");
    assert_eq!(fs::read_to_string(&planned)?.matches(&said).count(), 2);
    let output = program(&["emit", &planned, "-o", &scripts]).output()?;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    // check and the emitted files judge wal_level alike
    let codes = |from: &Cluster, to: &Cluster| -> Result<Vec<(String, String)>, Failed> {
        let (from, to) = (from.conninfo(DATABASE), to.conninfo(DATABASE));
        let output =
            program(&["check", &planned, "--format", "json", "--publisher", &from, "--subscriber", &to]).output()?;
        let report: Value = serde_json::from_slice(&output.stdout).map_err(|_| text(&output.stderr))?;
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let word = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        Ok(findings.iter().map(|finding| (word(finding, "code"), word(finding, "message"))).collect())
    };
    let found = codes(&from, &to)?;
    let of = |code: &str| found.iter().filter(|(name, _)| name == code).count();
    assert_eq!((of("PF131"), of("PF101"), of("PF306"), of("PF901")), (2, 0, 0, 0), "{found:?}");
    let mut plan: Plan = pgslotplan::format::read(&fs::read(&planned)?)?;
    plan.plan_sha256 = plan.digest();
    let pair = Pair::of(from, to, DATABASE, plan)?;
    pair.run_all(&["10"])?;
    let mut pair = pair;
    pair.publisher.configure("wal_level", "minimal")?;
    pair.publisher.configure("max_wal_senders", "0")?;
    pair.publisher.restart()?;
    let (code, _, refused) = pair.run("10")?;
    assert!(code == 3 && refused.contains("wal_level is minimal, but must be logical or replica"), "{code} {refused}");

    // from here on it must decode, which this server only does with logical
    pair.publisher.configure("wal_level", "logical")?;
    pair.publisher.configure("max_wal_senders", "20")?;
    pair.publisher.restart()?;
    pair.bring_up()?;
    assert_eq!(pair.subscriber.value(DATABASE, "SELECT count(*) FROM t")?, "500");

    // the names of its statistics are read
    let (from, to) = (pair.publisher.conninfo(DATABASE), pair.subscriber.conninfo(DATABASE));
    let looked = program(&[
        "monitor",
        &planned,
        "--once",
        "--interval",
        "10s",
        "--format",
        "json",
        "--publisher",
        &from,
        "--subscriber",
        &to,
    ])
    .output()?;
    let status: Value = serde_json::from_slice(&looked.stdout).map_err(|_| text(&looked.stderr))?;
    assert_eq!(looked.status.code(), Some(0), "{status}");
    for slot in status["slots"].as_array().cloned().unwrap_or_default() {
        assert_eq!((slot["state"].as_str(), slot["errors"].as_u64()), (Some("streaming"), Some(0)), "{slot}");
    }
    Ok(())
}

/// A minor release since August 2026, whose programs come with those of the clients.
fn plugins(servers: &Servers) -> Result<(), Failed> {
    let (mut from, to) = clusters(
        servers,
        (REAL, REAL),
        DATABASE,
        &["CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)"],
    )?;
    to.query(DATABASE, "TRUNCATE t")?;
    let programs = servers.tools().packaged(REAL)?;
    from.stop();
    from.use_programs_of(programs.parent().ok_or("the programs are in a folder")?);
    from.configure("output_plugin_libraries", "test_decoding")?;
    from.start_again()?;
    let refused = from.psql(DATABASE, "SELECT pg_create_logical_replication_slot('s', 'pgoutput')")?;
    assert!(refused.stderr.contains("may not be used as an output plugin"), "{}", refused.stderr);
    let identifier = from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
    let slots = vec![story::slot("pgsp_1", "pgsp_1", "pgsp_1", vec![table("t", &["id"])])];
    let mut plan = story::planned(REAL, REAL, identifier, slots, Vec::new());
    plan.database = DATABASE.into();
    let pair = Pair::of(from, to, DATABASE, plan)?;
    let (code, _, said) = pair.run("10")?;
    assert!(
        code == 3 && said.contains("output_plugin_libraries is test_decoding, but must name pgoutput"),
        "{code} {said}"
    );
    let path = pair.folder().join("plan.json").display().to_string();
    fs::write(&path, pgslotplan::format::write(&pair.plan))?;
    let conninfo = pair.publisher.conninfo(DATABASE);
    let check = || -> Result<String, Failed> {
        Ok(text(&program(&["check", &path, "--format", "json", "--publisher", &conninfo]).output()?.stdout))
    };
    // a quoted list would be one name
    let statement = "ALTER SYSTEM SET output_plugin_libraries = test_decoding, pgoutput";
    let before = check()?;
    assert!(before.contains("PF126") && before.contains(statement), "{before}");
    pair.publisher.query("postgres", statement)?;
    pair.publisher.query("postgres", "SELECT pg_reload_conf()")?;
    for _ in 0..100 {
        if pair.publisher.value("postgres", "SHOW output_plugin_libraries")?.contains("pgoutput") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(!check()?.contains("PF126"));
    pair.bring_up()?;
    assert_eq!(pair.subscriber.value(DATABASE, "SELECT count(*) FROM t")?, "1");
    Ok(())
}

/// A version that came after this release is refused by name: by the server, by options, in a file.
fn too_new(servers: &Servers) -> Result<(), Failed> {
    let mut cluster = servers.start(REAL, &ClusterSettings::new())?;
    pretend(servers, &mut cluster, 200_000)?;
    let output = program(&["sample", &cluster.conninfo("postgres"), "--once", "-o", "-"]).output()?;
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("it runs PostgreSQL 20, and 19 is the newest supported") && told.contains("hint: "),
        "{told}"
    );
    let mut plan =
        story::plan(REAL, 20, cluster.value("postgres", "SELECT system_identifier FROM pg_control_system()")?);
    plan.slots.truncate(1);
    plan.slots[0].tables = vec![table("t", &["id"])];
    plan.plan_sha256 = plan.digest();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("plan.json");
    fs::write(&path, pgslotplan::format::write(&plan))?;
    for command in ["emit", "check", "monitor"] {
        let (plan, more) = (path.display().to_string(), folder.path().join("more").display().to_string());
        let options: &[&str] = if command == "emit" { &["-o", &more] } else { &[] };
        let output = program(&[&[command, plan.as_str()], options].concat()).output()?;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command}: {told}");
        assert!(told.contains("for a subscriber of version 20, and 19 is the newest supported"), "{command}: {told}");
    }
    Ok(())
}
