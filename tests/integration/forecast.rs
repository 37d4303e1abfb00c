//! `simulate` at work: what it prints and writes, and what it refuses.

use crate::story::Story;

#[test]
fn forecasts() {
    let mut story = Story::with_plan("simulate");
    assert_eq!(story.run("simulate p.json w.json"), 0);
    assert_eq!(story.run("simulate p.json w.json --format markdown --compare"), 0);
    let words = |line: &str, last: &[&str]| {
        line.split(' ').chain(last.iter().copied()).map(str::to_owned).collect::<Vec<String>>()
    };
    let all = words(
        "simulate p.json w.json --compare --publisher-cores 1.5 --network 1GB/s --copy-rate 80MB/s --disk-free 10GB -o f.json",
        &["--outage", "30min at 01:15", "--bulk-load", "4GB into orders at +2h over 10min", "--cutover-at", "02:00"],
    );
    assert_eq!(story.run_with("simulate p.json w.json --compare …", &all), 4);
    assert_eq!(story.run("simulate p.json w.json --bootstrap snapshot --jobs 8 --piece 100MB"), 0);
    story.show("f.json");
    story.compare();
}

#[test]
fn refusals() {
    let mut story = Story::with_plan("simulate_refusals");
    story.quietly("generate --tables 9 --hours 4 --no-key 0 -o other.json");
    story.run("simulate p.json other.json");
    story.run("simulate w.json p.json");
    story.run("simulate - -");
    story.run("simulate p.json w.json --jobs 8");
    for (option, value) in [
        ("--outage", "soon"),
        ("--outage", "30min at Wed 14:00"),
        ("--outage", "30min at 01:00 for nobody"),
        ("--bulk-load", "1GB into nowhere at 01:00"),
        ("--bulk-load", "1GB at 01:00"),
        ("--start-at", "25:00"),
        ("--publisher-cores", "0"),
        ("--network", "fast"),
    ] {
        let words = ["simulate", "p.json", "w.json", option, value].map(str::to_owned);
        assert_eq!(
            story.run_with(&format!("simulate p.json w.json {option} \"{value}\""), &words),
            1,
            "{option} {value}"
        );
    }
    story.compare();
}
