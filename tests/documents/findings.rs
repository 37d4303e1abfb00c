//! `docs/findings.md` lists exactly the codes that the sources give, with their severities.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What codes begin with.
const ROOMS: [&str; 6] = ["WL", "PL", "AU", "EM", "PF", "SM"];

/// The code of a string literal such as `"PL101"` at a position of the text.
fn code_at(text: &str, at: usize) -> Option<&str> {
    let literal = text.get(at..at + 7)?.strip_prefix('"')?.strip_suffix('"')?;
    let (room, number) = literal.split_at_checked(2)?;
    let right = ROOMS.contains(&room) && number.bytes().all(|b| b.is_ascii_digit());
    right.then_some(literal)
}

/// The severity that is written before a code: `Severity::X, "CODE"` or `report.error("CODE"`.
fn severity_before(text: &str) -> Option<&str> {
    let text = text.trim_end();
    if text.ends_with("report.error(") {
        return Some("error");
    }
    let severity = text.strip_suffix(',')?;
    let name = &severity[severity.rfind("Severity::")? + "Severity::".len()..];
    name.bytes().all(|b| b.is_ascii_alphabetic()).then_some(name)
}

/// Codes and severities that the program gives, tests left out.
fn given() -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    super::sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut given: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.to_string_lossy().ends_with("tests.rs")) {
        let text = fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (at, _) in text.match_indices('"') {
            let Some(code) = code_at(text, at) else { continue };
            // Elsewhere a code is only looked for.
            if let Some(severity) = severity_before(&text[..at]) {
                given.entry(code.to_owned()).or_default().insert(severity.to_lowercase());
            } else {
                let looked_for = ["has_finding(", "code == ", "code != ", "&str = "]
                    .iter()
                    .any(|before| text[..at].ends_with(*before));
                assert!(looked_for, "{}: {code} has no severity before it", file.display());
            }
        }
    }
    given
}

/// Codes and severities of the page's tables; each row has all its cells.
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let page = include_str!("../../docs/findings.md");
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| code")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{line}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
        let known = listed.insert(cells[0].to_owned(), BTreeSet::from([cells[1].to_owned()]));
        assert!(known.is_none(), "{} is listed twice", cells[0]);
    }
    listed
}

#[test]
fn the_page_and_the_sources_have_the_same_codes() {
    let (given, listed) = (given(), listed());
    assert!(given.len() > 50, "the sources were read: {given:?}");
    let unlisted: Vec<_> = given.iter().filter(|(code, _)| !listed.contains_key(*code)).collect();
    let unknown: Vec<_> = listed.keys().filter(|code| !given.contains_key(*code)).collect();
    assert!(unlisted.is_empty() && unknown.is_empty(), "not on the page: {unlisted:?}; never given: {unknown:?}");
    assert_eq!(given, listed, "severities");
}
