//! Odd tables of every kind at once: whatever the files refuse, `plan` and `check` have said before, of the same tables; what they
//! agree on can be published, and a tree with a partition that writes no WAL is planned by its other partitions.

use std::{collections::BTreeSet, fs, path::Path, process::Output};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{ClusterSettings, Servers};
use serde_json::Value;

use crate::{bench::case, databases};

pub fn trials() -> Vec<Trial> {
    vec![
        case("agree::plan_check_and_files_on_odd_trees_13_to_16", 1, |servers| agree(servers, 13, 16)),
        case("agree::plan_check_and_files_on_odd_trees_15_to_18", 1, |servers| agree(servers, 15, 18)),
        case("agree::plan_check_and_files_on_odd_trees_18_to_18", 1, |servers| agree(servers, 18, 18)),
    ]
}

const DATABASE: &str = "odd";

/// How the rows of a table lie.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Plain,
    Tree,
    /// A partition that is partitioned again.
    DeepTree,
    Family,
    /// By hash of an enumerated type.
    HashTree,
}

/// What one of its relations is.
#[derive(Clone, Copy, PartialEq)]
enum Odd {
    Nothing,
    Unlogged,
    Foreign,
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Primary,
    Whole,
    Absent,
}

/// One of every combination that a server takes.
struct Case {
    name: String,
    shape: Shape,
    odd: Odd,
    key: Key,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for shape in [Shape::Plain, Shape::Tree, Shape::DeepTree, Shape::Family, Shape::HashTree] {
        for odd in [Odd::Nothing, Odd::Unlogged, Odd::Foreign] {
            for key in [Key::Primary, Key::Whole, Key::Absent] {
                // a foreign partition has no key, and its root none either
                if !(odd == Odd::Foreign && key == Key::Primary) {
                    cases.push(Case { name: format!("o{}", cases.len()), shape, odd, key });
                }
            }
        }
    }
    cases
}

impl Case {
    /// Relations are called by the case's name, a letter and `x` where they are odd.
    fn sql(&self) -> String {
        let name = &self.name;
        let key = if self.key == Key::Primary { ", PRIMARY KEY (d, id)" } else { "" };
        let odd = |table: &str, rest: &str| match self.odd {
            Odd::Nothing => format!("CREATE TABLE {table} {rest};"),
            Odd::Unlogged => format!("CREATE UNLOGGED TABLE {table} {rest};"),
            Odd::Foreign => format!("CREATE FOREIGN TABLE {table} {rest} SERVER elsewhere;"),
        };
        let columns = format!("(d int NOT NULL, id int NOT NULL, v text{key})");
        let mut sql = match self.shape {
            Shape::Plain => odd(&format!("{name}_x"), &columns),
            Shape::Tree => {
                format!("CREATE TABLE {name} {columns} PARTITION BY LIST (d); CREATE TABLE {name}_a PARTITION OF {name} FOR VALUES IN (1);")
                    + &odd(&format!("{name}_x"), &format!("PARTITION OF {name} FOR VALUES IN (2)"))
            }
            Shape::DeepTree => {
                format!(
                    "CREATE TABLE {name} {columns} PARTITION BY LIST (d); CREATE TABLE {name}_a PARTITION OF {name} FOR VALUES IN (1);
                     CREATE TABLE {name}_b PARTITION OF {name} FOR VALUES IN (2) PARTITION BY LIST (id);
                     CREATE TABLE {name}_c PARTITION OF {name}_b FOR VALUES IN (1);"
                ) + &odd(&format!("{name}_x"), &format!("PARTITION OF {name}_b FOR VALUES IN (2)"))
            }
            Shape::Family => {
                let of_child = if self.key == Key::Primary { "(PRIMARY KEY (d, id))" } else { "()" };
                format!("CREATE TABLE {name} {columns};") + &odd(&format!("{name}_x"), &format!("{of_child} INHERITS ({name})"))
            }
            Shape::HashTree => {
                let columns = columns.replace("d int", "d mood");
                format!(
                    "CREATE TABLE {name} {columns} PARTITION BY HASH (d);
                     CREATE TABLE {name}_a PARTITION OF {name} FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                ) + &odd(&format!("{name}_x"), &format!("PARTITION OF {name} FOR VALUES WITH (MODULUS 2, REMAINDER 1)"))
            }
        };
        if self.key == Key::Whole {
            sql += &format!(
                "SELECT format('ALTER TABLE %I REPLICA IDENTITY FULL', relname) FROM pg_class WHERE relname ~ '^{name}(_.)?$' AND relkind IN ('r', 'p') \\gexec\n"
            );
        }
        sql
    }
}

fn program(arguments: &[&str]) -> Result<Output, Failed> {
    Ok(databases::program(arguments).output()?)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder's name is plain")
}

/// The cases that a text names by one of their relations.
fn named(cases: &[Case], said: &str) -> BTreeSet<String> {
    let words: BTreeSet<&str> = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let is_named = |name: &str| words.iter().any(|word| word.split('_').next() == Some(name));
    cases.iter().filter(|case| is_named(&case.name)).map(|case| case.name.clone()).collect()
}

/// What the findings of severity error are about, in words.
fn errors(findings: &Value) -> String {
    let all = findings
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["severity"] == "error" && finding["code"] != "PF603");
    all.map(Value::to_string).collect::<Vec<_>>().join("\n")
}

fn agree(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let server = servers.start(publisher, &ClusterSettings::new())?;
    server.query("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    let cases = cases();
    let mut schema =
        "SET client_min_messages = error; CREATE TYPE mood AS ENUM ('low', 'high'); CREATE FOREIGN DATA WRAPPER nobody;
        CREATE SERVER elsewhere FOREIGN DATA WRAPPER nobody;\n"
            .to_owned();
    cases.iter().for_each(|case| schema += &(case.sql() + "\n"));
    let folder = tempfile::tempdir()?;
    let [workload, plan, scripts] = ["workload.json", "plan.json", "scripts"].map(|name| folder.path().join(name));
    server.psql(DATABASE, &schema)?.success()?;
    let sampled =
        program(&["-q", "sample", &server.conninfo(DATABASE), "--once", "--interval", "1s", "-o", text(&workload)])?;
    assert!(sampled.status.success(), "{}", String::from_utf8_lossy(&sampled.stderr));
    let version = subscriber.to_string();
    let planned = |more: &[&str], code: i32| -> Result<Value, Failed> {
        let mut arguments = vec![
            "plan",
            text(&workload),
            "-o",
            text(&plan),
            "-f",
            "--subscriber-version",
            &version,
            "--publications",
            "2",
        ];
        arguments.extend(["--budget", "small", "--min-validity", "0", "--max-dedicated", "0"].iter().chain(more));
        let said = program(&arguments)?;
        assert_eq!(said.status.code(), Some(code), "{}", String::from_utf8_lossy(&said.stderr));
        Ok(serde_json::from_slice(&fs::read(&plan)?)?)
    };
    let checked = |code: Option<i32>| -> Result<Value, Failed> {
        let said = program(&[
            "check",
            text(&plan),
            "--publisher",
            &server.conninfo(DATABASE),
            "--no-inventory",
            "--format",
            "json",
        ])?;
        assert!(code.is_none_or(|code| said.status.code() == Some(code)), "{}", String::from_utf8_lossy(&said.stdout));
        Ok(serde_json::from_slice(&said.stdout)?)
    };
    let step = |number: &str| -> Result<(i32, String), Failed> {
        let names = fs::read_dir(&scripts)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let name = names.filter(|name| name.starts_with(number)).min().ok_or_else(|| format!("no step {number}"))?;
        let outcome = server.run_script(DATABASE, &scripts.join(name), &[])?;
        Ok((outcome.code, outcome.stdout + &outcome.stderr))
    };
    let emitted = || -> Result<(), Failed> {
        if scripts.exists() {
            fs::remove_dir_all(&scripts)?; // it is changed below
        }
        let said = program(&["emit", text(&plan), "-o", text(&scripts), "-f"])?;
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        // the step says twenty lines; here all of them count
        let load = scripts.join("lib/load.sql");
        let body = fs::read_to_string(&load)?;
        assert!(body.contains("unnest(lines[1:20])"));
        Ok(fs::write(&load, body.replace("unnest(lines[1:20])", "unnest(lines)"))?)
    };

    // as it is: what has no identity is refused by all three, and nothing else
    let by_plan = named(&cases, &errors(&planned(&[], 4)?["findings"]));
    let by_check = named(&cases, &errors(&checked(Some(4))?["findings"]));
    emitted()?;
    let (code, said) = step("10_")?;
    assert_eq!(code, 3, "{said}");
    let by_files = named(&cases, &said);
    assert_eq!(by_plan, by_check, "plan and check");
    assert_eq!(by_plan, by_files, "plan and files: {said}");
    let sound = |case: &&Case| case.key != Key::Absent;
    assert!(cases.iter().filter(sound).all(|case| !by_plan.contains(&case.name)), "{by_plan:?}");

    // without those: everything is published
    let read = planned(&["--no-identity", "exclude"], 0)?;
    let found = errors(&checked(None)?["findings"]);
    assert!(named(&cases, &found).is_empty(), "{found}");
    emitted()?;
    for number in ["10_", "30_"] {
        let (code, said) = step(number)?;
        assert_eq!(code, 0, "{number}: {said}");
    }
    let members: Vec<(&str, &str)> = read["slots"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|slot| slot["tables"].as_array().into_iter().flatten())
        .filter_map(|table| Some((table["name"].as_str()?, table["kind"].as_str()?)))
        .collect();
    let excluded: Vec<String> = read["excluded"].as_array().into_iter().flatten().map(Value::to_string).collect();
    for case in cases.iter().filter(|case| case.key != Key::Absent) {
        let has = |letter: &str| members.iter().any(|(name, _)| *name == format!("{}{letter}", case.name));
        let is_out = |letter: &str| excluded.iter().any(|line| line.contains(&format!("\"{}{letter}\"", case.name)));
        let is_odd = case.odd != Odd::Nothing;
        match case.shape {
            Shape::Plain => assert!(has("_x") != is_odd && is_out("_x") == is_odd),
            Shape::Family => assert!(has("") && has("_x") != is_odd),
            Shape::Tree | Shape::DeepTree if is_odd => {
                assert!(has("_a") && is_out("") && is_out("_x") && !has("_x"), "{}: {members:?}", case.name);
                assert!(case.shape == Shape::Tree || has("_c"), "{}", case.name);
            }
            // rows would fit no partition of the same name elsewhere
            Shape::HashTree if is_odd => assert!(is_out("") && is_out("_a") && is_out("_x"), "{}", case.name),
            _ => assert!(has("") && !has("_a"), "{}: {members:?}", case.name),
        }
    }
    // a partition that comes later is in no publication, and is found
    let apart =
        cases.iter().find(|case| case.shape == Shape::Tree && case.odd == Odd::Unlogged && case.key == Key::Primary);
    let apart = &apart.ok_or("no such case")?.name;
    server.psql(DATABASE, &format!("CREATE TABLE {apart}_z PARTITION OF {apart} FOR VALUES IN (7)"))?.success()?;
    let found = errors(&checked(Some(4))?["findings"]);
    assert!(found.contains("PF606") && found.contains(&format!("{apart}_z")), "{found}");
    Ok(())
}
