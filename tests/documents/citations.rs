//! Every page that code, comments or other pages cite is there, and so is the section that they name.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The pages of a folder and below: path from the project's root, and headings.
fn pages(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<String>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).unwrap();
            let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
            let headings = headings.map(|line| line.trim_start_matches('#').trim().to_owned()).collect();
            found.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), headings);
        }
    }
}

/// Comment marks at line ends do not part a citation.
fn flat(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches("///").trim_start_matches("//!"));
    lines.map(|line| line.trim_start_matches("//").trim()).collect::<Vec<_>>().join(" ")
}

/// Each `docs/PAGE.md`, with the section in quotes that may follow it.
fn citations(text: &str) -> Vec<(String, Option<String>)> {
    let flat = flat(text);
    let parts = flat.split("docs/").skip(1);
    parts
        .filter_map(|rest| {
            let end = rest.find(".md")?;
            let name = &rest[..end];
            let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c));
            let section = rest[end + 3..].strip_prefix(", \"").and_then(|rest| rest.split_once('"'));
            is_name.then(|| (format!("docs/{name}.md"), section.map(|(section, _)| section.to_owned())))
        })
        .collect()
}

#[test]
fn cited_pages_and_sections_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeMap::new();
    pages(root, &root.join("docs"), &mut known);
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["src", "benches", "tests"] {
        super::sources(&root.join(folder), &mut files);
    }
    files.extend(known.keys().map(|page| root.join(page)));
    files.extend(["README.md", "CONTRIBUTING.md"].map(|page| root.join(page)));
    let mut cited = 0;
    for file in files.iter().filter(|file| !file.ends_with("documents/citations.rs")) {
        for (page, section) in citations(&fs::read_to_string(file).unwrap()) {
            let headings = known.get(&page).unwrap_or_else(|| panic!("{}: {page} is not there", file.display()));
            if let Some(section) = &section {
                assert!(headings.contains(section), "{}: {page} has no section \"{section}\"", file.display());
            }
            cited += 1;
        }
    }
    assert!(cited > 40, "only {cited} citations were found");
}

#[test]
fn a_citation_over_two_lines_is_read() {
    let text = "/// as it is (docs/rules.md,\n/// \"Hot\"), and docs/postgres.md.";
    let section = Some("Hot".to_owned());
    assert_eq!(citations(text), [("docs/rules.md".to_owned(), section), ("docs/postgres.md".to_owned(), None)]);
}
