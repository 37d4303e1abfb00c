//! The methods of `sample` on real servers: what each needs, what it finds, and that nothing is left behind; and a run that
//! goes through a failover.

use std::{fs, path::Path, process::Command, time::Duration};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::{Method, snapshot::SampleLine, tally::Peek},
};

use crate::{
    bench::case,
    sample::{Run, error_text, observed_seconds, outcome_of, table, wal_by_table},
};

const LIMIT: Duration = Duration::from_secs(60);
const NO_PEEK: &str = "SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name LIKE 'pgslotplan%')";

pub fn trials() -> Vec<Trial> {
    let majors = [15, 18].into_iter().flat_map(|major| {
        [
            case(format!("methods::walinspect_finds_what_the_model_misses_on_{major}"), 1, move |servers| {
                walinspect_is_near(servers, major)
            }),
            case(format!("methods::decode_counts_exactly_and_leaves_nothing_on_{major}"), 1, move |servers| {
                decode_is_exact(servers, major)
            }),
        ]
    });
    let others = [
        case("methods::decode_works_on_12_and_walinspect_does_not", 1, decode_on_12),
        case("methods::auto_takes_what_the_role_may_and_says_what_a_grant_gives", 1, grants),
        case("methods::a_killed_run_leaves_no_slot", 1, a_killed_run_leaves_no_slot),
        case("methods::a_long_transaction_delays_the_slot_not_the_run", 1, a_long_transaction),
        case("methods::a_failover_is_a_gap_not_an_end", 2, failover),
    ];
    majors.chain(others).collect()
}

/// Statements that the counters alone misjudge.
const ODD_SCHEMA: &str = "
    CREATE TABLE upserts (id int PRIMARY KEY, n int);
    CREATE TABLE imports (id bigserial PRIMARY KEY, a text, b int);
    CREATE TABLE tagged (id bigserial PRIMARY KEY, tags jsonb);
    CREATE INDEX ON tagged USING gin (tags);
    CREATE TABLE audited (a int, b text); ALTER TABLE audited REPLICA IDENTITY FULL;
    CREATE TABLE parents (id int PRIMARY KEY, v text);
    CREATE TABLE children (id bigserial PRIMARY KEY, parent int REFERENCES parents);
    INSERT INTO parents SELECT g, 'v' FROM generate_series(1, 5000) g;
    INSERT INTO upserts SELECT g, 0 FROM generate_series(1, 500) g;
    INSERT INTO imports (a, b) SELECT repeat('a', 40), g FROM generate_series(1, 500) g;
    INSERT INTO tagged (tags) SELECT jsonb_build_object('k' || g % 40, g % 9, 's', md5(g::text)) FROM generate_series(1, 500) g;
    INSERT INTO audited SELECT g, repeat('b', 60) FROM generate_series(1, 3000) g;
    COPY (SELECT repeat('a', 40), g FROM generate_series(1, 4000) g) TO '@folder@/import.copy';
    ANALYZE;";

const ODD_WORK: &str = "
    INSERT INTO upserts SELECT g, 1 FROM generate_series(1, 4000) g ON CONFLICT (id) DO UPDATE SET n = upserts.n + 1;
    INSERT INTO upserts SELECT g, 1 FROM generate_series(1, 4000) g ON CONFLICT (id) DO UPDATE SET n = upserts.n + 1;
    COPY imports (a, b) FROM '@folder@/import.copy';
    INSERT INTO tagged (tags) SELECT jsonb_build_object('k' || g % 40, g % 9, 's', md5(g::text)) FROM generate_series(1, 2000) g;
    DELETE FROM audited WHERE a <= 2500;
    INSERT INTO children (parent) SELECT 1 + g % 5000 FROM generate_series(1, 4000) g;";

fn walinspect_is_near(servers: &Servers, major: u32) -> Result<(), Failed> {
    let cluster = servers.start(major, &ClusterSettings::new().with("autovacuum", "off"))?;
    let at_home = |sql: &str| sql.replace("@folder@", &cluster.data_folder().display().to_string());
    cluster.psql("postgres", &format!("CREATE EXTENSION pg_walinspect; {}", at_home(ODD_SCHEMA)))?.success()?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let conninfo = cluster.conninfo("postgres");
    let mut run = Run::start(&[&conninfo, "--method", "walinspect", "--interval", "5s", "--duration", "1h"], &output)?;
    run.wait_for("the first snapshot", |run| run.snapshots() >= 1)?;
    let from = cluster.value("postgres", "SELECT pg_current_wal_flush_lsn()")?;
    cluster.psql("postgres", &at_home(ODD_WORK))?.success()?;
    let to = cluster.value("postgres", "SELECT pg_current_wal_flush_lsn()")?;
    run.wait_for_two()?;
    let log = run.log.clone();
    let workload = run.interrupt(&output)?;
    assert_eq!(workload.method, Method::Walinspect);
    let seconds = observed_seconds(&log)?;
    let truth = wal_by_table(&cluster, &from, &to)?;
    assert_eq!(truth.len(), 6, "{truth:?}");
    for (name, truth) in &truth {
        let found = table(&workload, name).load.wal_bytes_per_s.or_zero(0) * seconds;
        // The parents' WAL is row locks alone; a model stands in for few records, hence not nearer.
        assert!((0.9..1.1).contains(&(found / truth)), "{name}: {found:.0} found, {truth:.0} true");
    }
    Ok(())
}

/// Two tables in one transaction, one alone, one rolled back; compressible values.
fn prepare_decode(cluster: &Cluster) -> Result<(), Failed> {
    cluster
        .psql(
            "postgres",
            r#"CREATE TABLE "o dd.""t""" (id int PRIMARY KEY, v text);
               CREATE TABLE lines (id bigserial PRIMARY KEY, t text);
               CREATE TABLE parted (id int PRIMARY KEY, v text) PARTITION BY HASH (id);
               CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
               CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
               CREATE TABLE big (id int PRIMARY KEY, body text);
               CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN
                   FOR i IN 1..40 LOOP
                       INSERT INTO "o dd.""t""" VALUES (i, 'x'); INSERT INTO lines (t) SELECT 'line' FROM generate_series(1, 3);
                       INSERT INTO parted VALUES (i, 'p');
                       COMMIT;
                   END LOOP;
                   UPDATE "o dd.""t""" SET v = v || '!' WHERE id <= 10; COMMIT;
                   INSERT INTO lines (t) SELECT 'never' FROM generate_series(1, 500); ROLLBACK;
                   INSERT INTO big SELECT g, repeat('compress me ', 2000) FROM generate_series(1, 20) g; COMMIT;
               END $$;"#,
        )?
        .success()?;
    Ok(())
}

fn decode_is_exact(servers: &Servers, major: u32) -> Result<(), Failed> {
    let cluster = servers.start(major, &ClusterSettings::new().with("autovacuum", "off"))?;
    prepare_decode(&cluster)?;
    check_decode(&cluster)
}

fn decode_on_12(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(12, &ClusterSettings::new().with("autovacuum", "off"))?;
    prepare_decode(&cluster)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json").display().to_string();
    let refused = outcome_of(&[&cluster.conninfo("postgres"), "--method", "walinspect", "--once", "-o", &output])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(error_text(&refused).contains("pg_walinspect comes with PostgreSQL 15"), "{}", error_text(&refused));
    check_decode(&cluster)
}

fn check_decode(cluster: &Cluster) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let arguments = ["--method", "decode", "--allow-temporary-objects", "--interval", "1s", "--duration", "1h"];
    let conninfo = cluster.conninfo("postgres");
    let mut run = Run::start(&[&[conninfo.as_str()], &arguments[..]].concat(), &output)?;
    run.wait_for("the first snapshot", |run| run.snapshots() >= 1)?;
    cluster.query("postgres", "CALL work()")?;
    run.wait_for_two()?;
    let lines = run.lines();
    let log = run.log.clone();
    let workload = run.interrupt(&output)?;
    cluster.wait_until("postgres", NO_PEEK, LIMIT)?;
    assert_eq!(workload.method, Method::Decode);
    let oid = |name: &str| -> Result<u32, Failed> {
        Ok(cluster.value("postgres", &format!("SELECT '{name}'::regclass::oid"))?.parse()?)
    };
    let sum = |oid: u32| {
        let peeks = lines.iter().filter_map(|line| match line {
            SampleLine::Peek(peek) => Some(peek),
            _ => None,
        });
        let tallies = peeks.flat_map(|peek| &peek.tables).filter(|(table, _)| *table == oid);
        tallies.fold((0, 0, 0), |(rows, transactions, bytes), (_, tally)| {
            (rows + tally.all_rows(), transactions + tally.transactions, bytes + tally.bytes.iter().sum::<u64>())
        })
    };
    let odd = sum(oid("\"o dd.\"\"t\"\"\"")?);
    // 40 inserts of 8 + 5 + 5 and the digits and a letter each; ten updates with two letters
    assert_eq!(odd, (50, 41, 40 * 18 + (9 + 2 * 31) + 40 + 10 * 18 + (9 + 2) + 20));
    assert_eq!(sum(oid("lines")?).0, 120, "rows that were rolled back are not sent");
    assert_eq!(sum(oid("lines")?).1, 40);
    let big = sum(oid("big")?).2;
    assert_eq!(big, 20 * (8 + 5 + 5 + 24_000) + 9 + 2 * 11, "values are whole on the wire");
    let seconds = observed_seconds(&log)?;
    let rate = |name: &str| table(&workload, name).load.transactions_per_s.as_ref().map(|series| series.or_zero(0));
    let transactions = rate("o dd.\"t\"").ok_or("transactions are known")? * seconds;
    let odd = &table(&workload, "o dd.\"t\"").load;
    let rows = (odd.inserts_per_s.or_zero(0) * seconds, odd.updates_per_s.or_zero(0) * seconds);
    assert!((transactions - 41.0).abs() < 1.0, "{transactions} of {rows:?} rows in {seconds} s, {:?}", workload.notes);
    let names: Vec<(&str, &str)> =
        workload.co_writes.iter().map(|pair| (pair.a.name.as_str(), pair.b.name.as_str())).collect();
    assert_eq!(names, [("lines", "o dd.\"t\""), ("lines", "parted"), ("o dd.\"t\"", "parted")]);
    let decoded_s: f64 = peeks_in(&log)?.iter().map(|peek| peek.seconds).sum();
    for pair in &workload.co_writes {
        let count = pair.transactions_per_s * decoded_s;
        assert!((count - 40.0).abs() < 0.1, "{count}");
    }
    // 480 kB that lie in WAL in a few chunks
    let sent = table(&workload, "big").load.logical_bytes_per_s.or_zero(0) * seconds;
    assert!((0.8..1.1).contains(&(sent / 480_000.0)), "{sent}");
    Ok(())
}

fn peeks_in(log: &Path) -> Result<Vec<Peek>, Failed> {
    let mut peeks = Vec::new();
    for line in fs::read_to_string(log)?.lines() {
        if let SampleLine::Peek(peek) = serde_json::from_str(line)? {
            peeks.push(peek);
        }
    }
    Ok(peeks)
}

fn grants(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new())?;
    cluster.query(
        "postgres",
        "CREATE TABLE t (id int PRIMARY KEY); CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor",
    )?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json").display().to_string();
    let conninfo = cluster.conninfo("postgres").replace("user=postgres", "user=monitor");
    let run = |options: &[&str]| -> Result<(Option<i32>, String), Failed> {
        let fixed = [conninfo.as_str(), "--once", "--interval", "1s", "--force", "-o", output.as_str()];
        let outcome = outcome_of(&[&fixed[..], options].concat())?;
        Ok((outcome.status.code(), error_text(&outcome)))
    };
    let method = || -> Result<Method, Failed> {
        Ok(pgslotplan::format::read::<pgslotplan::workload::Workload>(&fs::read(&output)?)?.method)
    };
    let (code, text) = run(&["--allow-temporary-objects"])?;
    assert_eq!((code, method()?), (Some(0), Method::Counters), "{text}");
    assert!(text.contains("measuring by counters\n"), "{text}");
    assert!(
        text.contains("CREATE EXTENSION pg_walinspect; GRANT EXECUTE ON FUNCTION pg_get_wal_block_info TO monitor;")
    );
    assert!(text.contains("ALTER ROLE monitor REPLICATION"), "{text}");
    let (code, text) = run(&["--method", "decode", "--allow-temporary-objects"])?;
    assert!(code == Some(1) && text.contains("cannot use method decode: the role may not replicate"), "{text}");
    cluster.query("postgres", "CREATE SCHEMA \"W al\"; CREATE EXTENSION pg_walinspect SCHEMA \"W al\"")?;
    let (code, text) = run(&["--method", "walinspect"])?;
    assert!(code == Some(1) && text.contains("the role may not execute pg_get_wal_block_info"), "{text}");
    cluster.query(
        "postgres",
        "GRANT USAGE ON SCHEMA \"W al\" TO monitor; ALTER ROLE monitor REPLICATION;
         GRANT EXECUTE ON FUNCTION \"W al\".pg_get_wal_block_info TO monitor",
    )?;
    let (code, text) = run(&[])?;
    assert_eq!((code, method()?), (Some(0), Method::Walinspect), "{text}");
    assert!(text.contains("--allow-temporary-objects tells transactions"), "{text}");
    let (code, text) = run(&["--allow-temporary-objects"])?;
    assert!(code == Some(0) && text.contains("WAL read with pg_walinspect, changes decoded"), "{text}");
    cluster.wait_until("postgres", NO_PEEK, LIMIT)?;
    let (code, text) = run(&["--method", "decode"])?;
    assert!(code == Some(1) && text.contains("is made only when allowed"), "{text}");
    Ok(())
}

fn a_killed_run_leaves_no_slot(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(18, &ClusterSettings::new())?;
    cluster.query("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
    let folder = tempfile::tempdir()?;
    let conninfo = cluster.conninfo("postgres");
    let arguments =
        [conninfo.as_str(), "--method", "decode", "--allow-temporary-objects", "--interval", "1s", "--duration", "1h"];
    let mut run = Run::start(&arguments, &folder.path().join("w.json"))?;
    let has_slot =
        "SELECT count(*) = 1 FROM pg_replication_slots WHERE temporary AND slot_name LIKE 'pgslotplan_peek_%'";
    cluster.wait_until("postgres", has_slot, LIMIT)?;
    run.wait_for("two snapshots", |run| run.snapshots() >= 2)?;
    run.child.kill()?;
    run.child.wait()?;
    cluster.wait_until("postgres", NO_PEEK, LIMIT)?;
    cluster.wait_until(
        "postgres",
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgslotplan%')",
        LIMIT,
    )?;
    Ok(())
}

/// A transaction that was open before keeps a slot from starting: decode says so, auto goes on without.
fn a_long_transaction(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(17, &ClusterSettings::new())?;
    cluster.query("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let client = runtime.block_on(cluster.client("postgres"))?;
    runtime.block_on(client.batch_execute("BEGIN; INSERT INTO t VALUES (1)"))?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json").display().to_string();
    let conninfo = cluster.conninfo("postgres");
    let arguments =
        [conninfo.as_str(), "--allow-temporary-objects", "--once", "--interval", "1s", "-o", output.as_str()];
    let outcome = outcome_of(&arguments)?;
    let text = error_text(&outcome);
    assert!(outcome.status.success(), "{text}");
    assert!(text.contains("could not make a temporary slot") && text.contains("trying again in 1 min"), "{text}");
    cluster.wait_until("postgres", NO_PEEK, LIMIT)?;
    runtime.block_on(client.batch_execute("ROLLBACK"))?;
    Ok(())
}

/// A standby that is promoted while the primary goes: the run finds it, and counts from anew.
fn failover(servers: &Servers) -> Result<(), Failed> {
    let mut primary = servers.start(15, &ClusterSettings::new())?;
    primary.query("postgres", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (0)")?;
    let mut standby = servers.start(15, &ClusterSettings::new())?;
    make_standby(&mut primary, &mut standby)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let hosts = format!(
        "host={},{} port={},{} user=postgres dbname=postgres target_session_attrs=primary",
        primary.socket_folder().display(),
        standby.socket_folder().display(),
        primary.port(),
        standby.port()
    );
    let mut run = Run::start(&[&hosts, "--interval", "1s", "--bucket", "1s", "--duration", "1h"], &output)?;
    run.wait_for("the first snapshot", |run| run.snapshots() >= 1)?;
    primary.query("postgres", "INSERT INTO t SELECT generate_series(1, 1000)")?;
    run.wait_for_two()?;
    standby.wait_until("postgres", "SELECT count(*) = 1001 FROM t", LIMIT)?;
    primary.crash();
    standby.query("postgres", "SELECT pg_promote(wait => true)")?;
    run.wait_for_two()?;
    standby.query("postgres", "INSERT INTO t SELECT generate_series(2001, 2500)")?;
    run.wait_for_two()?;
    let workload = run.interrupt(&output)?;
    let notes = workload.notes.join("\n");
    assert!(notes.contains("a failover (timeline 1 to 2)"), "{notes}");
    let inserts = &table(&workload, "t").load.inserts_per_s;
    let rows: f64 = (0..workload.bucket_count as usize).map(|bucket| inserts.or_zero(bucket)).sum();
    assert!((1200.0..1800.0).contains(&rows), "{rows}"); // 1,000 before and 500 after, in buckets of a second
    assert!(workload.observed_share() < 1.0, "{:?}", workload.validity);
    Ok(())
}

/// Makes the second server a standby of the first: its data becomes a copy of the stopped primary's.
fn make_standby(primary: &mut Cluster, standby: &mut Cluster) -> Result<(), Failed> {
    primary.stop();
    standby.stop();
    let (source, target) = (primary.data_folder(), standby.data_folder());
    let kept: Vec<(&str, Vec<u8>)> = ["postgresql.conf", "pg_hba.conf"]
        .iter()
        .map(|name| Ok((*name, fs::read(target.join(name))?)))
        .collect::<Result<_, std::io::Error>>()?;
    run_command("rm", &["-rf", &target.display().to_string()])?;
    run_command("cp", &["-a", &source.display().to_string(), &target.display().to_string()])?;
    for (name, content) in kept {
        standby.write_data(name, &content)?;
    }
    standby.write_data("standby.signal", b"")?;
    standby.configure("primary_conninfo", &primary.conninfo("postgres"))?;
    primary.start_again()?;
    standby.start_again()?;
    Ok(())
}

fn run_command(program: &str, arguments: &[&str]) -> Result<(), Failed> {
    let output = Command::new(program).args(arguments).output()?;
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
