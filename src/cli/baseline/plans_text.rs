//! Plans beside each other as text and Markdown.

use std::fmt::Write;

use pgslotplan::{
    baseline::{
        compare::{number, shown_text},
        explain::{Explanation, PlanPair, Planned},
    },
    names::one_line,
};

use super::super::{
    findings, markdown,
    text::{Characters, Style, WIDTH, paragraph},
};

fn lines(planned: &Option<Planned>) -> Vec<String> {
    match planned {
        Some(Planned::Plan(plan)) => plan.drawn().lines().map(one_line).collect(),
        Some(Planned::Refused(reason)) => vec![format!("not planned: {}", one_line(reason))],
        None => vec!["not known".to_owned()],
    }
}

/// Statements whose plans differ; the others need no lines.
fn differing(explanation: &Explanation) -> impl Iterator<Item = &PlanPair> {
    explanation.statements.iter().filter(|pair| !pair.differences.is_empty() || pair.old.is_none())
}

fn head(explanation: &Explanation) -> String {
    let count = explanation.statements.len();
    let same = count - differing(explanation).count();
    format!("{count} statements planned, {same} as on the old server")
}

/// For people, in 80 columns.
pub fn text(explanation: &Explanation) -> String {
    let mut out = format!(
        "{}\n",
        Style::Head.paint(&format!("Database \"{}\": {}", one_line(&explanation.database), head(explanation)))
    );
    for pair in differing(explanation) {
        out.push_str(&format!("\n{}\n", Characters::of_locale().shorten(&one_line(&pair.text), WIDTH)));
        out.push_str(&format!("  {} ms a second before\n", number(pair.ms_per_s)));
        for difference in &pair.differences {
            out.push_str(&paragraph(&format!("- {difference}"), 2));
        }
        for (side, planned) in [("old", &pair.old), ("new", &pair.new)] {
            out.push_str(&format!("  {side}:\n"));
            for line in lines(planned) {
                out.push_str(&format!("    {line}\n"));
            }
        }
    }
    out.push_str(&format!("\n{}\n{}", Style::Head.paint("Findings"), findings::text(&explanation.findings)));
    out
}

/// For tickets.
pub fn markdown(explanation: &Explanation) -> String {
    let mut out = format!("# Plans of database {}\n\n{}.\n", markdown::code(&explanation.database), head(explanation));
    for pair in differing(explanation) {
        let _ = write!(out, "\n## {}\n\n", markdown::code(&shown_text(&pair.text)));
        for difference in &pair.differences {
            let _ = writeln!(out, "- {}", markdown::escape(difference));
        }
        for (side, planned) in [("Old", &pair.old), ("New", &pair.new)] {
            let _ = write!(out, "\n{side}:\n\n");
            for line in lines(planned) {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out.push('\n');
    markdown::findings(&explanation.findings, &mut out);
    out
}
