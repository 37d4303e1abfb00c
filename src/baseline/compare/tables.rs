//! Tables beside each other: statistics, indexes, vacuum.

use crate::{
    baseline::{Baseline, IndexFigures, TableFigures},
    finding::{Finding, Subject, code},
    names::one_line,
    units::per_cent,
};

/// A table with fewer rows is read whole, whatever is known of it.
const FEW_ROWS: f64 = 1_000.0;
/// Share of dead rows from which on vacuum is behind, and how many at least.
const DEAD_SHARE: f64 = 0.2;
const DEAD_ROWS: f64 = 10_000.0;

pub(super) fn findings(before: &Baseline, after: &Baseline) -> Vec<Finding> {
    let mut findings = Vec::new();
    for new in &after.tables {
        let old = before.table(&new.table_name());
        let subject = || Subject::Table(new.table_name());
        if lacks_statistics(old, new) {
            findings.push(
                Finding::new(code::BL102, subject(), "the planner has no statistics of it")
                    .hint(format!("ANALYZE {};", new.table_name())),
            );
        }
        let Some(old) = old else { continue };
        for index in missing_indexes(old, new) {
            findings.push(
                Finding::new(code::BL103, subject(), format!("index \"{}\" is missing", one_line(&index.name)))
                    .detail(format!("It was {}, and was used.", one_line(&index.definition)))
                    .hint("Create it from the old server's definition: pg_get_indexdef() there, CREATE INDEX CONCURRENTLY here."),
            );
        }
        if let Some(share) = vacuum_is_behind(old, new) {
            findings.push(
                Finding::new(code::BL106, subject(), format!("{} of its rows are dead", per_cent(share)))
                    .detail(format!(
                        "Before it were {}; it was vacuumed {} times in the window, and {} times before.",
                        per_cent(dead_share(old)),
                        new.vacuums,
                        old.vacuums
                    ))
                    .hint("Compare the autovacuum settings, and look for what holds back VACUUM: old transactions, slots."),
            );
        }
    }
    findings
}

/// Whether the planner guesses, and did not before.
pub(in crate::baseline) fn lacks_statistics(old: Option<&TableFigures>, new: &TableFigures) -> bool {
    let rows = new.live_rows.max(old.map_or(0.0, |table| table.live_rows));
    new.has_statistics == Some(false) && old.and_then(|table| table.has_statistics) != Some(false) && rows >= FEW_ROWS
}

/// Indexes that were used, or kept rows unique, and have no like after.
pub(in crate::baseline) fn missing_indexes<'a>(
    old: &'a TableFigures,
    new: &'a TableFigures,
) -> impl Iterator<Item = &'a IndexFigures> {
    let matters = |index: &&IndexFigures| index.scans > 0.0 || index.definition.starts_with("UNIQUE");
    old.indexes
        .iter()
        .filter(matters)
        .filter(|index| !new.indexes.iter().any(|other| other.definition == index.definition))
}

fn dead_share(table: &TableFigures) -> f64 {
    table.dead_rows / (table.live_rows + table.dead_rows).max(1.0)
}

/// The share of dead rows where it is too much, and was not before.
pub(in crate::baseline) fn vacuum_is_behind(old: &TableFigures, new: &TableFigures) -> Option<f64> {
    let (was, is) = (dead_share(old), dead_share(new));
    (new.dead_rows >= DEAD_ROWS && is >= DEAD_SHARE && is >= 2.0 * was).then_some(is)
}
