//! `baseline` on real servers: a workload whose plans break on purpose, each break found and nothing else; what goes into the file.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    baseline::Baseline,
    format,
    throwaway::{Cluster, ClusterSettings, Servers},
};
use serde_json::Value;

use crate::{
    bench::{Done, case},
    pair::bare,
};

pub fn trials() -> Vec<Trial> {
    let breaks = |from: u32, to: u32| {
        case(format!("baseline::broken_plans_are_found_and_nothing_else_{from}_to_{to}"), 2, move |servers| {
            broken_plans(servers, from, to)
        })
    };
    let windows = [12, 16, 18].map(|major| {
        case(format!("baseline::a_window_without_secrets_on_{major}"), 1, move |servers| window(servers, major))
    });
    [breaks(13, 15), breaks(15, 18)].into_iter().chain(windows).collect()
}

/// Three statements whose plans can be broken one by one, and two that nothing touches.
const SCHEMA: &str = "
    CREATE EXTENSION pg_stat_statements;
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, visits int NOT NULL DEFAULT 0) WITH (fillfactor = 50);
    CREATE TABLE orders (id int PRIMARY KEY, ref int NOT NULL, customer int NOT NULL, total numeric NOT NULL);
    CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL, sku text NOT NULL);
    CREATE TABLE kinds (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE events (id int PRIMARY KEY, kind int NOT NULL, note text NOT NULL);
    INSERT INTO customers SELECT n, 'c' || n FROM generate_series(1, 20000) AS n;
    INSERT INTO orders SELECT n, n, 1 + n % 20000, n FROM generate_series(1, 100000) AS n;
    INSERT INTO items SELECT n, n, 's' || n FROM generate_series(1, 100000) AS n;
    INSERT INTO kinds SELECT n, 'k' || n FROM generate_series(1, 20000) AS n;
    INSERT INTO events SELECT n, 1 + n % 20000, 'note ' || n FROM generate_series(1, 100000) AS n;
    CREATE INDEX customers_name ON customers (name);
    CREATE INDEX orders_ref ON orders (ref);
    CREATE INDEX orders_customer ON orders (customer);
    CREATE INDEX items_order ON items (order_id);
    CREATE INDEX kinds_name ON kinds (name);
    CREATE INDEX events_kind ON events (kind);
    CREATE ROLE watcher LOGIN IN ROLE pg_monitor;
    CREATE ROLE app LOGIN;
    GRANT SELECT, INSERT, UPDATE, DELETE ON customers, orders, items, kinds, events TO app, watcher;
    VACUUM ANALYZE;";

/// Statements by the table that names them, for the number `n`.
fn statements(n: u32) -> String {
    let n = 1 + n * 7919 % 20_000;
    format!(
        "SELECT count(*) FROM orders WHERE ref = {n};
         SELECT max(e.note) FROM kinds k JOIN events e ON e.kind = k.id WHERE k.name = 'k{n}';
         SELECT count(*) FROM orders o JOIN items i ON i.order_id = o.id JOIN customers c ON c.id = o.customer WHERE c.name = 'c{n}';
         SELECT total FROM orders WHERE id = {n};
         UPDATE customers SET visits = visits + 1 WHERE id = {n};"
    )
}

/// The application at work until it is told to stop.
fn work(cluster: &Cluster, done: &AtomicBool) {
    let mut round = 0;
    while !done.load(Ordering::Relaxed) {
        let sql: String = (0..5).map(|n| statements(round * 5 + n)).collect();
        drop(cluster.psql("shop", &format!("SET ROLE app; {sql}")));
        round += 1;
    }
}

fn started(servers: &Servers, major: u32) -> Result<Cluster, Failed> {
    let settings = ClusterSettings::new()
        .with("shared_preload_libraries", "pg_stat_statements")
        .with("shared_buffers", "256MB")
        .with("track_io_timing", "on")
        .with("autovacuum", "off");
    let cluster = servers.start(major, &settings)?;
    cluster.query("postgres", "CREATE DATABASE shop")?;
    cluster.psql("shop", SCHEMA)?.success()?;
    Ok(cluster)
}

fn program(arguments: &[&str]) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_pgslotplan"));
    command.stdin(Stdio::null()).arg("baseline").args(arguments);
    command
}

fn run(arguments: &[&str]) -> Result<Output, Failed> {
    Ok(program(arguments).output()?)
}

fn as_role(cluster: &Cluster, role: &str) -> String {
    cluster.conninfo("shop").replace("user=postgres", &format!("user={role}"))
}

/// A window of eight intervals of the application at work.
fn taken(cluster: &Cluster, file: &Path) -> Result<PathBuf, Failed> {
    let done = AtomicBool::new(false);
    let output = thread::scope(|scope| {
        scope.spawn(|| work(cluster, &done));
        let _done = Done(&done);
        thread::sleep(Duration::from_secs(1)); // caches are warm, as they are after an hour
        program(&["take", &as_role(cluster, "watcher"), "--duration", "8s", "--interval", "1s", "-f", "-o"])
            .arg(file)
            .output()
    })?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(file.to_owned())
}

/// Code and subject of what is no note.
fn findings(output: &Output) -> Result<BTreeSet<String>, Failed> {
    let errors = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {errors}"))?;
    let findings = document["findings"].as_array().ok_or("there are findings")?;
    let mut found = BTreeSet::new();
    for finding in findings.iter().filter(|finding| finding["severity"] != "info") {
        let subject = match &finding["subject"]["table"] {
            Value::Null => finding["subject"]["other"].as_str().unwrap_or_default().to_owned(),
            table => table["name"].as_str().unwrap_or_default().to_owned(),
        };
        // statements by what only they name
        let named = ["ref =", "kinds k", "customers c", "WHERE id"].into_iter().find(|part| subject.contains(part));
        found.insert(format!("{} {}", finding["code"].as_str().unwrap_or_default(), named.unwrap_or(&subject)));
    }
    let is_bad = findings.iter().any(|finding| finding["severity"] == "error");
    assert_eq!(output.status.code(), Some(if is_bad { 4 } else { 0 }), "{errors}");
    Ok(found)
}

struct Break {
    name: &'static str,
    /// On the new server, and back.
    make: &'static str,
    mend: &'static str,
    compared: &'static [&'static str],
    explained: &'static [&'static str],
    cause: &'static str,
}

const BREAKS: [Break; 4] = [
    Break { name: "nothing", make: "SELECT 1", mend: "SELECT 1", compared: &[], explained: &[], cause: "" },
    Break {
        name: "missing index",
        make: "DROP INDEX orders_ref",
        mend: "CREATE INDEX orders_ref ON orders (ref)",
        compared: &["BL101 ref =", "BL103 orders"],
        explained: &["BL201 ref =", "BL206 orders"],
        cause: "index \"orders_ref\" of table public.orders is missing",
    },
    Break {
        name: "missing statistics",
        make: "DELETE FROM pg_statistic WHERE starelid IN ('events'::regclass, 'kinds'::regclass)",
        mend: "ANALYZE events; ANALYZE kinds",
        compared: &["BL101 kinds k", "BL102 events", "BL102 kinds"],
        explained: &["BL201 kinds k", "BL205 events", "BL205 kinds"],
        cause: "was never analyzed",
    },
    Break {
        name: "another setting",
        make: "ALTER DATABASE shop SET join_collapse_limit = 1",
        mend: "ALTER DATABASE shop RESET join_collapse_limit",
        compared: &["BL101 customers c"],
        explained: &["BL201 customers c"],
        cause: "join_collapse_limit is 1, and was 8",
    },
];

fn broken_plans(servers: &Servers, from: u32, to: u32) -> Result<(), Failed> {
    let (old, new) = (started(servers, from)?, started(servers, to)?);
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    let before = taken(&old, &file("before.json"))?;
    let again = taken(&old, &file("again.json"))?;
    let before = before.to_str().ok_or("a path")?.to_owned();
    let again = again.to_str().ok_or("a path")?.to_owned();
    let (on, beside) = (as_role(&new, "app"), as_role(&old, "app"));
    let plans = file("old-plans.json");
    let plans = plans.to_str().ok_or("a path")?;
    assert!(run(&["explain", &before, "--on", &beside, "-o", plans])?.status.success());
    for broken in &BREAKS {
        new.psql("shop", broken.make)?.success()?;
        new.psql("shop", "VACUUM customers")?.success()?;
        let after = taken(&new, &file("after.json"))?;
        let after = after.to_str().ok_or("a path")?;
        let compared = run(&["compare", &before, &again, after, "--format", "json"])?;
        let expected = |list: &[&str]| list.iter().map(|&line| line.to_owned()).collect::<BTreeSet<String>>();
        let told = |output: &Output| format!("{}: {}", broken.name, String::from_utf8_lossy(&output.stdout));
        let mut found = findings(&compared)?;
        // what else runs on the machine can slow all statements of a window: that is no fault of the break
        found.retain(|finding| !finding.starts_with("BL113"));
        assert_eq!(found, expected(broken.compared), "{}", told(&compared));
        assert!(told(&compared).contains(&broken.cause.replace('"', "\\\"")), "{}", told(&compared));
        let with_server = run(&["explain", &before, "--on", &on, "--beside", &beside, "--format", "json"])?;
        let with_file = run(&["explain", &before, "--on", &on, "--plans", plans, "--format", "json"])?;
        for explained in [with_server, with_file] {
            assert_eq!(findings(&explained)?, expected(broken.explained), "{}", told(&explained));
            assert!(told(&explained).contains(&broken.cause.replace('"', "\\\"")), "{}", told(&explained));
        }
        new.psql("shop", broken.mend)?.success()?;
    }
    for form in ["text", "markdown"] {
        let shown = run(&["compare", &before, &again, "--format", form])?;
        assert!(shown.status.success() && !shown.stdout.is_empty());
    }
    Ok(())
}

/// What is in the file: no literal, nothing of ours; what a role may not see is said; Ctrl-C writes what there is; who may do more than
/// the application is refused.
fn window(servers: &Servers, major: u32) -> Result<(), Failed> {
    let cluster = started(servers, major)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("b.json");
    let mut child = program(&["take", &as_role(&cluster, "watcher"), "--interval", "1s", "--duration", "5min", "-o"])
        .arg(&path)
        .stderr(Stdio::piped())
        .spawn()?;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        cluster.psql(
            "shop",
            "SET ROLE app; SELECT 'sesame one' FROM orders WHERE id = 4711; SELECT E'sesame\\'two', $$sesame three$$;
             UPDATE customers SET name = 'sesame four' WHERE id = 5 AND name IN ('sesame', 'x', 'y'); RESET ROLE;
             ALTER ROLE app PASSWORD 'sesame five'; SET my.key = sesame; COMMENT ON TABLE orders IS 'sesame six';
             CREATE TABLE IF NOT EXISTS \"odd\n\"\"name\" (id int PRIMARY KEY); SELECT /* sesame seven */ id FROM \"odd\n\"\"name\";
             DO $do$ BEGIN PERFORM 'sesame eight'; END $do$;",
        )?;
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    assert!(child.wait()?.success());
    let text = fs::read_to_string(&path)?;
    let baseline: Baseline = format::read(text.as_bytes())?;
    // our own statements are none of the application's
    for secret in ["sesame", "4711", "tells_level", "is_untouched"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(baseline.intervals_s.len() >= 3 && baseline.gaps.is_empty(), "{:?}", baseline.gaps);
    for name in [
        "commits_per_s",
        "wal_bytes_per_s",
        "checkpoint_blocks_per_s",
        "backend_blocks_per_s",
        "sessions",
        "frozen_xid_age",
    ] {
        assert!(baseline.figures.contains_key(name), "{name}");
    }
    assert_eq!(baseline.figures.contains_key("io_reads_per_s"), major >= 16);
    let orders = baseline.tables.iter().find(|table| table.name == "orders").ok_or("the table is there")?;
    assert_eq!((orders.has_statistics, orders.indexes.len()), (Some(true), 3));
    assert_eq!(orders.vacuum_ms.is_some(), major >= 18);
    let update = baseline
        .statements()
        .iter()
        .find(|s| s.text.starts_with("UPDATE customers"))
        .ok_or("the statement is there")?;
    assert!(update.calls >= 1.0 && update.blocks > 0.0);

    // a role without pg_monitor, in a database without the extension
    cluster.query("postgres", "CREATE ROLE stranger LOGIN")?;
    let stranger = cluster.conninfo("postgres").replace("user=postgres", "user=stranger");
    let other = folder.path().join("other.json");
    let outcome = program(&["take", &stranger, "--interval", "1s", "--duration", "2s", "-o"]).arg(&other).output()?;
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert!(outcome.status.success() && said.contains("pg_monitor") && said.contains("not installed"), "{said}");
    // a view of that name is nobody's statistics
    cluster.query("postgres", "CREATE VIEW pg_stat_statements AS SELECT 1 AS x")?;
    let outcome =
        program(&["take", &stranger, "--duration", "2s", "--interval", "1s", "-f", "-o"]).arg(&other).output()?;
    assert!(outcome.status.success());

    let file = path.to_str().ok_or("a path")?;
    cluster
        .psql(
            "shop",
            "CREATE ROLE deep; GRANT pg_read_all_stats TO deep; CREATE ROLE member LOGIN NOINHERIT IN ROLE deep;
                          CREATE ROLE bypass LOGIN BYPASSRLS; CREATE ROLE maker LOGIN CREATEROLE;",
        )?
        .success()?;
    for role in ["postgres", "watcher", "member", "bypass", "maker"] {
        let refused = run(&["explain", file, "--on", &as_role(&cluster, role)])?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{role}: {said}");
        assert!(said.contains("this login may do more than the application's own"), "{role}: {said}");
    }
    let explained = run(&["explain", file, "--on", &as_role(&cluster, "app"), "--format", "json"])?;
    assert_eq!(explained.status.code(), Some(0), "{}", String::from_utf8_lossy(&explained.stderr));
    let document: Value = serde_json::from_slice(&explained.stdout)?;
    let planned =
        document["statements"].as_array().ok_or("statements")?.iter().filter(|s| !s["new"]["plan"].is_null()).count();
    assert!(planned >= 3, "{document:#}");
    let visits = cluster.value("shop", "SELECT count(*) FROM customers WHERE name LIKE 'sesame%'")?;
    assert_eq!(visits, "0", "planning carries nothing out");
    Ok(())
}
