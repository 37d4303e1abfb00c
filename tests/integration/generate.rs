//! Workloads that are made up: the defaults can be planned, and each way to make one.

use serde_json::Value;

use crate::story::Story;

fn read(story: &Story, name: &str) -> Value {
    serde_json::from_str(&story.read(name)).unwrap()
}

#[test]
fn the_defaults_are_planned_with_exit_code_0() {
    let story = Story::new("defaults");
    // All 1,000 tables over a week take half a minute here: fewer by day.
    let is_night = std::env::var_os("PGSLOTPLAN_NIGHT").is_some();
    story.quietly(if is_night { "generate -o w.json" } else { "generate --tables 200 --hours 24 -o w.json" });
    story.quietly("plan w.json --budget small -o p.json");
}

#[test]
fn each_kind_of_workload_is_made_and_planned() {
    let mut story = Story::new("generate");
    assert_eq!(story.run("generate --schema tpcc --hours 24 --total-wal 3MB/s -o tpcc.json"), 0);
    assert_eq!(story.run_briefly("plan tpcc.json --publications 2 --budget 500"), 0);
    story.file(
        "tables.csv",
        "name,inserts_per_s,updates_per_s,rows,toast_bytes,primary_key\n\
         shop.orders,120,300,5e6,,true\nshop.\"Line, Items\",900,,4e7,20GB,\nshop.countries,,,250,,\n",
    );
    // Quotes of CSV around quotes of SQL.
    let table = story.read("tables.csv").replace("shop.\"Line, Items\"", "\"shop.\"\"Line, Items\"\"\"");
    story.file("tables.csv", table);
    assert_eq!(story.run("generate --from tables.csv --hours 24 -o listed.json"), 0);
    let names: Vec<String> = read(&story, "listed.json")["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["name"].to_string())
        .collect();
    assert_eq!(names, ["\"Line, Items\"", "\"countries\"", "\"orders\""]);
    assert_eq!(story.run_briefly("plan listed.json --publications 2 --budget 500"), 0);
    assert_eq!(story.run("generate --like listed.json --scale 2 -o like.json"), 0);
    assert!(!story.read("like.json").contains("shop") && !story.read("like.json").contains("Line"));
    assert_eq!(story.run_briefly("plan like.json --publications 2 --budget 500"), 0);
    assert_eq!(
        story.run("generate --tables 60 --hours 24 --edges 100 --idle 0.5 --start 2026-03-07T00:00:00Z -o w.json"),
        0
    );
    let made = read(&story, "w.json");
    assert_eq!(made["foreign_keys"].as_array().unwrap().len(), 100);
    assert_eq!(made["start"], "2026-03-07T00:00:00Z");
    story.compare();
}

#[test]
fn what_cannot_be_made_is_named() {
    let mut story = Story::with_plan("generate_no");
    for (file, text) in [
        ("nameless.csv", "table,rows\na,1\n"),
        ("unknown.csv", "name,weight\na,1\n"),
        ("number.csv", "name,rows\na,1\nb,many\n"),
        ("twice.csv", "name\na\npublic.a\n"),
        ("ragged.csv", "name,rows\na\n"),
        ("negative.csv", "name,inserts_per_s\na,-1\n"),
        ("empty.csv", "name,rows\n"),
    ] {
        story.file(file, text);
        assert_eq!(story.run(&format!("generate --from {file} -o x.json")), 1);
    }
    for options in [
        "--schema tpcc --tables 5",
        "--like w.json --total-wal 1MB/s",
        "--like p.json",
        "--like w.json --scale 0",
        "--scale 2",
        "--edges 100000 --tables 5 --hours 1",
        "--idle 1",
        "--edges 5 --foreign-keys 2",
        "--start 1970-01-01T00:00:00Z",
    ] {
        assert_eq!(story.run(&format!("generate {options} -o x.json")), 1, "{options}");
    }
    story.compare();
}

/// Two files from one standard input, and a table that is to be apart from itself.
#[test]
fn what_is_asked_for_twice_is_named() {
    let mut story = Story::with_plan("twice");
    assert_eq!(story.shell("\"$PGSLOTPLAN\" audit - - < p.json"), 1);
    assert_eq!(story.shell("\"$PGSLOTPLAN\" simulate p.json - < w.json > forecast.txt"), 0);
    assert_eq!(story.run("plan w.json --keep-apart public.orders,public.orders"), 1);
    assert_eq!(story.run("plan w.json --keep-apart public.orders,orders"), 1);
    story.compare();
}
