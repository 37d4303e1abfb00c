//! The one shape in which every check answers. A finding is not an error: the check ran, and this is what it saw.

pub mod code;

use std::{borrow::Borrow, fmt};

use serde::{Deserialize, Serialize};

pub use code::Code;

use crate::names::TableName;

/// How bad a finding is. `Error` means that the answer is no (exit code 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan must not be carried out like this.
    Error,
    /// It can be carried out, but somebody should decide knowingly.
    Warning,
    /// Worth knowing.
    Info,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        })
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// The publishing server.
    Publisher,
    /// The subscribing server.
    Subscriber,
    /// The path between them.
    Network,
    /// The plan as a whole.
    Plan,
    /// The measurements.
    Workload,
    /// The policy.
    Policy,
    /// One slot of the plan, by name.
    Slot(String),
    /// One table.
    Table(TableName),
    /// Anything else, named.
    Other(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Publisher => f.write_str("publisher"),
            Subject::Subscriber => f.write_str("subscriber"),
            Subject::Network => f.write_str("network"),
            Subject::Plan => f.write_str("plan"),
            Subject::Workload => f.write_str("workload"),
            Subject::Policy => f.write_str("policy"),
            Subject::Slot(name) => write!(f, "slot \"{name}\""),
            Subject::Table(name) => write!(f, "table {name}"),
            Subject::Other(name) => f.write_str(name),
        }
    }
}

/// One answer of one check. Sorted by severity, code, subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How bad it is; `error` means that the answer is no (exit code 4).
    pub severity: Severity,
    /// Its kind, for scripts: stable, never reused; all are listed in `docs/findings.md`.
    pub code: String,
    /// The server, slot, table or file that it is about.
    pub subject: Subject,
    /// What was found: one line, lower case, no full stop.
    pub message: String,
    /// Reasons and numbers behind it, in full sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it, in full sentences, with the statement where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A finding without detail or hint, of the code's usual severity.
    pub fn new(code: &'static Code, subject: Subject, message: impl Into<String>) -> Self {
        Finding {
            severity: code.severities[0],
            code: code.name.to_owned(),
            subject,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }
    /// The same with another severity, one of those that its code lists.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        let listed = code::find(&self.code).is_some_and(|code| code.severities.contains(&severity));
        debug_assert!(listed, "{} is never of severity {severity}", self.code);
        self.severity = severity;
        self
    }
    /// The same with a detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Findings of one severity and code, as people read them: the first in full, the others by what they are about.
/// Thousands of partitions must not push the errors out of sight.
#[derive(Debug, PartialEq, Eq)]
pub struct Alike<'a, F> {
    /// To be written out.
    pub shown: &'a [F],
    /// To be named only; see [`Alike::rest`].
    pub others: &'a [F],
}

impl<F: Borrow<Finding>> Alike<'_, F> {
    /// The first of the others, and `27 more: table a, table b, and 19 more`. Errors are all named, since each has to be
    /// mended.
    pub fn rest(&self) -> Option<(&Finding, String)> {
        const NAMED: usize = 8;
        let first = self.others.first()?.borrow();
        let count = self.others.len();
        let named = if first.severity == Severity::Error { count } else { NAMED.min(count) };
        let names = self.others[..named].iter().map(|finding| finding.borrow().subject.to_string());
        let unnamed = (named < count).then(|| format!("and {} more", count - named));
        Some((first, format!("{count} more: {}", names.chain(unnamed).collect::<Vec<_>>().join(", "))))
    }
}

/// Sorted findings by severity and code, each lot condensed.
pub fn condensed<F: Borrow<Finding>>(findings: &[F]) -> impl Iterator<Item = Alike<'_, F>> {
    let in_full = |severity| if severity == Severity::Error { 20 } else { 3 };
    let same = |a: &F, b: &F| (a.borrow().severity, &a.borrow().code) == (b.borrow().severity, &b.borrow().code);
    findings.chunk_by(same).map(move |lot| {
        let full = lot.first().map_or(0, |first| in_full(first.borrow().severity));
        // Naming one or two is not shorter than writing them out.
        let (shown, others) = lot.split_at(if lot.len() <= full + 2 { lot.len() } else { full });
        Alike { shown, others }
    })
}

/// Whether any finding says no.
pub fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_one_code_are_named_only() {
        let lot = |severity, count: usize| -> Vec<Finding> {
            let table = |n: usize| Subject::Table(TableName::new("public", format!("t{n:02}")));
            (0..count)
                .map(|n| Finding { severity, ..Finding::new(code::PL301, table(n), "through its root") })
                .collect()
        };
        let few = lot(Severity::Info, 5);
        let condensed_few: Vec<_> = condensed(&few).collect();
        assert_eq!((condensed_few[0].shown.len(), condensed_few[0].rest()), (5, None));
        let many = [lot(Severity::Error, 30), lot(Severity::Info, 30)].concat();
        let lots: Vec<_> = condensed(&many).collect();
        assert_eq!(lots.iter().map(|lot| lot.shown.len()).collect::<Vec<_>>(), [20, 3]);
        let (errors, notes) = (lots[0].rest().unwrap().1, lots[1].rest().unwrap().1);
        assert!((20..30).all(|n| errors.contains(&format!("public.t{n:02}"))), "{errors}");
        assert!(notes.starts_with("27 more: table public.t03, "), "{notes}");
        assert!(notes.ends_with("table public.t10, and 19 more"), "{notes}");
    }

    #[test]
    fn errors_sort_first_then_code() {
        let mut findings = vec![
            Finding::new(code::PL104, Subject::Plan, "a"),
            Finding::new(code::PL107, Subject::Plan, "b"),
            Finding::new(code::PL101, Subject::Plan, "c"),
        ];
        findings.sort();
        let codes: Vec<&str> = findings.iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, ["PL101", "PL107", "PL104"]);
        assert!(has_error(&findings));
    }
}
