//! `baseline`: two windows beside each other, and what is refused before any server is asked.

use crate::story::Story;

const FILES: [(&str, &str); 3] = [
    ("before.json", include_str!("baseline/before.json")),
    ("good.json", include_str!("baseline/good.json")),
    ("after.json", include_str!("baseline/after.json")),
];

#[test]
fn windows_beside_each_other() {
    let mut story = Story::with_plan("baseline");
    FILES.iter().for_each(|(name, text)| story.file(name, text));
    assert_eq!(story.run("baseline compare before.json before.json"), 0);
    assert_eq!(story.run("baseline compare before.json good.json"), 0);
    assert_eq!(story.run("baseline compare before.json good.json after.json"), 4);
    assert_eq!(story.run("baseline compare before.json after.json --format markdown --top 1"), 4);
    assert_eq!(story.run("baseline compare before.json after.json --format json"), 4);
    assert_eq!(story.run("report p.json w.json --baseline before.json --baseline after.json -o r.html"), 4);
    assert_eq!(story.run("report p.json w.json --baseline before.json -o r.html -f"), 0);
    story.compare();
}

#[test]
fn what_cannot_be_is_refused() {
    let mut story = Story::new("baseline_refusals");
    FILES.iter().for_each(|(name, text)| story.file(name, text));
    story.file("other.json", FILES[0].1.replace("\"shop\"", "\"other\""));
    story.file("short.json", FILES[0].1.replace("\"intervals_s\": [\n  900,", "\"intervals_s\": ["));
    for line in [
        "baseline compare before.json",
        "baseline compare before.json other.json",
        "baseline compare before.json short.json",
        "baseline compare before.json nothing.json",
        "baseline compare before.json after.json --factor 0.5",
        "baseline take -o x.json --duration 1e300",
        "baseline take -o x.json --duration 31d --interval 1s",
        "baseline take -o x.json --interval 0",
        "baseline take -o before.json",
        "baseline explain before.json",
        "baseline explain before.json --on host=nowhere --statements 0",
        "baseline explain before.json --on host=nowhere --plans before.json",
    ] {
        assert_eq!(story.run(line), 1, "{line}");
    }
    story.compare();
}
