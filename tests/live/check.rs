//! `pgslotplan check` on real servers: nothing but known findings for a healthy pair of every version, each trap that
//! only a real catalog shows, a role that sees little, and a server too small, before anything is made.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    names::{TableName, quote_identifier},
    plan::Plan,
    server::ServerVersion,
    throwaway::{Cluster, ClusterSettings, Servers, available_majors},
};
use serde_json::Value;

use crate::{bench::case, story};

/// Publisher and subscriber, so that every version is on each side once.
const PAIRS: [(u32, u32); 5] = [(12, 13), (13, 15), (14, 16), (15, 17), (17, 18)];

pub fn trials() -> Vec<Trial> {
    let healthy = PAIRS.map(|(publisher, subscriber)| {
        case(format!("check::healthy_{publisher}_to_{subscriber}"), 2, move |servers| {
            healthy(servers, publisher, subscriber)
        })
    });
    let newest = available_majors().last().copied().unwrap_or(18);
    let mut trials: Vec<Trial> = healthy.into_iter().collect();
    trials.extend([
        case("check::small_servers_are_found_before_anything_is_made", 2, small_servers),
        case("check::drift_is_found", 2, drift),
        case("check::traps_of_the_subscriber_are_found", 2, traps),
        case("check::hazards_of_settings_shards_and_order_are_found", 2, hazards),
        case("check::the_same_server_is_found", 1, move |servers| same_server(servers, newest)),
        case("check::a_role_that_sees_little_is_told_so_12", 2, |servers| little_sight(servers, 12, 13)),
        case("check::a_role_that_sees_little_is_told_so_16", 2, |servers| little_sight(servers, 16, 16)),
        case("check::one_side_alone_and_every_format", 2, one_side_and_formats),
        case("check::what_the_server_does_not_parse_is_found", 2, unparsable),
        case("check::measured_20000_tables", 2, twenty_thousand_tables).with_ignored_flag(true),
    ]);
    trials
}

/// Both servers with the story's database, and its plan in a file.
struct Stage {
    publisher: Cluster,
    subscriber: Cluster,
    plan: Plan,
    folder: tempfile::TempDir,
}

/// What a run of the program said.
struct Said {
    code: Option<i32>,
    findings: Vec<Value>,
    stderr: String,
}

impl Said {
    fn codes(&self) -> BTreeSet<&str> {
        self.findings.iter().filter_map(|finding| finding["code"].as_str()).collect()
    }

    /// The findings of a code, in words.
    fn words(&self, code: &str) -> String {
        let of_code = self.findings.iter().filter(|finding| finding["code"] == code);
        of_code.map(Value::to_string).collect::<Vec<_>>().join("\n")
    }
}

impl Stage {
    fn new(servers: &Servers, publisher: u32, subscriber: u32, settings: &ClusterSettings) -> Result<Self, Failed> {
        let (publisher_cluster, subscriber_cluster) =
            (servers.start(publisher, settings)?, servers.start(subscriber, settings)?);
        for cluster in [&publisher_cluster, &subscriber_cluster] {
            cluster.query("postgres", &format!("CREATE DATABASE {}", quote_identifier(story::DATABASE)))?;
            cluster.query(story::DATABASE, &story::schema())?;
        }
        publisher_cluster.query(story::DATABASE, &story::rows())?;
        if publisher < 15 && subscriber >= 15 {
            // as a dump carries it: by itself only an older server lets everybody create tables there
            subscriber_cluster.query(story::DATABASE, "GRANT CREATE ON SCHEMA public TO PUBLIC")?;
        }
        let identifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
        let plan = story::plan(publisher, subscriber, publisher_cluster.value("postgres", identifier)?);
        let stage =
            Stage { publisher: publisher_cluster, subscriber: subscriber_cluster, plan, folder: tempfile::tempdir()? };
        stage.write_plan()?;
        Ok(stage)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("plan.json")
    }

    fn write_plan(&self) -> Result<(), Failed> {
        let mut plan = self.plan.clone();
        plan.plan_sha256 = plan.digest();
        Ok(fs::write(self.file(), format::write(&plan))?)
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
        command.stdin(Stdio::null()).arg("check").arg(self.file());
        for variable in ["PGSLOTPLAN_PUBLISHER", "PGSLOTPLAN_SUBSCRIBER"] {
            command.env_remove(variable);
        }
        // would point both at one server if they counted for the subscriber
        command.env("PGPORT", "1").env("PGHOST", "nowhere.invalid");
        command
    }

    fn check_as(&self, publisher: &str, subscriber: &str, options: &[&str]) -> Result<Said, Failed> {
        let mut command = self.program();
        command.args(["--format", "json", "--publisher", publisher, "--subscriber", subscriber]).args(options);
        let output = command.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {stderr}"))?;
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        Ok(Said { code: output.status.code(), findings, stderr })
    }

    fn check(&self, options: &[&str]) -> Result<Said, Failed> {
        let database = story::DATABASE;
        self.check_as(&self.publisher.conninfo(database), &self.subscriber.conninfo(database), options)
    }
}

fn roomy() -> ClusterSettings {
    ClusterSettings::new()
        .with("max_replication_slots", "30")
        .with("max_wal_senders", "30")
        .with("max_logical_replication_workers", "20")
        .with("max_worker_processes", "30")
        .with("max_prepared_transactions", "4")
}

fn expect(said: &Said, code: i32, codes: &[&str]) -> Result<(), Failed> {
    let wanted: BTreeSet<&str> = codes.iter().copied().collect();
    if said.code != Some(code) || said.codes() != wanted {
        return Err(format!(
            "exit code {:?} with {:?}, expected {code} with {wanted:?}\n{:#?}\n{}",
            said.code,
            said.codes(),
            said.findings,
            said.stderr
        )
        .into());
    }
    Ok(())
}

/// What is said of the story on servers with room: no error, and nothing that is not so.
fn known(publisher: u32) -> Vec<&'static str> {
    // FULL of keyless, its scans, what decoding takes, what no SQL shows, the network, WAL to keep
    let mut known = vec!["PF106", "PF208", "PF412", "PF506", "PF801", "PF905"];
    if publisher == 12 {
        known.push("PF112"); // never mended there
    }
    if publisher < 15 {
        known.push("PF124"); // empty transactions
    }
    known
}

fn healthy(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, publisher, subscriber, &roomy())?;
    let mut known = known(publisher);
    if subscriber >= 18 {
        known.push("PF307"); // track_commit_timestamp
    }
    let said = stage.check(&[])?;
    expect(&said, 0, &known)?;
    assert_eq!(stage.check(&["--fail-on", "warn"])?.code, Some(4), "each row of a table without key is searched for");
    for bootstrap in ["dump", "snapshot", "clone", "aurora"] {
        let said = stage.check(&["--bootstrap", bootstrap])?;
        for code in ["PF901", "PF902"] {
            assert!(said.words(code).is_empty(), "{bootstrap}: {:#?}", said.findings);
        }
        assert!(!said.words("PF904").contains("emitted statements"), "{bootstrap}: {:#?}", said.findings);
    }
    let swapped =
        stage.check_as(&stage.subscriber.conninfo(story::DATABASE), &stage.publisher.conninfo(story::DATABASE), &[])?;
    assert_eq!(swapped.code, Some(4));
    assert!(swapped.words("PF601").contains("are swapped"), "{:?}", swapped.findings);
    Ok(())
}

/// Too few slots, walsenders, workers and origins, and nothing is made to find it out.
fn small_servers(servers: &Servers) -> Result<(), Failed> {
    let small = ClusterSettings::new()
        .with("max_replication_slots", "10")
        .with("max_wal_senders", "6")
        .with("max_logical_replication_workers", "4")
        .with("max_worker_processes", "8")
        .with("max_active_replication_origins", "10");
    let stage = Stage::new(servers, 18, 18, &small)?;
    let untouched = (
        stage.publisher.query(story::DATABASE, story::TRACES)?,
        stage.subscriber.query(story::DATABASE, story::TRACES)?,
    );
    let said = stage.check(&[])?;
    assert_eq!(said.code, Some(4));
    for (code, words) in [
        ("PF102", "max_replication_slots is 10, but must be at least 11"),
        ("PF103", "max_wal_senders is 6, but must be at least 10"),
        ("PF301", "max_logical_replication_workers is 4, but must be at least 9"),
        ("PF302", "max_worker_processes is 8, but must be at least 10"),
        ("PF303", "max_active_replication_origins is 10, but must be at least 11"),
        ("PF303", "ALTER SYSTEM SET max_active_replication_origins = '11'; then restart the server"),
    ] {
        assert!(said.words(code).contains(words), "{code}: {:#?}", said.findings);
    }
    let traces = (
        stage.publisher.query(story::DATABASE, story::TRACES)?,
        stage.subscriber.query(story::DATABASE, story::TRACES)?,
    );
    assert_eq!(traces, untouched);
    Ok(())
}

/// The publisher has moved on since it was sampled; and it is busy.
fn drift(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 15, 16, &roomy())?;
    stage.publisher.query(
        story::DATABASE,
        "ALTER TABLE public.guarded RENAME TO renamed; DROP TABLE public.documents;
         CREATE TABLE public.\"new\n; table\" (id int PRIMARY KEY);
         ALTER TABLE public.accounts REPLICA IDENTITY NOTHING;
         CREATE UNIQUE INDEX other ON public.orders (id, note); ALTER TABLE public.orders ALTER note SET NOT NULL;
         ALTER TABLE public.orders REPLICA IDENTITY USING INDEX other;
         CREATE TABLE public.events_c PARTITION OF public.events FOR VALUES FROM (1000) TO (1001);
         ALTER TABLE public.order_lines ADD CONSTRAINT fresh FOREIGN KEY (id) REFERENCES public.accounts(id) NOT VALID;
         CREATE UNLOGGED TABLE public.cache (n int); CREATE SEQUENCE public.counter; SELECT lo_create(0);
         CREATE MATERIALIZED VIEW public.summary AS SELECT 1 AS one;
         CREATE TYPE public.mood AS ENUM ('ok', 'sad'); ALTER TABLE public.animals ADD feeling public.mood;",
    )?;
    stage.subscriber.query(story::DATABASE, "CREATE TYPE public.mood AS ENUM ('ok')")?;
    stage
        .publisher
        .query(story::DATABASE, "BEGIN; INSERT INTO public.canary VALUES ('x'); PREPARE TRANSACTION 'it''s open'")?;
    let said = stage.check(&[])?;
    assert_eq!(said.code, Some(4));
    let codes = said.codes();
    for code in
        ["PF604", "PF605", "PF201", "PF608", "PF609", "PF211", "PF215", "PF214", "PF213", "PF427", "PF431", "PF421"]
    {
        assert!(codes.contains(code), "{code} is not among {codes:?}");
    }
    assert!(
        said.words("PF604").contains("the same key: public.\\\"new\\\\u{a}; table\\\", public.renamed"),
        "{}",
        said.words("PF604")
    );
    assert!(
        said.words("PF201").contains("ALTER TABLE public.accounts REPLICA IDENTITY DEFAULT;"),
        "{}",
        said.words("PF201")
    );
    assert!(said.words("PF421").contains("ADD COLUMN feeling public.mood"));
    stage.subscriber.query(story::DATABASE, "ALTER TABLE public.animals ADD feeling public.mood")?;
    let said = stage.check(&[])?;
    assert!(said.words("PF428").contains("ADD VALUE 'sad'"), "{:#?}", said.findings);
    // a tree that is published by its leaves: the new one is in no publication
    let second = &mut stage.plan.slots[1];
    second.via_root = false;
    let root = second.tables.iter().position(|table| table.name == "events").ok_or("the tree is planned")?;
    let root = second.tables.remove(root);
    for leaf in &root.leaves {
        second.tables.push(pgslotplan::plan::PlannedTable {
            schema: leaf.schema.clone(),
            name: leaf.name.clone(),
            kind: pgslotplan::workload::TableKind::Partition,
            partition_root: Some(TableName::new("public", "events")),
            leaves: Vec::new(),
            ..root.clone()
        });
    }
    stage.write_plan()?;
    assert!(stage.check(&[])?.words("PF606").contains("events_c"));
    Ok(())
}

/// What only the subscriber's own catalog can hold.
fn traps(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 16, 18, &roomy())?;
    stage.subscriber.query(
        story::DATABASE,
        "CREATE TABLE public.unplanned (id bigint, account bigint REFERENCES public.accounts(id));
         CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
         CREATE TRIGGER always AFTER INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.audit();
         ALTER TABLE public.orders ENABLE ALWAYS TRIGGER always;
         CREATE FUNCTION public.twice(text) RETURNS text LANGUAGE sql IMMUTABLE AS $f$ SELECT $1 || $1 $f$;
         CREATE INDEX by_twice ON public.accounts (public.twice(name));
         ALTER TABLE public.documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         INSERT INTO public.guarded VALUES (1, 'there already');
         ALTER TABLE public.cats DROP CONSTRAINT cats_pkey;
         ALTER TABLE public.animals ALTER note TYPE varchar(10), ADD filled int NOT NULL;
         DROP TABLE public.audit;
         ALTER TABLE public.order_lines DROP CONSTRAINT order_lines_pkey CASCADE;
         ALTER TABLE public.order_lines ADD PRIMARY KEY (id, note)",
    )?;
    let said = stage.check(&[])?;
    assert_eq!(said.code, Some(4));
    for (code, words) in [
        ("PF404", "ALTER TABLE public.unplanned DROP CONSTRAINT unplanned_account_fkey;"),
        ("PF405", "trigger always fires"),
        ("PF406", "has no search_path of its own"),
        ("PF407", "function public.twice runs with replicated rows"),
        ("PF408", "documents"),
        ("PF409", "TRUNCATE public.guarded;"),
        ("PF403", "ALTER TABLE public.cats ADD PRIMARY KEY (id);"),
        ("PF423", "note character varying(10) here, text on the publisher"),
        ("PF422", "filled"),
        ("PF401", "audit"),
        ("PF413", "1 secondary index"),
        ("PF426", "has column note"),
    ] {
        assert!(said.words(code).contains(words), "{code} does not say {words}: {:#?}", said.findings);
    }
    // somebody else's objects under planned names
    stage.publisher.query(story::DATABASE, "CREATE PUBLICATION pgsp_1 FOR TABLE public.accounts")?;
    stage.publisher.query(
        story::DATABASE,
        "SELECT pg_create_logical_replication_slot('pgsp_1', 'test_decoding');
         SELECT pg_create_logical_replication_slot('pg_99999_sync_16384_7', 'pgoutput');
         SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput');
         SELECT pg_create_logical_replication_slot('1_none', 'pgoutput')",
    )?;
    stage.subscriber.query(
        story::DATABASE,
        "CREATE SUBSCRIPTION pgsp_1 CONNECTION 'host=nowhere.invalid' PUBLICATION other WITH (connect = false);
         CREATE SCHEMA pgslotplan; CREATE TABLE pgslotplan.plan (prefix text, plan_sha256 text, stopped boolean);
         INSERT INTO pgslotplan.plan VALUES ('pgsp', 'another', false)",
    )?;
    let said = stage.check(&[])?;
    for code in ["PF701", "PF704", "PF706", "PF710", "PF711", "PF712", "PF714"] {
        assert!(said.codes().contains(code), "{code}: {:#?}", said.findings);
    }
    stage
        .subscriber
        .query(story::DATABASE, "ALTER SUBSCRIPTION pgsp_1 SET (slot_name = NONE); DROP SUBSCRIPTION pgsp_1")?;
    Ok(())
}

/// The rules of which breaking one loses data or stops a slot for ever, as the servers' own catalogs show them.
fn hazards(servers: &Servers) -> Result<(), Failed> {
    let settings = roomy()
        .with("wal_level", "replica")
        .with("idle_replication_slot_timeout", "1h")
        .with("max_slot_wal_keep_size", "1GB")
        .with("wal_sender_timeout", "10s");
    let mut stage = Stage::new(servers, 18, 18, &settings)?;
    stage.publisher.query(story::DATABASE, "CREATE PUBLICATION everything FOR ALL TABLES")?;
    stage.subscriber.query(story::DATABASE, "CREATE UNIQUE INDEX one_name ON public.accounts (name)")?;
    let tables = &mut stage.plan.slots[0].tables;
    tables[0].row_filter = Some("(hashint8(id) & 1) = 0".into());
    tables[1].row_filter = Some("abs(hashtext(note)) % 2 = 0".into());
    stage.write_plan()?;
    let said = stage.check(&[])?;
    assert_eq!(said.code, Some(4));
    for (code, words) in [
        ("PF101", "ALTER SYSTEM SET wal_level = 'logical'"),
        ("PF104", "max_slot_wal_keep_size"),
        ("PF105", "ALTER SYSTEM SET idle_replication_slot_timeout = '0'"),
        ("PF107", "wal_sender_timeout"),
        ("PF203", "orders"),
        ("PF205", "ALTER TABLE public.accounts REPLICA IDENTITY FULL;"),
        ("PF206", "accounts"),
        ("PF207", "hashint8(key)"),
        ("PF216", "everything"),
        ("PF306", "wal_level is replica"),
        ("PF410", "one_name"),
        ("PF902", "would replicate TRUNCATE"),
    ] {
        assert!(said.words(code).contains(words), "{code} does not say {words}: {:#?}", said.findings);
    }
    for cluster in [&mut stage.publisher, &mut stage.subscriber] {
        cluster.configure("wal_level", "logical")?;
        cluster.restart()?;
    }
    // a slot before its publication and after the clone, a subscription that lists nothing, slots that a clone brought along
    let slot = "SELECT pg_create_logical_replication_slot('pgsp_1', 'pgoutput')";
    stage.publisher.query(story::DATABASE, slot)?;
    stage.subscriber.query(story::DATABASE, slot)?;
    stage.subscriber.query(
        story::DATABASE,
        "CREATE SUBSCRIPTION pgsp_1 CONNECTION 'host=nowhere.invalid' PUBLICATION pgsp_1 WITH (connect = false);
         CREATE SUBSCRIPTION upstream CONNECTION 'host=nowhere.invalid' PUBLICATION other WITH (connect = false)",
    )?;
    let said = stage.check(&["--bootstrap", "clone", "--clone-lsn", "0/1"])?;
    for code in ["PF709", "PF713", "PF714", "PF715", "PF716"] {
        assert!(said.codes().contains(code), "{code}: {:#?}", said.findings);
    }
    assert!(!said.codes().contains("PF101") && !said.codes().contains("PF306"), "{:#?}", said.findings);
    for name in ["pgsp_1", "upstream"] {
        let drop = format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE); DROP SUBSCRIPTION {name}");
        stage.subscriber.query(story::DATABASE, &drop)?;
    }
    Ok(())
}

fn same_server(servers: &Servers, major: u32) -> Result<(), Failed> {
    let cluster = servers.start(major, &roomy())?;
    cluster.query("postgres", &format!("CREATE DATABASE {}", quote_identifier(story::DATABASE)))?;
    cluster.query(story::DATABASE, &story::schema())?;
    let identifier = cluster.value("postgres", "SELECT system_identifier FROM pg_catalog.pg_control_system()")?;
    let mut plan = story::plan(major, major, identifier);
    plan.plan_sha256 = plan.digest();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plan.json");
    fs::write(&file, format::write(&plan))?;
    for (other, words) in [(story::DATABASE, "are the same database"), ("postgres", "are databases of the same server")]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
        command.stdin(Stdio::null()).arg("check").arg(&file);
        command.args(["--publisher", &cluster.conninfo(story::DATABASE), "--subscriber", &cluster.conninfo(other)]);
        let output = command.output()?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(4), "{stdout}");
        assert!(stdout.contains("PF501") && stdout.contains(words), "{stdout}");
    }
    Ok(())
}

/// With CONNECT alone and with pg_monitor: what could not be seen is said, and is no error of the program.
fn little_sight(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, publisher, subscriber, &roomy())?;
    for cluster in [&stage.publisher, &stage.subscriber] {
        cluster.query("postgres", "CREATE ROLE nobody LOGIN; CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor; CREATE ROLE replicator LOGIN REPLICATION")?;
    }
    stage.subscriber.query(story::DATABASE, "INSERT INTO public.guarded VALUES (1, 'x')")?;
    let as_role = |cluster: &Cluster, role: &str| {
        cluster.conninfo(story::DATABASE).replace("user=postgres", &format!("user={role}"))
    };
    let check = |role: &str, options: &[&str]| {
        stage.check_as(&as_role(&stage.publisher, role), &as_role(&stage.subscriber, role), options)
    };
    let said = check("nobody", &[])?;
    assert_eq!(said.code, Some(0), "what is not seen is no error: {:#?}", said.findings);
    assert!(said.words("PF904").contains("GRANT pg_monitor"), "{:#?}", said.findings);
    assert!(said.words("PF904").contains("whether 1 tables are empty"), "{:#?}", said.findings);
    assert!(said.codes().contains("PF113") && said.codes().contains("PF115") && said.codes().contains("PF308"));
    let said = check("monitor", &[])?;
    assert!(!said.words("PF904").contains("GRANT pg_monitor"), "{:#?}", said.findings);
    let said = check("monitor", &["--replication-role", "replicator"])?;
    assert!(said.words("PF116").contains("GRANT SELECT ON public.accounts TO replicator"), "{:#?}", said.findings);
    assert_eq!(said.code, Some(4));
    stage.publisher.query(story::DATABASE, "ALTER TABLE public.accounts ENABLE ROW LEVEL SECURITY")?;
    let said = check("monitor", &["--replication-role", "replicator"])?;
    assert!(said.words("PF117").contains("ALTER ROLE replicator BYPASSRLS"), "{:#?}", said.findings);
    let missing = stage.check_as(
        &as_role(&stage.publisher, "monitor"),
        &as_role(&stage.subscriber, "monitor"),
        &["--replication-role", "no one"],
    );
    assert!(missing.is_err_and(|error| format!("{error:?}").contains("role \\\"no one\\\" does not exist")));
    Ok(())
}

fn one_side_and_formats(servers: &Servers) -> Result<(), Failed> {
    let stage = Stage::new(servers, 14, 14, &roomy())?;
    let database = story::DATABASE;
    let (publisher, subscriber) = (stage.publisher.conninfo(database), stage.subscriber.conninfo(database));
    let run = |options: &[&str]| -> Result<(Option<i32>, String, String), Failed> {
        let output = stage.program().args(options).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
    };
    let (code, stdout, _) = run(&["--publisher", &publisher])?;
    assert!(code == Some(0) && stdout.contains("PF903") && stdout.contains("subscriber was not checked"), "{stdout}");
    let (code, stdout, _) = run(&["--subscriber", &subscriber])?;
    assert!(code == Some(0) && stdout.contains("publisher was not checked") && !stdout.contains("PF801"), "{stdout}");
    let (code, _, stderr) = run(&[])?;
    assert!(code == Some(1) && stderr.contains("no server given"), "{stderr}");
    let (code, _, stderr) = run(&["--publisher", &publisher, "--subscriber", "dbname=x"])?;
    assert_eq!(code, Some(2), "PGHOST does not count for the subscriber: {stderr}");
    assert!(!stderr.contains("nowhere.invalid"), "{stderr}");
    let both = ["--publisher", &publisher, "--subscriber", &subscriber];
    for (format, sign) in [
        ("text", "info PF506"),
        ("json", "\"code\": \"PF506\""),
        ("github", "::notice file="),
        ("sarif", "\"ruleId\": \"PF506\""),
        ("junit", "<testsuite name=\"pgslotplan\""),
    ] {
        let (code, stdout, stderr) = run(&[&both[..], &["--format", format]].concat())?;
        assert_eq!(code, Some(0), "{format}: {stderr}");
        let plain = stdout.replace("\u{1b}[2m", "").replace("\u{1b}[0m", "");
        assert!(plain.contains(sign), "{format}: {plain}");
    }
    let mut command = stage.program();
    command.env("PGSLOTPLAN_PUBLISHER", &publisher).env("PGSLOTPLAN_SUBSCRIBER", &subscriber);
    let with_environment = String::from_utf8_lossy(&command.output()?.stdout).into_owned();
    assert!(with_environment.contains("PF506") && !with_environment.contains("PF903"), "{with_environment}");
    Ok(())
}

/// A plan for a version that knows more than the server does: the server itself says so, and nothing is run.
fn unparsable(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 14, 15, &roomy())?;
    stage.plan.publisher_version = ServerVersion::of_major(15);
    let first = &mut stage.plan.slots[0];
    first.publish = "insert, update, delete".parse().unwrap();
    first.tables[0].row_filter = Some("id > 0".into());
    stage.write_plan()?;
    let said = stage.check(&[])?;
    assert_eq!(said.code, Some(4));
    assert!(said.words("PF901").contains("CREATE PUBLICATION"), "{:#?}", said.findings);
    assert!(said.words("PF111").contains("--publisher-version 14"), "{:#?}", said.findings);
    let left = stage.publisher.value(story::DATABASE, "SELECT count(*) FROM pg_publication")?;
    assert_eq!(left, "0");
    Ok(())
}

/// How long a check of 20,000 tables takes, with the figures on standard output: `docs/measurements.md` has them.
fn twenty_thousand_tables(servers: &Servers) -> Result<(), Failed> {
    const TABLES: usize = 20_000;
    let settings = roomy().with("shared_buffers", "256MB");
    let (publisher, subscriber) = (servers.start(15, &settings)?, servers.start(18, &settings)?);
    for cluster in [&publisher, &subscriber] {
        cluster.query("postgres", "CREATE DATABASE shop")?;
        for batch in 0..TABLES / 1000 {
            cluster.query(
                "shop",
                &format!(
                    "DO $$ BEGIN FOR n IN {}..{} LOOP
                       EXECUTE format('CREATE TABLE t_%s (id bigint PRIMARY KEY, a int, b text, c numeric(10,2), d timestamptz,
                         e boolean, f varchar(40), g jsonb, h bigint, i date)', n);
                       EXECUTE format('CREATE INDEX ON t_%s (h)', n);
                       IF n % 10 = 1 THEN EXECUTE format('ALTER TABLE t_%s ADD FOREIGN KEY (h) REFERENCES t_%s', n, n - 1); END IF;
                     END LOOP; END $$",
                    batch * 1000,
                    batch * 1000 + 999
                ),
            )?;
        }
    }
    let identifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
    let mut plan = story::plan(15, 18, publisher.value("postgres", identifier)?);
    plan.database = "shop".into();
    plan.foreign_keys.clear();
    let (slot, table) = (plan.slots[0].clone(), plan.slots[0].tables[0].clone());
    plan.slots.clear();
    for number in 0..8 {
        let name = format!("pgsp_{number}");
        let mut slot = slot.clone();
        slot.name = pgslotplan::names::SlotName::new(name.clone())?;
        (slot.publication, slot.subscription) = (name.clone(), name);
        // n and n - 1, which a foreign key may join, are in one slot
        let of_slot = (0..TABLES).filter(|n| n / 2 % 8 == number);
        slot.tables =
            of_slot.map(|n| pgslotplan::plan::PlannedTable { name: format!("t_{n}"), ..table.clone() }).collect();
        plan.slots.push(slot);
    }
    let stage = Stage { publisher, subscriber, plan, folder: tempfile::tempdir()? };
    stage.write_plan()?;
    for run in 1..=3 {
        let start = std::time::Instant::now();
        let said = stage.check_as(&stage.publisher.conninfo("shop"), &stage.subscriber.conninfo("shop"), &[])?;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "\nmeasured, run {run} of 3: `check` of {TABLES} tables on both servers took {seconds:.2} s wall-clock time"
        );
        assert!(!said.codes().contains("PF904") && !said.codes().contains("PF404"), "{:?}", said.codes());
        assert!(said.words("PF413").contains("20000 secondary indexes"), "{}", said.words("PF413"));
    }
    Ok(())
}
