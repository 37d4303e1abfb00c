//! What the database did before the upgrade, and after it where that is known.

use maud::{Markup, html};

use super::{
    Observed, Section,
    view::{number, scroll, table},
};
use crate::{
    baseline::{
        Baseline,
        compare::{Comparison, Range, Verdict, is_shown, number as figure, row_words, shown_text},
        figure::FIGURES,
        noise::Spread,
    },
    units::counted,
};

/// Statements that are shown.
const STATEMENTS: usize = 15;

pub(super) fn section(observed: Observed<'_>) -> Section {
    match observed {
        Observed::Before(baseline) => ("baseline", "What the database does", before(baseline)),
        Observed::Both(comparison) => ("baseline", "Before and after", both(comparison)),
    }
}

fn before(baseline: &Baseline) -> Markup {
    let spreads = FIGURES.iter().filter_map(|listed| {
        let values = baseline.figures.get(listed.name)?;
        let spread = Spread::new(values.iter().flatten().copied());
        (!spread.is_empty()).then_some((listed.words, spread))
    });
    let rows = html! {
        @for (words, spread) in spreads {
            tr { th scope="row" { (words) } (number(figure(spread.median()))) (number(figure(spread.least()))) (number(figure(spread.most()))) }
        }
    };
    let seconds = baseline.observed_s().max(1e-9);
    let statements = html! {
        @for statement in baseline.statements().iter().take(STATEMENTS) {
            tr {
                th scope="row" { code { (shown_text(&statement.text)) } }
                (number(figure(statement.total_ms / seconds)))
                (number(figure(statement.calls / seconds)))
                (number(figure(statement.total_ms / statement.calls.max(1.0))))
            }
        }
    };
    html! {
        p {
            "PostgreSQL " (maud::display(baseline.server.version_num)) ", " (counted(baseline.intervals_s.len(), "interval"))
            " from " (maud::display(baseline.start)) " on. What became of it after the upgrade, pgslotplan baseline compare says."
        }
        (scroll("Figures", table("Figures", &[("figure", false), ("middle", true), ("least", true), ("most", true)], rows)))
        (scroll("Statements", table(
            "Statements that take most time",
            &[("statement", false), ("ms a second", true), ("calls a second", true), ("ms a call", true)],
            statements,
        )))
    }
}

fn both(comparison: &Comparison) -> Markup {
    let shown = |range: Option<Range>| range.map_or_else(|| "–".to_owned(), |range| figure(range.median));
    let spread = |range: Option<Range>| {
        range.map_or_else(String::new, |range| format!("{} to {}", figure(range.least), figure(range.most)))
    };
    let word = |verdict: Verdict| match verdict {
        Verdict::Worse => "worse",
        Verdict::Changed => "changed",
        Verdict::Same => "",
        Verdict::Unknown => "unknown",
    };
    let rows = html! {
        @for change in comparison.figures.iter().filter(|change| is_shown(change)) {
            tr {
                th scope="row" { (row_words(&change.name)) @if change.per_transaction { " for each transaction" } }
                (number(shown(change.before))) (number(spread(change.before)))
                (number(shown(change.after))) (number(spread(change.after)))
                td { (word(change.verdict)) }
            }
        }
    };
    let known = comparison.statements.iter().filter(|change| change.before_ms.is_some() && change.after_ms.is_some());
    let statements = html! {
        @for change in known.take(STATEMENTS) {
            tr {
                th scope="row" { code { (shown_text(&change.text)) } }
                (number(shown(change.before_ms))) (number(shown(change.after_ms)))
                (number(figure(change.after_calls_per_s)))
                td { (word(change.verdict)) @if !change.causes.is_empty() { ": " (change.causes.join("; ")) } }
            }
        }
    };
    let side = [("", true), ("spread", true)];
    html! {
        @if comparison.findings.is_empty() {
            p { "Nothing is worse by more than the windows differ in themselves." }
        } @else {
            ul {
                @for finding in &comparison.findings {
                    li { strong { (maud::display(finding.severity)) " " (finding.code) } " " (maud::display(&finding.subject)) ": " (finding.message) "." }
                }
            }
        }
        (scroll("Figures", table(
            "Figures",
            &[("figure", false), ("before", true), side[1], ("after", true), side[1], ("", false)],
            rows,
        )))
        (scroll("Statements", table(
            "Statements, ms a call",
            &[("statement", false), ("before", true), ("after", true), ("calls a second", true), ("", false)],
            statements,
        )))
    }
}
