//! A plan under version control: `samples/ci` and the commands of its workflow, as a runner runs them.

use std::{fs, path::Path};

use serde_json::Value;

use crate::story::Story;

/// How the sample's workload was made.
const GENERATE: &str = "generate --tables 12 --hours 6 --hot 1 --seed 5 --total-wal 3MB/s -o workload.json";
const PLAN: &str = "plan workload.json --policy policy.toml --budget small --force -o plan.json";

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/ci")
}

fn is_blessed() -> bool {
    std::env::var("PGSLOTPLAN_BLESS").is_ok_and(|value| value == "1")
}

/// The sample in a folder of its own.
fn repository(name: &'static str) -> Story {
    let story = Story::new(name);
    story.file("policy.toml", fs::read(folder().join("policy.toml")).unwrap());
    if is_blessed() {
        story.quietly(GENERATE);
        story.quietly(PLAN);
        for file in ["workload.json", "plan.json"] {
            fs::write(folder().join(file), story.read(file)).unwrap();
        }
        return story;
    }
    for file in ["workload.json", "plan.json"] {
        story.file(file, fs::read(folder().join(file)).unwrap());
    }
    story
}

/// The program's lines of the workflow, without what a shell does with their output.
fn checks() -> Vec<String> {
    let workflow = fs::read_to_string(folder().join(".github/workflows/plan.yml")).unwrap();
    let lines = workflow.lines().filter_map(|line| line.trim().strip_prefix("run: pgslotplan "));
    lines.map(|line| line.split(" > ").next().unwrap().to_owned()).collect()
}

#[test]
fn the_workflow_passes_on_what_is_kept() {
    let mut story = repository("ci");
    let checks = checks();
    assert_eq!(checks.len(), 2, "{checks:?}");
    for check in &checks {
        assert_eq!(story.run(check), 0, "{check}");
    }
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let shown: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("    pgslotplan ")).collect();
    assert_eq!(shown.len(), 2);
    for line in shown {
        assert_eq!(story.run(line.split('#').next().unwrap().trim()), 0, "{line}");
    }
    assert!(readme.contains(&format!("pgslotplan {PLAN}")));
    story.compare();
}

/// Each thing that may be wrong turns one of the checks red.
#[test]
fn the_workflow_fails_where_something_does_not_fit() {
    let mut story = repository("ci_red");
    let checks = checks();
    let [again, audit] = checks.as_slice() else { panic!("two checks") };
    // Another release wrote the plan: no difference.
    let plan = story.read("plan.json");
    let mut older: Value = serde_json::from_str(&plan).unwrap();
    older["tool"] = "pgslotplan 0.0.9".into();
    story.file("plan.json", serde_json::to_string_pretty(&older).unwrap());
    story.quietly(again);
    story.quietly(audit);
    story.file("plan.json", &plan);
    // The policy was changed, and nobody planned again.
    let policy = story.read("policy.toml");
    story.file("policy.toml", policy.replace("headroom = 0.3", "headroom = 0.4"));
    assert_eq!(story.run(again), 4);
    assert_eq!(story.run(&audit.replace("sarif", "text")), 4);
    story.file("policy.toml", &policy);
    // The workload was sampled again.
    story.quietly("generate --tables 12 --hours 6 --hot 1 --seed 6 --total-wal 3MB/s --force -o workload.json");
    assert_eq!(story.run(again), 4);
    // Another plan of the same inputs.
    story.file("workload.json", fs::read(folder().join("workload.json")).unwrap());
    story.quietly("plan workload.json --policy policy.toml --budget small --publications 2 --force -o plan.json");
    assert_eq!(story.run(again), 4);
    assert_eq!(story.run("audit plan.json workload.json --policy policy.toml --format github"), 4);
    story.compare();
}

/// A plan whose own findings are errors is not green, though it is what `plan` wrote.
#[test]
fn findings_of_the_plan_count() {
    let mut story = Story::new("ci_findings");
    story.quietly("generate --tables 8 --hours 3 --no-key 0.3 --total-wal 8MB/s -o w.json");
    assert_eq!(story.run("plan w.json --publications 2 --budget 1000 -o p.json --format github"), 4);
    assert_eq!(story.run("audit p.json w.json"), 4);
    for format in ["sarif", "junit"] {
        let printed = story.run(&format!("plan w.json --publications 2 --budget 1000 --format {format}"));
        assert_eq!(printed, 4, "{format}");
    }
    story.quietly("plan w.json --publications 2 --budget 1000 --no-identity exclude -o warned.json");
    assert_eq!(story.run("audit warned.json w.json"), 0);
    assert_eq!(story.run("audit warned.json w.json --fail-on warn --format json"), 4);
    assert_eq!(
        story.run("plan w.json --publications 2 --budget 1000 --no-identity exclude --fail-on warn --format junit"),
        4
    );
    story.compare();
}
