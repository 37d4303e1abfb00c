//! A comparison as text and Markdown.

use std::fmt::Write;

use pgslotplan::{
    baseline::compare::{
        Comparison, FigureChange, Range, StatementChange, Verdict, Window, is_shown, number, row_words,
    },
    names::one_line,
    units::counted,
};

use super::super::{
    findings, markdown,
    text::{Characters, Style, WIDTH, paragraph},
};

fn window_words(window: &Window) -> String {
    format!(
        "PostgreSQL {} from {} to {}, {}",
        window.version_num,
        window.start.strftime("%Y-%m-%d %H:%M"),
        window.end.strftime("%H:%M UTC"),
        counted(window.intervals, "interval")
    )
}

fn shown(range: Option<Range>) -> String {
    range.map_or_else(|| "-".to_owned(), |range| number(range.median))
}

fn spread(range: Option<Range>) -> String {
    range.map_or_else(String::new, |range| format!("{}..{}", number(range.least), number(range.most)))
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Worse => "worse",
        Verdict::Changed => "changed",
        Verdict::Same => "",
        Verdict::Unknown => "unknown",
    }
}

/// Figures that changed, or say something anyway.
fn figures(comparison: &Comparison) -> impl Iterator<Item = &FigureChange> {
    comparison.figures.iter().filter(|figure| is_shown(figure))
}

fn figure_name(figure: &FigureChange) -> String {
    let words = row_words(&figure.name);
    if figure.per_transaction { format!("{} /tx", words.trim_end_matches(" a second")) } else { words }
}

/// Statements on both sides.
fn statements(comparison: &Comparison, top: usize) -> impl Iterator<Item = &StatementChange> {
    let is_on_both = |statement: &&StatementChange| statement.before_ms.is_some() && statement.after_ms.is_some();
    comparison.statements.iter().filter(is_on_both).take(top)
}

/// For people, in 80 columns.
pub fn comparison_text(comparison: &Comparison, top: usize) -> String {
    let section = |title: &str| format!("\n{}\n", Style::Head.paint(title));
    let mut out = format!("{}\n", Style::Head.paint(&format!("Database \"{}\"", one_line(&comparison.database))));
    for window in &comparison.before {
        out.push_str(&paragraph(&format!("before: {}", window_words(window)), 2));
    }
    out.push_str(&paragraph(&format!("after:  {}", window_words(&comparison.after)), 2));
    out.push_str(&section("Figures (middle and spread)"));
    for figure in figures(comparison) {
        let line = format!(
            "  {:32} {:>9} {:>14} {:>9} {:>14}",
            Characters::of_locale().shorten(&figure_name(figure), 32),
            shown(figure.before),
            spread(figure.before),
            shown(figure.after),
            spread(figure.after)
        );
        out.push_str(&styled(figure.verdict, &line));
        if figure.verdict != Verdict::Same {
            out.push_str(&format!("{:>WIDTH$}\n", mark(figure.verdict)));
        }
    }
    out.push_str(&section("Statements (ms a call)"));
    for statement in statements(comparison, top) {
        let line = format!(
            "  {:>9} {:>15} -> {:>9} {:>15}  {:>8.1} calls/s {}",
            shown(statement.before_ms),
            spread(statement.before_ms),
            shown(statement.after_ms),
            spread(statement.after_ms),
            statement.after_calls_per_s,
            mark(statement.verdict)
        );
        out.push_str(&styled(statement.verdict, line.trim_end()));
        out.push_str(&format!("    {}\n", Characters::of_locale().shorten(&one_line(&statement.text), WIDTH - 4)));
        for cause in &statement.causes {
            out.push_str(&paragraph(&format!("- {cause}"), 4));
        }
    }
    out.push_str(&section("Findings"));
    out.push_str(&findings::text(&comparison.findings));
    out
}

fn styled(verdict: Verdict, line: &str) -> String {
    match verdict {
        Verdict::Worse => format!("{}\n", Style::Bad.paint(line)),
        Verdict::Same | Verdict::Unknown | Verdict::Changed => format!("{line}\n"),
    }
}

/// For tickets.
pub fn comparison_markdown(comparison: &Comparison, top: usize) -> String {
    let mut out = format!("# Database {} before and after\n\n", markdown::code(&comparison.database));
    for window in &comparison.before {
        let _ = writeln!(out, "- before: {}", window_words(window));
    }
    let _ = writeln!(out, "- after: {}\n", window_words(&comparison.after));
    out.push_str(
        "## Figures\n\n| figure | before | spread | after | spread | |\n| --- | ---: | ---: | ---: | ---: | --- |\n",
    );
    for figure in figures(comparison) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            markdown::escape(&figure_name(figure)),
            shown(figure.before),
            spread(figure.before),
            shown(figure.after),
            spread(figure.after),
            mark(figure.verdict)
        );
    }
    out.push_str("\n## Statements\n\n| statement | ms before | ms after | calls/s | | why it may be |\n| --- | ---: | ---: | ---: | --- | --- |\n");
    for statement in statements(comparison, top) {
        let causes: Vec<String> = statement.causes.iter().map(|cause| markdown::escape(cause)).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {:.1} | {} | {} |",
            markdown::code(&pgslotplan::baseline::compare::shown_text(&statement.text)),
            shown(statement.before_ms),
            shown(statement.after_ms),
            statement.after_calls_per_s,
            mark(statement.verdict),
            causes.join("; ")
        );
    }
    out.push('\n');
    markdown::findings(&comparison.findings, &mut out);
    out
}
