//! The one shape in which every check answers. A finding is not an error: the check ran, and this is what it saw.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::TableName;

/// How bad a finding is. `Error` means that the answer is no (exit code 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[serde(rename_all = "snake_case")]
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
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Stable, never reused; all are listed in `docs/findings.md`.
    pub code: String,
    /// About what.
    pub subject: Subject,
    /// One line, lower case, no full stop.
    pub message: String,
    /// More of it, in full sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do, in full sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A finding without detail or hint.
    pub fn new(severity: Severity, code: &str, subject: Subject, message: impl Into<String>) -> Self {
        Finding { severity, code: code.to_owned(), subject, message: message.into(), detail: None, hint: None }
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

/// Whether any finding says no.
pub fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_sort_first_then_code() {
        let mut findings = vec![
            Finding::new(Severity::Info, "PL001", Subject::Plan, "a"),
            Finding::new(Severity::Error, "PL009", Subject::Plan, "b"),
            Finding::new(Severity::Error, "PL002", Subject::Plan, "c"),
        ];
        findings.sort();
        let codes: Vec<&str> = findings.iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, ["PL002", "PL009", "PL001"]);
        assert!(has_error(&findings));
    }
}
