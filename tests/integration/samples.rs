//! The stories under `samples/`: their commands run again and every file they lead to is the stored one; the README
//! shows what they print.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::story::Story;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/saas")
}

/// The commands of the story's README, in their order.
fn commands() -> Vec<String> {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    readme.lines().filter_map(|line| line.strip_prefix("    pgslotplan ")).map(str::to_owned).collect()
}

/// Texts of the files that a run made, by path.
fn made(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            made(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_story_leads_to_its_files() {
    let story = Story::new("samples");
    for name in ["workload.json", "calibration.json", "policy.toml"] {
        story.file(name, fs::read(folder().join(name)).unwrap());
    }
    let commands = commands();
    assert_eq!(commands.len(), 3);
    for command in commands {
        let (command, output) = match command.split_once(" > ") {
            Some((command, file)) => (command.to_owned(), Some(file.to_owned())),
            None => (command, None),
        };
        let printed = story.output_of(&command);
        if let Some(file) = output {
            story.file(&file, printed);
        }
    }
    let mut now = BTreeMap::new();
    made(&story.path(""), "", &mut now);
    if std::env::var("PGSLOTPLAN_BLESS").is_ok_and(|value| value == "1") {
        drop(fs::remove_dir_all(folder().join("scripts")));
        for (name, text) in &now {
            let path = folder().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let mut stored = BTreeMap::new();
    made(&folder(), "", &mut stored);
    stored.retain(|name, _| !["README.md", "schema.sql"].contains(&name.as_str()));
    assert_eq!(stored.keys().collect::<Vec<_>>(), now.keys().collect::<Vec<_>>());
    for (name, text) in &now {
        let line = text.lines().zip(stored[name].lines()).position(|(now, stored)| now != stored);
        assert!(
            text == &stored[name],
            "samples/saas/{name} is another now, line {line:?}; PGSLOTPLAN_BLESS=1 accepts it"
        );
    }
}

/// The summary on the README's first screen is the story's.
#[test]
fn the_readme_shows_the_story() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let plan = fs::read_to_string(folder().join("plan.txt")).unwrap();
    let printed: Vec<&str> = plan.lines().map(str::trim).collect();
    let summary: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("    Database "))
        .take_while(|line| !line.trim_start().starts_with("Lag in a burst"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert!(summary.len() > 10, "the README shows a plan: {summary:?}");
    for line in summary {
        assert!(printed.contains(&line), "the story does not print: {line}");
    }
}
