//! `docs/findings.md` is what the catalogue of codes says. `PGSLOTPLAN_BLESS=1` writes it anew.

use std::{fs, path::Path};

use pgslotplan::finding::code::page;

#[test]
fn the_page_follows_from_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
    let page = page::markdown();
    if std::env::var("PGSLOTPLAN_BLESS").is_ok_and(|value| value == "1") {
        fs::write(&path, &page).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap();
    let differs = page.lines().zip(known.lines()).find(|(new, old)| new != old);
    assert!(
        page == known,
        "docs/findings.md does not follow from the catalogue (PGSLOTPLAN_BLESS=1 writes it): {differs:?}"
    );
}
