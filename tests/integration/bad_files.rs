//! Files that cannot be used: one clear error, exit code 1, and nothing written.

use crate::story::Story;

/// A change to the only table of a tiny workload, or to the whole file.
fn workload(table: &str, rest: &str) -> String {
    format!(
        "{{\"kind\":\"workload\",\"version\":2,\"tool\":\"by hand\",\"database\":\"app\",{rest}\
         \"tables\":[{{\"schema\":\"public\",\"name\":\"a\"{table}}}]}}"
    )
}

#[test]
fn not_our_files() {
    let mut story = Story::with_plan("bad_files");
    let (good, plan) = (story.read("w.json"), story.read("p.json"));
    story.file("truncated.json", &good[..good.len() / 2]);
    story.file("empty.json", "");
    story.file("foreign.json", "{\"name\": \"left-pad\", \"version\": \"1.3.0\"}");
    story.file("list.json", "[1, 2, 3]");
    story.file("text.json", "not JSON at all");
    story.file("newer.json", good.replacen("\"version\": 2", "\"version\": 3", 1));
    story.file("older.json", good.replacen("\"version\": 2", "\"version\": 1", 1));
    story.file("older_plan.json", plan.replacen("\"version\": 2", "\"version\": 1", 1));
    story.file("latin1.json", b"{\"kind\": \"w\xF6rkload\"}");
    story.file("deep.json", "[".repeat(100_000));
    story.file("binary.json", [0u8, 159, 146, 150]);
    story.file("not.json.zst", "plain");
    std::fs::create_dir(story.path("folder.json")).unwrap();
    for file in [
        "truncated.json",
        "empty.json",
        "foreign.json",
        "list.json",
        "text.json",
        "newer.json",
        "older.json",
        "latin1.json",
        "deep.json",
        "binary.json",
        "not.json.zst",
        "folder.json",
        "missing.json",
        "p.json",
    ] {
        assert_eq!(story.run(&format!("plan {file} -o out.json")), 1, "{file}");
    }
    story.file("cut.json", &plan[..plan.len() / 2]);
    for line in [
        "emit older_plan.json -o out",
        "emit cut.json -o out",
        "emit w.json -o out",
        "audit w.json p.json",
        "audit cut.json w.json",
    ] {
        assert_eq!(story.run(line), 1, "{line}");
    }
    assert_eq!(story.run("plan w.json --previous w.json"), 1);
    assert!(!story.path("out.json").exists() && !story.path("out").exists());
    story.compare();
}

/// JSON knows no NaN, but 1e999 and minus signs it does.
#[test]
fn contradictions_in_a_workload() {
    let mut story = Story::with_plan("bad_workloads");
    let good: serde_json::Value = serde_json::from_str(&story.read("w.json")).unwrap();
    let mut try_with = |name: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        story.file(name, serde_json::to_string(&changed).unwrap());
        assert_eq!(story.run(&format!("plan {name} -o out.json")), 1, "{name}");
        assert!(!story.path("out.json").exists());
    };
    let rates = |workload: &mut serde_json::Value, value: serde_json::Value| {
        workload["tables"][0]["load"]["wal_bytes_per_s"] = value;
    };
    try_with("negative.json", &|w| rates(w, serde_json::json!([1.0, -2.0, 3.0])));
    try_with("short.json", &|w| rates(w, serde_json::json!([1.0, 2.0])));
    try_with("words.json", &|w| rates(w, serde_json::json!("many")));
    try_with("twice.json", &|w| {
        let first = w["tables"][0].clone();
        w["tables"].as_array_mut().unwrap().push(first);
    });
    try_with("nameless.json", &|w| w["tables"][0]["name"] = "".into());
    try_with("long_name.json", &|w| w["tables"][0]["name"] = "x".repeat(64).into());
    try_with("no_bucket.json", &|w| w["bucket_count"] = 0.into());
    try_with("no_tables.json", &|w| {
        w["tables"] = serde_json::json!([]);
        w["foreign_keys"] = serde_json::json!([]);
    });
    try_with("dangling.json", &|w| {
        w["foreign_keys"][0]["to"] = serde_json::json!({"schema": "public", "name": "gone"})
    });
    try_with("unknown_field.json", &|w| w["tables"][0]["wal_bytes_per_sec"] = 1.into());
    let huge = story.read("w.json").replacen("\"wal_bytes_per_s\":[", "\"wal_bytes_per_s\":[1e999,", 1);
    story.file("infinite.json", huge);
    assert_eq!(story.run("plan infinite.json -o out.json"), 1);
    story.file("nan.json", story.read("w.json").replacen("\"wal_bytes_per_s\":[", "\"wal_bytes_per_s\":[NaN,", 1));
    assert_eq!(story.run("plan nan.json -o out.json"), 1);
    story.file("tiny.json", workload("", ""));
    assert_eq!(story.run("plan tiny.json"), 1);
    story.compare();
}

/// What exists is kept, what cannot be written is said, and a full disk leaves nothing half-written.
#[test]
fn outputs() {
    let mut story = Story::with_plan("bad_outputs");
    for line in [
        "plan w.json -o p.json",
        "generate -o w.json",
        "generate -o missing/w.json",
        "generate -o w.json/w.json",
        "plan w.json -o missing/p.json",
        "emit p.json -o w.json",
        "emit p.json -o missing/scripts",
        "plan w.json -o /dev/full",
        "generate --tables 8 --hours 3 -o /dev/full --force",
    ] {
        assert_eq!(story.run(line), 1, "{line}");
    }
    std::fs::create_dir(story.path("full")).unwrap();
    story.file("full/mine.txt", "mine");
    assert_eq!(story.run("emit p.json -o full"), 1);
    assert_eq!(story.run("emit p.json -o full --force"), 1);
    // A limit on file sizes stands in for a full disk: the program sees a failing write in the middle of a file.
    let limited = |line: &str| format!("trap '' 25; ulimit -f 8; \"$PGSLOTPLAN\" {line}");
    for line in ["generate --tables 100 -o big.json", "plan w.json -o p.json --force", "emit p.json -o scripts"] {
        assert_eq!(story.shell(&limited(line)), 1, "{line}");
    }
    story.compare();
}
