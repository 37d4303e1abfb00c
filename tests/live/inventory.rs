//! The inventory on real servers: a database with one of every kind of object is copied by pg_dump, and nothing differs; then one
//! fact after the other is changed on the subscriber, and exactly it is found.

use std::{collections::BTreeSet, process::Command, time::Instant};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    finding::{Finding, Severity},
    inventory::{Accepted, Inventory, Kind, PASSWORDS_SQL, SQL, compare},
    server::ServerVersion,
    throwaway::{Cluster, ClusterSettings, Servers},
};

use crate::bench::case;

const EVERYTHING: &str = include_str!("inventory/everything.sql");
pub const MUTATIONS: &str = include_str!("inventory/mutations.sql");
pub const DATABASE: &str = "shop";

pub fn trials() -> Vec<Trial> {
    vec![
        case("inventory::every_changed_fact_is_found_15_to_18", 2, |servers| mutations(servers, 15, 18)),
        case("inventory::every_changed_fact_is_found_13_to_18", 2, |servers| mutations(servers, 13, 18)),
        case("inventory::every_changed_fact_is_found_18_to_18", 2, |servers| mutations(servers, 18, 18)),
        case("inventory::measured_20000_tables", 1, twenty_thousand_tables).with_ignored_flag(true),
    ]
}

/// Reads one side as the kit does: by psql, rows as COPY writes them.
pub fn read(cluster: &Cluster, major: u32) -> Result<Inventory, Failed> {
    let settings = "SET search_path = pg_catalog, pg_temp; SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC';\n";
    let statements: String = SQL.iter().map(|(_, sql)| *sql).chain([PASSWORDS_SQL]).collect();
    let rows = cluster.psql(DATABASE, &format!("{settings}{statements}"))?.success()?;
    let mut inventory = Inventory::new(ServerVersion::of_major(major));
    for row in rows.lines() {
        inventory.take_row(row)?;
    }
    Ok(inventory)
}

/// What a finding is about, as a line that accepts it.
fn line(finding: &Finding) -> String {
    let hint = finding.hint.as_deref().unwrap_or_default();
    hint.split_once("To accept it: ").map_or_else(|| finding.message.clone(), |(_, line)| line.to_owned())
}

pub fn lines(findings: &[Finding]) -> BTreeSet<String> {
    findings.iter().map(line).collect()
}

/// The publisher with everything, and a subscriber with a copy of it by pg_dump and what no dump carries.
pub fn copied(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(Cluster, Cluster), Failed> {
    let settings = ClusterSettings::new();
    let (from, to) = (servers.start(publisher, &settings)?, servers.start(subscriber, &settings)?);
    from.query("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    from.psql(DATABASE, EVERYTHING)?.success()?;
    let before = read(&from, publisher)?;
    to.query("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    let early = compare(&before, &read(&to, subscriber)?, &Accepted::default());
    said_before_the_start(&early)?;
    let roles = "CREATE ROLE inv_app LOGIN PASSWORD 'x' CONNECTION LIMIT 20 VALID UNTIL '2035-01-01 00:00+00'; CREATE ROLE inv_group NOLOGIN CREATEDB;
        CREATE ROLE inv_owner NOLOGIN NOINHERIT; GRANT inv_group TO inv_app; GRANT inv_owner TO inv_app WITH ADMIN OPTION; GRANT pg_monitor TO inv_group;
        ALTER ROLE inv_app SET search_path = app, public; ALTER ROLE inv_app SET \"app.tenant\" = 'secret';";
    // a verifier comes along as it is
    let kind = if publisher < 14 { "'md5'" } else { "'scram-sha-256'" };
    to.query("postgres", &format!("ALTER ROLE postgres SET password_encryption = {kind}"))?;
    to.psql(DATABASE, roles)?.success()?;
    let output = Command::new(servers.tools().full(18)?.join("pg_dump"))
        .args(["--schema-only", "-d", &from.conninfo(DATABASE)])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    to.psql(DATABASE, &String::from_utf8(output.stdout)?)?.success()?;
    to.psql(DATABASE, "REFRESH MATERIALIZED VIEW app.daily")?.success()?;
    Ok((from, to))
}

/// Before the schema is there, what no step will bring is a warning, and the rest one line.
fn said_before_the_start(findings: &[Finding]) -> Result<(), Failed> {
    let known = lines(findings);
    let line = r#"password ["inv_app"]"#;
    assert!(known.contains(line), "{line} is not among {known:#?}");
    assert!(findings.iter().all(|finding| finding.severity > Severity::Error), "{findings:#?}");
    assert!(findings.len() < 15, "{findings:#?}");
    Ok(())
}

fn mutations(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let (from, to) = copied(servers, publisher, subscriber)?;
    let wanted = read(&from, publisher)?;
    let missing: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| !wanted.facts.keys().any(|object| object.kind == **kind))
        .map(|kind| kind.as_str())
        .collect();
    assert_eq!(missing, NOT_IN_THE_SCHEMA, "kinds that the schema lacks");
    let untouched = compare(&wanted, &read(&to, subscriber)?, &Accepted::default());
    assert!(untouched.is_empty(), "an untouched copy differs: {untouched:#?}");
    let mut count = 0;
    let mut wrong = Vec::new();
    for block in MUTATIONS.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let (head, body) = block.trim().split_once('\n').ok_or("a mutation has a head and a body")?;
        let expected: BTreeSet<String> =
            head.trim_start_matches("-- ").split(" + ").map(|line| line.trim().to_owned()).collect();
        let (change, undo) = body.split_once("-- undo\n").ok_or_else(|| format!("{head}: no way back"))?;
        to.psql(DATABASE, change)?.success().map_err(|error| format!("{head}: {error}"))?;
        let changed = read(&to, subscriber)?;
        let found = compare(&wanted, &changed, &Accepted::default());
        if lines(&found) != expected {
            wrong.push(format!("{change}: expected {expected:?}, found {found:#?}"));
        }
        // accepted by its own lines it is no longer said, and nothing is left over
        let accepted = Accepted::parse(&head.trim_start_matches("-- ").replace(" + ", "\n"))?;
        let left = compare(&wanted, &changed, &accepted);
        if left.iter().any(|finding| finding.code != "IV903") {
            wrong.push(format!("{head}: accepted, but still {left:#?}"));
        }
        to.psql(DATABASE, undo)?.success().map_err(|error| format!("{head}: {error}"))?;
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count >= 50, "only {count} mutations");
    let after = compare(&wanted, &read(&to, subscriber)?, &Accepted::default());
    assert!(after.is_empty(), "undone, but {after:#?}");
    Ok(())
}

/// Kinds that need a file, a slot or a C function on the server, or rows.
const NOT_IN_THE_SCHEMA: &[&str] = &[
    "tablespace",
    "language",
    "transform",
    "extension_table",
    "foreign_data_wrapper",
    "publication",
    "subscription",
    "slot",
    "large_objects",
    "security_label",
];

/// How long one side takes where it is large.
fn twenty_thousand_tables(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(18, &ClusterSettings::new().with("max_locks_per_transaction", "10000"))?;
    cluster.query("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    cluster.psql(DATABASE, LARGE)?.success()?;
    for round in 1..=3 {
        let started = Instant::now();
        let inventory = read(&cluster, 18)?;
        let facts: usize = inventory.facts.values().map(|facts| facts.len()).sum();
        println!(
            "round {round}: {} objects, {facts} facts in {:.1} s",
            inventory.facts.len(),
            started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

const LARGE: &str = "DO $$ BEGIN FOR i IN 1..20000 LOOP
    EXECUTE format('CREATE TABLE t%s (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a integer NOT NULL DEFAULT 0, b text,
        c timestamptz DEFAULT now(), d numeric(12, 2) CHECK (d > 0), e jsonb, f varchar(40) NOT NULL, g bigint REFERENCES t%s)', i, greatest(i - 1, 1));
    EXECUTE format('CREATE INDEX t%s_a ON t%s (a, lower(b))', i, i);
    IF i % 1000 = 0 THEN COMMIT; END IF; END LOOP; END $$; ANALYZE";
