//! Hints of `check`, followed to the letter on real servers: the statement runs, its finding is gone, and no
//! other one comes.
//!
//! A unit test of `preflight` holds every hint with a statement against the two lists here.

use std::{collections::BTreeSet, fs, process::Stdio, time::Duration};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    plan::Plan,
    throwaway::{Cluster, Servers},
};
use serde_json::Value;

use crate::{
    bench::case,
    pair::{bare, clusters, table},
    story,
};

const DATABASE: &str = "shop";

pub fn trials() -> Vec<Trial> {
    vec![
        case("hints::followed_to_the_letter_they_mend_and_break_nothing_15_to_16", 2, |servers| mend(servers, 15, 16)),
        case("hints::followed_to_the_letter_they_mend_and_break_nothing_17_to_18", 2, |servers| mend(servers, 17, 18)),
        case("hints::for_roles_and_leftovers_mend_and_break_nothing_15_to_16", 2, |servers| others(servers, 15, 16)),
    ]
}

/// Code, what makes it on the publisher, what makes it on the subscriber. Each has a table of its own, `t` and the code's number, with
/// an integer key and a text. The first statement of the hint mends it; a second one undoes the first at the cutover.
const SCHEMA: [(&str, &str, &str); 12] = [
    ("PF201", "ALTER TABLE t201 DROP CONSTRAINT t201_pkey; CREATE UNIQUE INDEX t201_id ON t201 (id)", ""),
    ("PF209", "ALTER TABLE t209 SET UNLOGGED", ""),
    ("PF403", "", "ALTER TABLE t403 DROP CONSTRAINT t403_pkey"),
    ("PF404", "", "CREATE TABLE outside (id int PRIMARY KEY, other int REFERENCES t404)"),
    ("PF409", "", "INSERT INTO t409 VALUES (1)"),
    ("PF421", "ALTER TABLE t421 ADD COLUMN \"how much\" numeric(9,2) NOT NULL", ""),
    ("PF422", "", "ALTER TABLE t422 ADD COLUMN more int NOT NULL"),
    (
        "PF424",
        "",
        "ALTER TABLE t424 DROP COLUMN v; ALTER TABLE t424 ADD COLUMN v text GENERATED ALWAYS AS ('x') STORED",
    ),
    (
        "PF428",
        "CREATE TYPE mood AS ENUM ('fine', 'it''s'); ALTER TABLE t428 ADD COLUMN m mood",
        "CREATE TYPE mood AS ENUM ('fine'); ALTER TABLE t428 ADD COLUMN m mood",
    ),
    ("PF429", "CREATE EXTENSION hstore", ""),
    ("PF701", "SELECT pg_create_physical_replication_slot('pgsp_1')", ""),
    ("PF704", "CREATE PUBLICATION pgsp_2 FOR TABLE t403", ""),
];

/// What is tried in [`others`]: about roles, slots and subscriptions.
const OTHERS: [&str; 9] = ["PF113", "PF116", "PF117", "PF118", "PF308", "PF706", "PF708", "PF711", "PF714"];

/// Codes whose hint holds a statement that is not tried, and why.
#[allow(dead_code, reason = "read by a unit test of preflight, as text")]
const NOT_TRIED: [(&str, &str); 31] = [
    ("PF112", "a minor version that loses changes is not among the test servers"),
    ("PF114", "a server without any role that replicates is one without its superuser"),
    ("PF115", "grants as those of PF308"),
    ("PF121", "takes a transaction of more than a minute"),
    ("PF122", "takes a prepared transaction of more than a minute"),
    ("PF134", "a standby of the subscriber; what it costs is patroni::'s"),
    ("PF138", "standbys are patroni::'s"),
    ("PF142", "followed to the letter in layouts::, whose clone step then runs as that role"),
    (
        "PF202",
        "CREATE UNIQUE INDEX CONCURRENTLY with a name that the server chooses; the identity is set by the scripts",
    ),
    ("PF203", "row filters are split::'s"),
    ("PF205", "row filters are split::'s"),
    ("PF217", "the columns are for the reader to choose"),
    ("PF309", "takes a clone"),
    ("PF321", "the grants of PF308 and PF113; roles without them are managed::'s"),
    ("PF323", "roles that do not own the database are managed::'s"),
    ("PF324", "roles without CREATEROLE are managed::'s"),
    ("PF326", "a grant of PF308's"),
    ("PF406", "the search_path is for the reader to choose"),
    ("PF407", "the search_path is for the reader to choose"),
    ("PF411", "the columns are for the reader to choose"),
    ("PF410", "a constraint of a shard, which comes back with the cutover"),
    ("PF430", "a new database, with a locale for the reader to choose"),
    ("PF434", "a query that shows values"),
    ("PF435", "owners that may not write are guards::'s"),
    ("PF440", "functions of tenants are attacks_carrying::'s"),
    ("PF441", "functions of tenants are attacks_carrying::'s"),
    ("PF503", "a line of a file of the server"),
    ("PF506", "a command of the shell"),
    ("PF709", "takes a clone"),
    ("PF710", "takes a copy that was stopped; the statement is that of PF701"),
    ("PF715", "followed to the letter in repair of a subscription by hand: it copies the table"),
];

/// Servers, a plan for all tables, and what is there.
struct Stage {
    publisher: Cluster,
    subscriber: Cluster,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(servers: &Servers, (publisher, subscriber): (u32, u32), names: &[&str]) -> Result<Self, Failed> {
        let schema: String =
            names.iter().map(|name| format!("CREATE TABLE {name} (id int PRIMARY KEY, v text);")).collect();
        let (from, to) = clusters(servers, (publisher, subscriber), DATABASE, &[&schema])?;
        let identifier = from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?;
        let mut plan: Plan = story::plan(publisher, subscriber, identifier);
        plan.database = DATABASE.into();
        plan.slots.truncate(2);
        plan.foreign_keys.clear();
        for (slot, name) in plan.slots.iter_mut().zip(["pgsp_1", "pgsp_2"]) {
            slot.name = pgslotplan::names::SlotName::new(name)?;
            (slot.publication, slot.subscription) = (name.into(), name.into());
            (slot.insert_only_publication, slot.via_root) = (None, false);
        }
        let (first, second): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| !name.starts_with("t7"));
        plan.slots[0].tables = first.iter().map(|name| table(name, &["id"])).collect();
        plan.slots[1].tables = second.iter().map(|name| table(name, &["id"])).collect();
        plan.plan_sha256 = plan.digest();
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("plan.json"), format::write(&plan))?;
        Ok(Stage { publisher: from, subscriber: to, folder })
    }

    fn findings(&self, subscriber: &str, options: &[&str]) -> Result<Vec<Value>, Failed> {
        let mut command = bare(env!("CARGO_BIN_EXE_pgslotplan"));
        let publisher = self.publisher.conninfo(DATABASE);
        command.stdin(Stdio::null()).arg("check").arg(self.folder.path().join("plan.json"));
        command.args(["--format", "json", "--no-inventory", "--publisher", &publisher, "--subscriber", subscriber]);
        let output = command.args(options).output()?;
        let report: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(report["findings"].as_array().cloned().unwrap_or_default())
    }

    fn check(&self) -> Result<Vec<Value>, Failed> {
        self.findings(&self.subscriber.conninfo(DATABASE), &[])
    }

    /// Runs a statement where the finding of this code says.
    fn follow(&self, code: &str, statement: &str) -> Result<(), Failed> {
        let on_subscriber = code.starts_with("PF4") || ["PF308", "PF706", "PF708"].contains(&code);
        let cluster = if on_subscriber { &self.subscriber } else { &self.publisher };
        cluster.psql(DATABASE, statement)?.success().map_err(|error| format!("{code}: {statement}: {error}"))?;
        Ok(())
    }
}

fn codes(findings: &[Value]) -> BTreeSet<String> {
    findings.iter().filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect()
}

/// The hints of a code.
fn hints<'a>(findings: &'a [Value], code: &str) -> Vec<&'a str> {
    findings.iter().filter(|finding| finding["code"] == code).filter_map(|finding| finding["hint"].as_str()).collect()
}

/// The statements of a hint: from a word that begins one to the semicolon.
fn statements(hint: &str) -> Vec<&str> {
    const FIRST: [&str; 6] = ["ALTER ", "CREATE ", "DROP ", "GRANT ", "TRUNCATE ", "SELECT "];
    let pieces = hint.split_inclusive(';').filter(|piece| piece.ends_with(';'));
    pieces.filter_map(|piece| Some(&piece[FIRST.iter().filter_map(|word| piece.find(word)).min()?..])).collect()
}

/// All at once: each code has a table of its own.
fn mend(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let names: Vec<String> = SCHEMA.iter().map(|(code, ..)| code.replace("PF", "t")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = Stage::new(servers, (publisher, subscriber), &names)?;
    let sound = codes(&stage.check()?);
    for (code, on_publisher, on_subscriber) in SCHEMA {
        assert!(!sound.contains(code), "{code} is found where nothing is wrong");
        for (cluster, sql) in [(&stage.publisher, on_publisher), (&stage.subscriber, on_subscriber)] {
            cluster.psql(DATABASE, sql)?.success().map_err(|error| format!("{code}: {error}"))?;
        }
    }
    // a default is not known to `check`, and without it later rows would be wrong: no statement for such a column
    stage.publisher.psql(DATABASE, "ALTER TABLE t422 ADD COLUMN kind text NOT NULL DEFAULT 'plain'")?.success()?;
    let before = stage.check()?;
    let defaulted: Vec<&str> = hints(&before, "PF421").into_iter().filter(|hint| statements(hint).is_empty()).collect();
    assert!(defaulted.len() == 1 && defaulted[0].contains("pg_dump"), "{:?}", hints(&before, "PF421"));
    stage.subscriber.psql(DATABASE, "ALTER TABLE t422 ADD COLUMN kind text NOT NULL DEFAULT 'plain'")?.success()?;
    for (code, ..) in SCHEMA {
        let found = hints(&before, code);
        assert!(!found.is_empty(), "{code} is not found: {before:#?}");
        for statement in found.iter().filter_map(|hint| statements(hint).into_iter().next()) {
            stage.follow(code, statement)?;
        }
    }
    let after = stage.check()?;
    let (left, known) = (codes(&after), codes(&before));
    for (code, ..) in SCHEMA {
        assert!(!left.contains(code), "{code} is still there: {after:#?}");
    }
    assert!(left.is_subset(&known), "something else broke: {:?}", left.difference(&known));
    let nullable = "SELECT count(*) FROM pg_attribute WHERE attrelid = 't421'::regclass AND attname = 'how much' AND NOT attnotnull";
    assert_eq!(stage.subscriber.value(DATABASE, nullable)?, "0");
    Ok(())
}

fn others(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, (publisher, subscriber), &["t116", "t308", "t706", "t708", "t714"])?;
    roles(&stage)?;
    subscribing_role(&stage)?;
    leftovers(&stage)
}

/// A role that is to replicate, and may nothing.
fn roles(stage: &Stage) -> Result<(), Failed> {
    let made = "CREATE ROLE replicator LOGIN; ALTER ROLE replicator SET statement_timeout = '30s';
        ALTER TABLE t116 ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON t116 USING (id > 5)";
    stage.publisher.psql(DATABASE, made)?.success()?;
    let all = stage.subscriber.conninfo(DATABASE);
    let as_role = ["--replication-role", "replicator"];
    let first = stage.findings(&all, &as_role)?;
    // one after the other: who may not replicate is not judged further
    let mut before = first.clone();
    for code in &OTHERS[..4] {
        let found: Vec<String> = hints(&before, code).into_iter().map(str::to_owned).collect();
        assert!(!found.is_empty(), "{code} is not found: {before:#?}");
        for statement in found.iter().filter_map(|hint| statements(hint).into_iter().next()) {
            stage.follow(code, statement)?;
        }
        before = stage.findings(&all, &as_role)?;
        assert!(!codes(&before).contains(*code), "{code} is still there: {before:#?}");
    }
    Ok(())
}

/// A role that is to subscribe: with the grants of the hint it copies a table that belongs to another one.
fn subscribing_role(stage: &Stage) -> Result<(), Failed> {
    stage.subscriber.psql(DATABASE, "CREATE ROLE keeper; ALTER TABLE t308 OWNER TO keeper; CREATE ROLE carrier LOGIN; GRANT pg_read_all_settings TO carrier")?.success()?;
    let as_role = stage.subscriber.conninfo(DATABASE).replace("user=postgres", "user=carrier");
    let before = stage.findings(&as_role, &[])?;
    let hint = hints(&before, "PF308").first().copied().ok_or_else(|| format!("PF308 is not found: {before:#?}"))?;
    for statement in statements(hint) {
        stage.follow("PF308", statement)?;
    }
    assert!(!codes(&stage.findings(&as_role, &[])?).contains("PF308"));
    stage
        .publisher
        .psql(DATABASE, "INSERT INTO t308 VALUES (1, 'x'); CREATE PUBLICATION tried FOR TABLE t308")?
        .success()?;
    let made = format!(
        "CREATE SUBSCRIPTION tried CONNECTION '{}' PUBLICATION tried WITH (enabled = false, password_required = false)",
        stage.publisher.conninfo(DATABASE).replace('\'', "''")
    );
    for sql in [&made, "ALTER SUBSCRIPTION tried OWNER TO carrier", "ALTER SUBSCRIPTION tried ENABLE"] {
        stage.subscriber.psql(DATABASE, sql)?.success()?;
    }
    stage.subscriber.wait_until(DATABASE, "SELECT count(*) = 1 FROM t308", Duration::from_secs(60))?;
    stage.subscriber.psql(DATABASE, "DROP SUBSCRIPTION tried")?.success()?;
    stage.subscriber.psql(DATABASE, "TRUNCATE t308")?.success()?;
    stage.publisher.psql(DATABASE, "DROP PUBLICATION tried")?.success()?;
    Ok(())
}

/// Slots, publications and subscriptions of others.
fn leftovers(stage: &Stage) -> Result<(), Failed> {
    let made = "CREATE PUBLICATION theirs FOR TABLE t708; CREATE PUBLICATION pgsp_2 FOR TABLE t116;
        SELECT pg_create_logical_replication_slot('pgsp_1', 'pgoutput'), pg_create_logical_replication_slot('left_over', 'test_decoding')";
    stage.publisher.psql(DATABASE, made)?.success()?;
    for (name, slot) in [("theirs", "theirs"), ("pgsp_2", "of_pgsp_2")] {
        let made = format!(
            "CREATE SUBSCRIPTION {name} CONNECTION '{}' PUBLICATION theirs WITH (slot_name = {slot}, copy_data = false)",
            stage.publisher.conninfo(DATABASE).replace('\'', "''")
        );
        stage.subscriber.psql(DATABASE, &made)?.success()?;
    }
    let before = stage.check()?;
    // a slot may need it: the statement broke one with 127 tables
    let hint = hints(&before, "PF704").first().copied().ok_or_else(|| format!("PF704 is not found: {before:#?}"))?;
    assert!(statements(hint).is_empty() && hint.contains("--prefix"), "{hint}");
    for code in &OTHERS[5..] {
        let found = hints(&before, code);
        assert!(!found.is_empty(), "{code} is not found: {before:#?}");
        for statement in found.iter().filter_map(|hint| statements(hint).into_iter().next()) {
            stage.follow(code, &statement.replace("'NAME'", "'left_over'"))?;
        }
    }
    let after = stage.check()?;
    let (left, mut known) = (codes(&after), codes(&before));
    known.insert("PF506".to_owned()); // the subscription whose work was the proof is gone
    assert!(OTHERS[5..].iter().all(|code| !left.contains(*code)), "{after:#?}");
    assert!(left.is_subset(&known), "something else broke: {:?}", left.difference(&known));
    assert_eq!(
        stage.publisher.value(DATABASE, "SELECT count(*) FROM pg_replication_slots")?,
        "0",
        "a slot that nobody reads"
    );
    Ok(())
}
