//! Markdown for tickets and pull requests: findings, and names and texts that must not be read as marks.

use std::fmt::Write;

use pgslotplan::finding::{self, Finding};

/// Findings as a list.
pub fn findings(findings: &[Finding], out: &mut String) {
    out.push_str("## Findings\n\n");
    if findings.is_empty() {
        out.push_str("None.\n");
    }
    for alike in finding::condensed(findings) {
        for finding in alike.shown {
            let (severity, code_text) = (finding.severity, &finding.code);
            let _ = write!(
                out,
                "- **{severity} {code_text}** {}: {}",
                escape(&finding.subject.to_string()),
                escape(&finding.message)
            );
            for line in [&finding.detail, &finding.hint].into_iter().flatten() {
                let _ = write!(out, "  \n  {}", escape(line));
            }
            out.push('\n');
        }
        if let Some((first, rest)) = alike.rest() {
            let _ = writeln!(out, "- **{} {}** {}", first.severity, first.code, escape(&rest));
        }
    }
}

/// Text that Markdown must not read: on one line, its marks escaped.
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in pgslotplan::names::one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A name as code; backquotes in it lengthen the fence, and `|` is escaped for tables.
pub fn code(name: &str) -> String {
    let name = pgslotplan::names::one_line(name).replace('|', "\\|");
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 { format!("{fence} {name} {fence}") } else { format!("{fence}{name}{fence}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        assert_eq!(escape("a|b*c\nd"), "a\\|b\\*c\\\\u{a}d");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a|b"), "`a\\|b`");
    }
}
