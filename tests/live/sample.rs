//! `sample` against real servers: what it reads as a plain monitoring role, what it makes of resets and DDL, how it ends
//! when a server cannot be used, and how close the record model comes to `pg_walinspect`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::{ReplicaIdentity, Table, TableKind, Workload, snapshot::SampleLine},
};

use crate::{bench::case, pair::bare};

/// Longest wait for anything; a run takes seconds.
const LIMIT: Duration = Duration::from_secs(60);

const SCHEMA: &str = r#"
CREATE SCHEMA app;
CREATE TABLE app.customers (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, data jsonb);
CREATE INDEX ON app.customers USING gin (data);
CREATE TABLE app.orders (id bigserial PRIMARY KEY, customer bigint REFERENCES app.customers, note varchar(40));
CREATE TABLE app.log (at timestamptz, msg text);
CREATE TABLE "we;ird ""sc$$h" (x int);
CREATE TABLE app."a b""c;$$
d" ("k e""y" int PRIMARY KEY, v text);
CREATE TABLE app.full_row (a int, b text); ALTER TABLE app.full_row REPLICA IDENTITY FULL;
CREATE TABLE app.deferred (id int PRIMARY KEY DEFERRABLE, u int NOT NULL UNIQUE);
CREATE TABLE app.by_index (id int, u int NOT NULL UNIQUE);
ALTER TABLE app.by_index REPLICA IDENTITY USING INDEX by_index_u_key;
CREATE TABLE app.events (id int, at date NOT NULL, p text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE app.events_2 PARTITION OF app.events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY HASH (id);
CREATE TABLE app.events_2a PARTITION OF app.events_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE app.base (id int PRIMARY KEY, x text);
CREATE TABLE app.kid (y int) INHERITS (app.base);
CREATE UNLOGGED TABLE app.unlogged (a int);
CREATE VIEW app.view AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW app.matview AS SELECT 1 AS one;
CREATE TABLE app.generated (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);
CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor;
"#;

pub fn trials() -> Vec<Trial> {
    let catalogs = [12, 15, 18].map(|major| {
        let name = format!("sample::monitor_role_reads_everything_on_{major}");
        case(name, 1, move |servers| monitor_role_reads_everything(servers, major))
    });
    let others = [
        case("sample::resets_and_ddl_are_noted_never_rates", 1, resets_and_ddl_are_noted),
        case("sample::a_restart_is_survived_and_a_kill_is_resumed", 1, restart_and_resume),
        case("sample::servers_that_cannot_be_used_are_told_apart", 1, unusable_servers),
        case("sample::a_hostile_session_default_changes_nothing", 1, hostile_defaults),
        case("sample::modelled_wal_is_near_the_truth", 1, modelled_wal_is_near_the_truth),
        case("sample::modelled_bytes_sent_are_near_the_truth", 1, modelled_bytes_sent_are_near_the_truth),
    ];
    let keys = [12, 15, 18].map(|major| {
        let name = format!("sample::foreign_keys_come_in_parts_that_spell_the_same_on_{major}");
        case(name, 1, move |servers| foreign_keys_come_in_parts(servers, major))
    });
    catalogs.into_iter().chain(keys).chain(others).collect()
}

fn program() -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_pgslotplan"));
    command.stdin(Stdio::null()).arg("sample");
    command
}

fn as_monitor(cluster: &Cluster, database: &str) -> String {
    cluster.conninfo(database).replace("user=postgres", "user=monitor")
}

pub(crate) fn outcome_of(arguments: &[&str]) -> Result<Output, Failed> {
    Ok(program().args(arguments).output()?)
}

pub(crate) fn error_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn sample(arguments: &[&str], output: &Path) -> Result<Workload, Failed> {
    let outcome = program().args(arguments).arg("-o").arg(output).output()?;
    assert!(outcome.status.success(), "{}", error_text(&outcome));
    Ok(format::read(&fs::read(output)?)?)
}

pub(crate) fn table<'a>(workload: &'a Workload, name: &str) -> &'a Table {
    workload.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no table {name}"))
}

fn prepared(servers: &Servers, major: u32) -> Result<Cluster, Failed> {
    let cluster = servers.start(major, &ClusterSettings::new())?;
    cluster.query("postgres", "CREATE DATABASE shop")?;
    cluster.psql("shop", SCHEMA)?.success()?;
    Ok(cluster)
}

fn monitor_role_reads_everything(servers: &Servers, major: u32) -> Result<(), Failed> {
    let cluster = prepared(servers, major)?;
    let folder = tempfile::tempdir()?;
    let workload = sample(&[&as_monitor(&cluster, "shop"), "--once", "--interval", "1s"], &folder.path().join("w"))?;
    assert_eq!(workload.server.version_num.major(), major);
    assert_eq!(workload.server.settings["wal_level"], "logical");
    assert!(workload.server.system_identifier.is_some());
    let identity = |name: &str| {
        let table = table(&workload, name);
        (table.replica_identity, table.primary_key, table.identity_columns.join(","), table.usable_unique_index.clone())
    };
    let default = ReplicaIdentity::Default;
    assert_eq!(identity("customers"), (default, true, "id".into(), None));
    assert_eq!(identity("log"), (default, false, String::new(), None));
    assert_eq!(identity("a b\"c;$$\nd"), (default, true, "k e\"y".into(), None));
    assert_eq!(identity("deferred"), (default, true, String::new(), Some("deferred_u_key".into())));
    assert_eq!(identity("by_index"), (ReplicaIdentity::Index, false, "u".into(), None));
    assert_eq!(identity("full_row"), (ReplicaIdentity::Full, false, String::new(), None));
    assert_eq!(table(&workload, "events").kind, TableKind::Partitioned);
    let leaf = table(&workload, "events_2a");
    assert_eq!(leaf.kind, TableKind::Partition);
    assert_eq!(leaf.partition_root.as_ref().map(|root| root.name.as_str()), Some("events"));
    assert_eq!(table(&workload, "kid").inherits[0].name, "base");
    assert_eq!(table(&workload, "generated").generated_columns, ["b"]);
    assert_eq!(table(&workload, "we;ird \"sc$$h").schema, "public");
    assert!(workload.tables.iter().all(|table| table.row_width_bytes > 0.0 && table.column_count > 0));
    let reason = |name: &str| workload.excluded.iter().find(|excluded| excluded.name == name).map(|e| e.reason.clone());
    assert!(reason("unlogged").is_some_and(|reason| reason.contains("unlogged")));
    assert_eq!(reason("view").as_deref(), Some("view"));
    assert_eq!(reason("matview").as_deref(), Some("materialised view"));
    assert!(reason("events_2").is_some_and(|reason| reason.contains("partitioned again")));
    let key = &workload.foreign_keys[0];
    assert_eq!((key.from.name.as_str(), key.to.name.as_str()), ("orders", "customers"));
    assert_eq!(key.to_definition().as_deref(), Some("FOREIGN KEY (customer) REFERENCES app.customers(id)"));
    assert_eq!(workload.foreign_keys.len(), 1);
    assert!(workload.notes.iter().any(|note| note.starts_with("2 sequences")));
    Ok(())
}

/// A run in the background, whose progress shows in its sample file.
pub(crate) struct Run {
    pub(crate) child: Child,
    pub(crate) log: PathBuf,
}

impl Run {
    pub(crate) fn start(arguments: &[&str], output: &Path) -> Result<Self, Failed> {
        let log = PathBuf::from(format!("{}.samples.jsonl", output.display()));
        let child = program().args(arguments).arg("-o").arg(output).stderr(Stdio::piped()).spawn()?;
        Ok(Run { child, log })
    }

    pub(crate) fn lines(&self) -> Vec<SampleLine> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(crate) fn snapshots(&self) -> usize {
        self.lines().iter().filter(|line| matches!(line, SampleLine::Counters { .. })).count()
    }

    fn catalogs(&self) -> usize {
        self.lines().iter().filter(|line| matches!(line, SampleLine::Catalog(_))).count()
    }

    /// Waits until the sample file says so.
    pub(crate) fn wait_for(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> Result<(), Failed> {
        let begun = Instant::now();
        while !condition(self) {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("sample ended ({status}) before {what}").into());
            }
            assert!(begun.elapsed() < LIMIT, "waited too long for {what}");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Waits for two more snapshots, so that what was done before lies in an interval of its own.
    pub(crate) fn wait_for_two(&mut self) -> Result<(), Failed> {
        let seen = self.snapshots();
        self.wait_for("two more snapshots", |run| run.snapshots() >= seen + 2)
    }

    pub(crate) fn interrupt(self, output: &Path) -> Result<Workload, Failed> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        let outcome = self.child.wait_with_output()?;
        assert!(outcome.status.success(), "{}", error_text(&outcome));
        Ok(format::read(&fs::read(output)?)?)
    }
}

fn resets_and_ddl_are_noted(servers: &Servers) -> Result<(), Failed> {
    let cluster = prepared(servers, 15)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let conninfo = as_monitor(&cluster, "shop");
    let mut run = Run::start(&[&conninfo, "--interval", "1s", "--bucket", "1s", "--duration", "1h"], &output)?;
    run.wait_for("the first snapshot", |run| run.snapshots() >= 1)?;
    cluster.query("shop", "INSERT INTO app.log SELECT now(), 'x' FROM generate_series(1, 1000)")?;
    run.wait_for_two()?;
    cluster.query("shop", "CREATE TABLE app.fresh (a int); INSERT INTO app.fresh SELECT generate_series(1, 500)")?;
    run.wait_for("the catalog after CREATE TABLE", |run| run.catalogs() >= 2)?;
    cluster.query("shop", "ALTER TABLE app.base RENAME TO ground; DROP TABLE app.full_row")?;
    run.wait_for("the catalog after DROP TABLE", |run| run.catalogs() >= 3)?;
    run.wait_for_two()?;
    cluster.query("shop", "SELECT pg_stat_reset()")?;
    run.wait_for_two()?;
    cluster.query("shop", "INSERT INTO app.log SELECT now(), 'x' FROM generate_series(1, 100)")?;
    run.wait_for_two()?;
    let workload = run.interrupt(&output)?;
    let notes = workload.notes.join("\n");
    assert!(notes.contains("tables created while sampling") && notes.contains("app.fresh"), "{notes}");
    assert!(notes.contains("tables dropped while sampling") && notes.contains("app.full_row"), "{notes}");
    assert!(notes.contains("table app.base was renamed to app.ground"), "{notes}");
    assert!(notes.contains("a reset of the statistics"), "{notes}");
    let rows = |name: &str| {
        let series = &table(&workload, name).load.inserts_per_s;
        (0..workload.bucket_count as usize).map(|bucket| series.or_zero(bucket)).sum::<f64>()
    };
    // Buckets are a second, so rates are close to counts; a reset read as a rate would be far off.
    assert!((900.0..1400.0).contains(&rows("log")), "{}", rows("log"));
    assert!((400.0..700.0).contains(&rows("fresh")), "{}", rows("fresh"));
    pgslotplan::workload::check::validate(&workload)?;
    Ok(())
}

fn restart_and_resume(servers: &Servers) -> Result<(), Failed> {
    let mut cluster = prepared(servers, 18)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let conninfo = as_monitor(&cluster, "shop");
    let arguments = [conninfo.as_str(), "--interval", "1s", "--bucket", "60s", "--duration", "1h"];
    let mut run = Run::start(&arguments, &output)?;
    run.wait_for("the first snapshot", |run| run.snapshots() >= 1)?;
    cluster.restart()?;
    run.wait_for_two()?;
    run.child.kill()?;
    run.child.wait()?;
    assert!(!output.exists());
    // a crash in the middle of a line
    let log = run.log.clone();
    let whole = fs::read(&log)?;
    fs::write(&log, &whole[..whole.len() - 10])?;
    let refused = run_again(&arguments, &output)?;
    assert!(refused.contains("already exists") && refused.contains("--resume"), "{refused}");
    let mut resumed = Run::start(&[&arguments[..], &["--resume"]].concat(), &output)?;
    let before = resumed.snapshots();
    resumed.wait_for("a snapshot after the resume", |run| run.snapshots() >= before + 2)?;
    let workload = resumed.interrupt(&output)?;
    let notes = workload.notes.join("\n");
    assert!(notes.contains("the server was started again"), "{notes}");
    let other = outcome_of(&[&as_monitor(&cluster, "postgres"), "--resume", "-o", &output.display().to_string()])?;
    assert_eq!(other.status.code(), Some(1));
    assert!(error_text(&other).contains("cannot resume: the samples are of another database"));
    Ok(())
}

fn run_again(arguments: &[&str], output: &Path) -> Result<String, Failed> {
    let outcome = program().args(arguments).arg("-o").arg(output).output()?;
    assert_eq!(outcome.status.code(), Some(1));
    Ok(error_text(&outcome))
}

fn unusable_servers(servers: &Servers) -> Result<(), Failed> {
    let hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    let mut cluster = servers.start(16, &ClusterSettings::new().with_tcp().with_hba(hba))?;
    cluster.query("postgres", "CREATE ROLE ann LOGIN PASSWORD 'right one'")?;
    cluster.query("postgres", "CREATE DATABASE empty")?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json").display().to_string();
    let tcp = cluster.tcp_conninfo("postgres").ok_or("the server should listen")?;
    let local = cluster.conninfo("postgres");
    let refuses = |conninfo: &str, code: i32, message: &str| -> Result<(), Failed> {
        let outcome = outcome_of(&[conninfo, "-w", "--once", "-o", &output])?;
        let text = error_text(&outcome);
        assert_eq!(outcome.status.code(), Some(code), "{text}");
        assert!(text.contains("pgslotplan: error: ") && text.contains(message), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        assert!(!Path::new(&output).exists());
        Ok(())
    };
    refuses(&format!("{tcp} user=ann password=s3cret"), 2, "password authentication failed for user \"ann\"")?;
    refuses(&format!("{tcp} user=ann"), 2, "no password supplied")?;
    refuses(
        "host=127.0.0.1 port=1 user=ann password=s3cret",
        2,
        "server at \"127.0.0.1\", port 1: Connection refused",
    )?;
    refuses(
        &local.replace("dbname='postgres'", "dbname=gone").replace("dbname=postgres", "dbname=gone"),
        2,
        "database \"gone\" does not exist",
    )?;
    refuses("hots=db1 password=s3cret", 1, "invalid connection option \"hots\"")?;
    refuses("host=db1 service=nowhere", 1, "definition of service \"nowhere\" not found")?;
    refuses(&cluster.conninfo("empty"), 1, "database \"empty\" has no table that could be replicated")?;
    refuses(&format!("{tcp} user=ann sslmode=verify-full sslrootcert=/nonexistent"), 1, "root certificate file")?;
    let good = outcome_of(&[
        &format!("{tcp} user=ann"),
        "--password-command",
        "printf 'right one\\n'",
        "--once",
        "-o",
        &output,
    ])?;
    assert!(error_text(&good).contains("has no table that could be replicated"), "{}", error_text(&good));
    cluster.stop();
    cluster.write_data("standby.signal", b"")?;
    cluster.start_again()?;
    refuses(&local, 2, "it is a standby (in recovery)")
}

/// Every part that a key can have on a version; spelled again, they are what the server says.
fn foreign_keys_come_in_parts(servers: &Servers, major: u32) -> Result<(), Failed> {
    let cluster = prepared(servers, major)?;
    let mut sql = String::from(
        r#"CREATE TABLE app.pairs (a int, "B" int, UNIQUE (a, "B"), UNIQUE ("B", a));
        CREATE TABLE app.many (x int, "y z" int, k int);
        ALTER TABLE app.many ADD CONSTRAINT "swa""pped" FOREIGN KEY ("y z", x) REFERENCES app.pairs ("B", a) MATCH FULL;
        ALTER TABLE app.many ADD CONSTRAINT actions FOREIGN KEY (x, "y z") REFERENCES app.pairs (a, "B")
            ON UPDATE SET DEFAULT ON DELETE RESTRICT DEFERRABLE;
        ALTER TABLE app.many ADD CONSTRAINT later FOREIGN KEY (k) REFERENCES app.base
            ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED NOT VALID;
        ALTER TABLE app.events ADD CONSTRAINT tree FOREIGN KEY (id) REFERENCES app.base ON DELETE CASCADE;"#,
    );
    if major >= 15 {
        sql.push_str(
            r#"ALTER TABLE app.many ADD CONSTRAINT one_set FOREIGN KEY (x, "y z") REFERENCES app.pairs (a, "B")
            ON DELETE SET NULL ("y z");
            ALTER TABLE app.many ADD CONSTRAINT both_set FOREIGN KEY (x, "y z") REFERENCES app.pairs (a, "B")
            ON DELETE SET DEFAULT ("y z", x);"#,
        );
    }
    if major >= 18 {
        sql.push_str(
            r#"ALTER TABLE app.many ADD CONSTRAINT idle FOREIGN KEY (k) REFERENCES app.base NOT ENFORCED;
            CREATE TABLE app.ages (id int4range, at daterange, PRIMARY KEY (id, at WITHOUT OVERLAPS));
            CREATE TABLE app.of_age (id int4range, "valid at" daterange);
            ALTER TABLE app.of_age ADD CONSTRAINT temporal FOREIGN KEY (id, PERIOD "valid at") REFERENCES app.ages (id, PERIOD at);"#,
        );
    }
    cluster.psql("shop", &sql)?.success()?;
    let folder = tempfile::tempdir()?;
    let workload = sample(&[&as_monitor(&cluster, "shop"), "--once", "--interval", "1s"], &folder.path().join("w"))?;
    let spelled: BTreeMap<String, String> = workload
        .foreign_keys
        .iter()
        .map(|key| (key.name.clone(), key.to_definition().expect("its columns were read")))
        .collect();
    let said = cluster.query(
        "shop",
        "SET search_path = pg_catalog; SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE contype = 'f' AND conparentid = 0",
    )?;
    let said: BTreeMap<String, String> = said
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>())
        .filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone())))
        .collect();
    assert_eq!(
        said.len(),
        match major {
            18 => 9,
            15 => 7,
            _ => 5,
        }
    );
    assert_eq!(spelled, said);
    Ok(())
}

fn hostile_defaults(servers: &Servers) -> Result<(), Failed> {
    let cluster = prepared(servers, 14)?;
    // A schema in front of pg_catalog with functions and an operator of the same names, and old string rules.
    cluster
        .psql(
            "shop",
            r#"CREATE SCHEMA trap;
               CREATE FUNCTION trap.current_database() RETURNS name LANGUAGE sql AS 'SELECT ''trapped''::name';
               CREATE FUNCTION trap.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE sql AS 'SELECT ''0/0''::pg_lsn';
               CREATE TABLE trap.pg_class (oid oid);
               ALTER ROLE monitor SET search_path = trap, pg_catalog;
               ALTER ROLE monitor SET standard_conforming_strings = off;
               ALTER ROLE monitor SET DateStyle = 'German';
               ALTER ROLE monitor SET quote_all_identifiers = on;
               ALTER ROLE monitor SET statement_timeout = '1min';"#,
        )?
        .success()?;
    let folder = tempfile::tempdir()?;
    let workload = sample(&[&as_monitor(&cluster, "shop"), "--once", "--interval", "1s"], &folder.path().join("w"))?;
    assert_eq!(workload.database, "shop");
    assert_eq!(
        workload.foreign_keys[0].to_definition().as_deref(),
        Some("FOREIGN KEY (customer) REFERENCES app.customers(id)")
    );
    Ok(())
}

fn modelled_wal_is_near_the_truth(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(15, &ClusterSettings::new().with("autovacuum", "off"))?;
    cluster.query("postgres", "CREATE EXTENSION pg_walinspect")?;
    cluster
        .psql(
            "postgres",
            "CREATE TABLE narrow (id bigserial PRIMARY KEY, a int, b int);
             CREATE TABLE wide (id bigserial PRIMARY KEY, t text, c text, at timestamptz DEFAULT now());
             CREATE INDEX ON wide (at); CREATE INDEX ON wide (c);
             CREATE TABLE sessions (id int PRIMARY KEY, n int, pad text) WITH (fillfactor = 50);
             CREATE TABLE documents (id bigserial PRIMARY KEY, body text);
             ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
             CREATE TABLE audited (id int PRIMARY KEY, a text, b int); ALTER TABLE audited REPLICA IDENTITY FULL;
             INSERT INTO narrow (a, b) SELECT g, g FROM generate_series(1, 2000) g;
             INSERT INTO wide (t, c) SELECT repeat('t', 200), 'c' || g FROM generate_series(1, 2000) g;
             INSERT INTO sessions SELECT g, 0, repeat('s', 60) FROM generate_series(1, 1000) g;
             INSERT INTO documents (body) SELECT repeat(md5(g::text), 400) FROM generate_series(1, 50) g;
             INSERT INTO audited SELECT g, repeat('a', 80), g FROM generate_series(1, 1000) g;
             ANALYZE;",
        )?
        .success()?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let conninfo = cluster.conninfo("postgres");
    let mut run = Run::start(&[&conninfo, "--interval", "1s", "--bucket", "3600s", "--duration", "1h"], &output)?;
    run.wait_for("the first snapshot", |run| run.snapshots() >= 1)?;
    let from = cluster.value("postgres", "SELECT pg_current_wal_flush_lsn()")?;
    cluster
        .psql(
            "postgres",
            "INSERT INTO narrow (a, b) SELECT g, g FROM generate_series(1, 5000) g;
             DO $$ BEGIN FOR i IN 1..3000 LOOP INSERT INTO wide (t, c) VALUES (repeat('t', 200), 'c' || i); END LOOP; END $$;
             UPDATE sessions SET n = n + 1; UPDATE sessions SET n = n + 1;
             INSERT INTO documents (body) SELECT repeat(md5(g::text), 400) FROM generate_series(1, 100) g;
             UPDATE audited SET b = b + 1;
             UPDATE wide SET c = c || 'x' WHERE id <= 1000;
             DELETE FROM narrow WHERE id <= 2000;",
        )?
        .success()?;
    let to = cluster.value("postgres", "SELECT pg_current_wal_flush_lsn()")?;
    run.wait_for_two()?;
    let log = run.log.clone();
    let workload = run.interrupt(&output)?;
    let seconds = observed_seconds(&log)?;
    let truth = wal_by_table(&cluster, &from, &to)?;
    let (mut all_truth, mut all_model) = (0.0, 0.0);
    for (name, truth) in &truth {
        let model = table(&workload, name).load.wal_bytes_per_s.or_zero(0) * seconds;
        all_truth += truth;
        all_model += model;
        assert!((0.6..1.4).contains(&(model / truth)), "{name}: {model:.0} modelled, {truth:.0} true");
    }
    assert_eq!(truth.len(), 5);
    assert!((0.85..1.15).contains(&(all_model / all_truth)), "{all_model:.0} modelled, {all_truth:.0} true");
    let chunks = table(&workload, "documents").load.toast_chunks_per_s.or_zero(0) * seconds;
    assert!((chunks - 700.0).abs() < 1.0, "{chunks}"); // 100 values of 12,800 bytes in chunks of 1,996
    Ok(())
}

/// Numbers, times, jsonb, and large values that compress: what is stored of them is not what is sent.
fn modelled_bytes_sent_are_near_the_truth(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(15, &ClusterSettings::new().with("autovacuum", "off"))?;
    let document = "jsonb_build_object('blocks', (SELECT jsonb_agg(jsonb_build_object('text', 'lorem ipsum ' || md5((g * n % 50)::text)))
                                       FROM generate_series(1, 200) n))";
    let small = "jsonb_build_object('source', 'web', 'score', g % 100, 'lists', jsonb_build_array('a' || g % 7))";
    cluster
        .psql(
            "postgres",
            &format!(
                "CREATE TABLE numbers (id bigserial PRIMARY KEY, a int, b bigint, c numeric, d smallint, e bool);
                 CREATE TABLE times (id bigserial PRIMARY KEY, at timestamptz, day date, u uuid, missing timestamptz);
                 CREATE TABLE settings (id bigserial PRIMARY KEY, attributes jsonb);
                 CREATE TABLE documents (id bigserial PRIMARY KEY, content jsonb);
                 INSERT INTO numbers (a, b, c, d, e) SELECT g % 90, g, g / 4.0, 1, true FROM generate_series(1, 3000) g;
                 INSERT INTO times (at, day, u) SELECT clock_timestamp(), now(), gen_random_uuid() FROM generate_series(1, 3000);
                 INSERT INTO settings (attributes) SELECT {small} FROM generate_series(1, 3000) g;
                 -- older documents compress far better than those to come
                 INSERT INTO documents (content)
                     SELECT jsonb_build_object('text', repeat('x', 40000) || string_agg(md5((g * n)::text), ''))
                       FROM generate_series(1, 60) g, generate_series(1, 120) n GROUP BY g;
                 ANALYZE;
                 CREATE PUBLICATION truth FOR ALL TABLES;
                 SELECT pg_create_logical_replication_slot('truth', 'pgoutput');"
            ),
        )?
        .success()?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let conninfo = cluster.conninfo("postgres");
    let arguments = [&conninfo, "--method", "counters", "--interval", "1s", "--bucket", "3600s", "--duration", "1h"];
    let mut run = Run::start(&arguments, &output)?;
    run.wait_for("the first snapshot", |run| run.snapshots() >= 1)?;
    cluster
        .psql(
            "postgres",
            &format!(
                "INSERT INTO numbers (a, b, c, d, e) SELECT g % 90, g, g / 4.0, 1, true FROM generate_series(1, 3000) g;
                 INSERT INTO times (at, day, u) SELECT clock_timestamp(), now(), gen_random_uuid() FROM generate_series(1, 3000);
                 INSERT INTO settings (attributes) SELECT {small} FROM generate_series(1, 3000) g;
                 INSERT INTO documents (content) SELECT {document} FROM generate_series(1, 200) g;"
            ),
        )?
        .success()?;
    run.wait_for_two()?;
    let log = run.log.clone();
    let workload = run.interrupt(&output)?;
    let seconds = observed_seconds(&log)?;
    for name in ["numbers", "times", "settings", "documents"] {
        let truth: f64 = cluster
            .value(
                "postgres",
                &format!(
                    "SELECT sum(length(data)) FROM pg_logical_slot_peek_binary_changes(
                            'truth', NULL, NULL, 'proto_version', '1', 'publication_names', 'truth')
                      WHERE get_byte(data, 0) = 73
                        AND ('x' || encode(substr(data, 2, 4), 'hex'))::bit(32)::int8 = '{name}'::regclass::oid"
                ),
            )?
            .parse()?;
        let model = table(&workload, name).load.logical_bytes_per_s.or_zero(0) * seconds;
        assert!((0.9..1.1).contains(&(model / truth)), "{name}: {model:.0} modelled, {truth:.0} sent");
    }
    Ok(())
}

/// From the first snapshot to the last.
pub(crate) fn observed_seconds(log: &Path) -> Result<f64, Failed> {
    let mut times = Vec::new();
    for line in fs::read_to_string(log)?.lines() {
        if let SampleLine::Counters { instant, .. } = serde_json::from_str(line)? {
            times.push(instant.at);
        }
    }
    let (first, last) = (times.first().ok_or("no snapshot")?, times.last().ok_or("no snapshot")?);
    Ok(last.duration_since(*first).as_secs_f64())
}

/// Bytes of WAL without full-page images by table, its indexes and TOAST included.
pub(crate) fn wal_by_table(cluster: &Cluster, from: &str, to: &str) -> Result<BTreeMap<String, f64>, Failed> {
    let sql = format!(
        "WITH records AS (
             SELECT split_part(split_part(block_ref, ' ', 4), '/', 3)::oid AS node, record_length - fpi_length AS bytes
               FROM pg_get_wal_records_info('{from}', '{to}')
              WHERE block_ref <> '' AND resource_manager IN ('Heap', 'Heap2', 'Btree', 'Gin'))
         SELECT coalesce(owner.relname, of_index.relname, c.relname), sum(r.bytes)
           FROM records r
           JOIN pg_class c ON c.relfilenode = r.node
           LEFT JOIN pg_index i ON i.indexrelid = c.oid
           LEFT JOIN pg_class of_index ON of_index.oid = i.indrelid
           LEFT JOIN pg_class owner ON owner.reltoastrelid = coalesce(of_index.oid, c.oid) AND owner.reltoastrelid <> 0
          WHERE c.oid >= 16384
          GROUP BY 1"
    );
    let rows = cluster.query("postgres", &sql)?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let truth: Result<BTreeMap<String, f64>, Failed> =
        rows.iter().map(|row| Ok((text(&row[0]), text(&row[1]).parse()?))).collect();
    let truth: BTreeMap<String, f64> = truth?.into_iter().filter(|(name, _)| !name.ends_with("_seq")).collect();
    Ok(truth)
}
