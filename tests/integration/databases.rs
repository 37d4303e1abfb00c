//! Several databases of one cluster: a plan each, under one slot budget.

use std::collections::BTreeSet;

use crate::story::Story;

fn workload(story: &Story, database: &str, tables: u32, seed: u32, total: &str) {
    story.quietly(&format!(
        "generate --tables {tables} --hours 3 --no-key 0 --seed {seed} --total-wal {total} -o made.json"
    ));
    let mut made: serde_json::Value = serde_json::from_str(&story.read("made.json")).unwrap();
    made["database"] = database.into();
    made["server"]["settings"]["max_replication_slots"] = "12".into();
    made["server"]["slots_in_use"] = serde_json::json!(["other"]);
    story.file(&format!("{seed}.json"), serde_json::to_vec(&made).unwrap());
    std::fs::remove_file(story.path("made.json")).unwrap();
}

/// Slots of each plan in a directory, by its file.
fn slots(story: &Story, directory: &str, files: &[&str]) -> Vec<Vec<String>> {
    let of = |file: &&str| {
        let plan: serde_json::Value = serde_json::from_str(&story.read(&format!("{directory}/{file}"))).unwrap();
        plan["slots"].as_array().unwrap().iter().map(|slot| slot["name"].as_str().unwrap().to_owned()).collect()
    };
    files.iter().map(of).collect()
}

#[test]
fn several_databases_share_a_slot_budget() {
    let mut story = Story::new("databases");
    workload(&story, "shop", 12, 1, "12MB/s");
    workload(&story, "Shop", 8, 2, "6MB/s");
    workload(&story, "tiny", 3, 3, "1kB/s");
    let plan = "plan 1.json 2.json 3.json --budget 500";
    assert_eq!(story.run(&format!("{plan} -o plans")), 0);
    let files = ["shop.json", "%53hop.json", "tiny.json"];
    let found = slots(&story, "plans", &files);
    let all: Vec<&String> = found.iter().flatten().collect();
    assert!(all.len() <= 11, "one of twelve is in use: {all:?}");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "slot names are the cluster's: {all:?}");
    assert_eq!(found[2].len(), 1, "one slot carries it");
    for (file, workload) in files.iter().zip(["1.json", "2.json", "3.json"]) {
        story.quietly(&format!("audit plans/{file} {workload}"));
    }
    assert_eq!(story.run(&format!("{plan} --max-slots 5 -o plans --force")), 0);
    let fewer = slots(&story, "plans", &files);
    assert_eq!(fewer.iter().map(Vec::len).sum::<usize>(), 5, "{fewer:?}");
    assert!(fewer[0].len() >= fewer[1].len() && fewer[1].len() >= fewer[2].len(), "the busier gets more: {fewer:?}");
    assert_eq!(story.run(&format!("{plan} --max-slots 2")), 4);
    assert_eq!(story.run("plan 1.json 1.json"), 1);
    assert_eq!(story.run("plan 1.json 2.json -o 1.json"), 1);
    story.compare();
}
