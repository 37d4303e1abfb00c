//! Tables whose identity a version refuses or cannot use: `plan`, `check` and the files say the same of each of them.

use std::{collections::BTreeSet, path::Path, process::Output};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{ClusterSettings, Servers};
use serde_json::Value;

use crate::{bench::case, databases};

pub fn trials() -> Vec<Trial> {
    vec![
        case("identities::plan_check_and_files_agree_13_to_15", 1, |servers| agree(servers, 13, 15)),
        case("identities::plan_check_and_files_agree_13_to_18", 1, |servers| agree(servers, 13, 18)),
        case("identities::plan_check_and_files_agree_18_to_18", 1, |servers| agree(servers, 18, 18)),
    ]
}

/// When a table's UPDATE and DELETE cannot be replicated.
#[derive(Clone, Copy, PartialEq)]
enum Bad {
    Always,
    /// One side is of version 18.
    With18,
    Never,
}

/// Odd tables, `t` standing for the name, and when they must be refused.
const ODD: [(&str, Bad, &str); 19] = [
    ("plain", Bad::Never, "CREATE TABLE t (id int PRIMARY KEY, v text)"),
    ("without_key", Bad::Always, "CREATE TABLE t (id int)"),
    ("late_key", Bad::Always, "CREATE TABLE t (id int PRIMARY KEY DEFERRABLE)"),
    ("says_nothing", Bad::Always, "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY NOTHING"),
    ("computed", Bad::Never, "CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id + 1) STORED)"),
    (
        "computed_key",
        Bad::Always,
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a % 7) STORED, v text, PRIMARY KEY (a, g))",
    ),
    (
        "computed_full",
        Bad::With18,
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) STORED); ALTER TABLE t REPLICA IDENTITY FULL",
    ),
    (
        "computed_full_keyed",
        Bad::With18,
        "CREATE TABLE t (a int PRIMARY KEY, g int GENERATED ALWAYS AS (a * 2) STORED); ALTER TABLE t REPLICA IDENTITY FULL",
    ),
    (
        "computed_key_full",
        Bad::Always,
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a % 7) STORED, PRIMARY KEY (a, g)); ALTER TABLE t REPLICA IDENTITY FULL",
    ),
    (
        "computed_index",
        Bad::Always,
        "CREATE TABLE t (a int PRIMARY KEY, g int GENERATED ALWAYS AS (a + 1) STORED NOT NULL); CREATE UNIQUE INDEX t_g ON t (g);
         ALTER TABLE t REPLICA IDENTITY USING INDEX t_g",
    ),
    ("by_all_columns", Bad::Never, "CREATE TABLE t (a int, b text); ALTER TABLE t REPLICA IDENTITY FULL"),
    ("documents", Bad::Always, "CREATE TABLE t (a int, j json); ALTER TABLE t REPLICA IDENTITY FULL"),
    ("documents_keyed", Bad::Never, "CREATE TABLE t (a int PRIMARY KEY, j json); ALTER TABLE t REPLICA IDENTITY FULL"),
    ("places", Bad::Always, "CREATE TABLE t (a int, p point, u int UNIQUE); ALTER TABLE t REPLICA IDENTITY FULL"),
    ("many_places", Bad::Always, "CREATE TABLE t (a int, p point[]); ALTER TABLE t REPLICA IDENTITY FULL"),
    ("narrowed", Bad::Always, "CREATE DOMAIN d AS xml; CREATE TABLE t (a int, x d); ALTER TABLE t REPLICA IDENTITY FULL"),
    ("pair", Bad::Always, "CREATE TYPE c AS (n int, j json); CREATE TABLE t (a int, x c); ALTER TABLE t REPLICA IDENTITY FULL"),
    (
        "comparable",
        Bad::Never,
        "CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN v AS varchar(9); CREATE TABLE t (a int, e e, v v, j jsonb, r int4range, n numeric[],
         i inet, c cidr, b bit(3), m money, s tsvector, o regclass, ch \"char\", nm name, bp bpchar, vb varbit, ci macaddr8, u uuid,
         iv interval, by bytea); ALTER TABLE t REPLICA IDENTITY FULL",
    ),
    (
        "leaf_of_tree",
        Bad::Always,
        "CREATE TABLE tree (a int, g int GENERATED ALWAYS AS (a % 7) STORED, j json) PARTITION BY RANGE (a);
         ALTER TABLE tree REPLICA IDENTITY FULL; CREATE TABLE t PARTITION OF tree FOR VALUES FROM (0) TO (10);
         ALTER TABLE t REPLICA IDENTITY FULL",
    ),
];

/// Those that a publisher of this version can have.
fn odd_tables(publisher: u32) -> Vec<(&'static str, Bad, &'static str)> {
    let computed_on_read = (
        "computed_on_read",
        Bad::With18,
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) VIRTUAL); ALTER TABLE t REPLICA IDENTITY FULL",
    );
    ODD.into_iter().chain((publisher >= 18).then_some(computed_on_read)).collect()
}

fn program(arguments: &[&str]) -> Result<Output, Failed> {
    Ok(databases::program(arguments).output()?)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder's name is plain")
}

/// The odd tables that the findings of one code name.
fn named(odd: &[(&'static str, Bad, &str)], findings: &Value, code: &str) -> BTreeSet<&'static str> {
    let found = findings.as_array().into_iter().flatten().filter(|finding| finding["code"] == code);
    let said: Vec<String> = found.map(Value::to_string).collect();
    let is_named = |name: &str| said.iter().any(|text| mentions(text, name));
    odd.iter().map(|(name, ..)| *name).filter(|name| is_named(name)).collect()
}

/// Whether a text holds the name as a word.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
}

fn agree(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let server = servers.start(publisher, &ClusterSettings::new())?;
    server.query("postgres", "CREATE DATABASE odd")?;
    let odd = odd_tables(publisher);
    for (name, _, sql) in &odd {
        let sql = sql.replace("TABLE t ", &format!("TABLE {name} ")).replace(" ON t ", &format!(" ON {name} "));
        server.psql("odd", &format!("SET client_min_messages = warning; {sql}"))?.success()?;
    }
    let expected: BTreeSet<&str> = odd
        .iter()
        .filter(|(_, bad, _)| *bad == Bad::Always || *bad == Bad::With18 && publisher.max(subscriber) >= 18)
        .map(|(name, ..)| *name)
        .collect();
    let folder = tempfile::tempdir()?;
    let [workload, plan, scripts] = ["workload.json", "plan.json", "scripts"].map(|name| folder.path().join(name));
    let sampled = program(&[
        "-q",
        "sample",
        &server.conninfo("odd"),
        "--duration",
        "2s",
        "--interval",
        "1s",
        "--bucket",
        "1s",
        "-o",
        text(&workload),
    ])?;
    assert!(sampled.status.success(), "{}", String::from_utf8_lossy(&sampled.stderr));
    let version = subscriber.to_string();
    let planned = program(&[
        "plan",
        text(&workload),
        "-o",
        text(&plan),
        "--subscriber-version",
        &version,
        "--publications",
        "2",
        "--budget",
        "small",
        "--min-validity",
        "0",
    ])?;
    assert_eq!(planned.status.code(), Some(4), "{}", String::from_utf8_lossy(&planned.stderr));
    let read: Value = serde_json::from_slice(&std::fs::read(&plan)?)?;
    assert_eq!(named(&odd, &read["findings"], "PL201"), expected, "plan");
    let audited = program(&["audit", text(&plan), text(&workload)])?;
    // the plan's own findings count, and nothing else is wrong with it
    let said = String::from_utf8_lossy(&audited.stdout).into_owned();
    assert!(audited.status.code() == Some(4) && !said.contains("error AU"), "{said}");

    let checked = program(&["check", text(&plan), "--publisher", &server.conninfo("odd"), "--format", "json"])?;
    assert_eq!(checked.status.code(), Some(4), "{}", String::from_utf8_lossy(&checked.stderr));
    let answer: Value = serde_json::from_slice(&checked.stdout)?;
    assert_eq!(named(&odd, &answer["findings"], "PF201"), expected, "check");

    let emitted = program(&["emit", text(&plan), "-o", text(&scripts)])?;
    assert!(emitted.status.success(), "{}", String::from_utf8_lossy(&emitted.stderr));
    let step = std::fs::read_dir(&scripts)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let step = step.filter(|name| name.starts_with("10_")).min().ok_or("no step 10")?;
    let outcome = server.run_script("odd", &scripts.join(step), &[])?;
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    let refused: BTreeSet<&str> =
        odd.iter().map(|(name, ..)| *name).filter(|name| mentions(&outcome.stderr, name)).collect();
    assert_eq!(refused, expected, "{}", outcome.stderr);
    Ok(())
}
