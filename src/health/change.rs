//! What changed between two statuses, in words: a line each for logs, and whether somebody should be told.

use std::collections::BTreeSet;

use super::status::{SlotStatus, Status};
use crate::{
    finding::{Finding, Severity},
    names::one_line,
};

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// It got worse: a slot stands still, or an error was found.
    pub is_worse: bool,
    /// What, on one line.
    pub text: String,
}

/// What changed since `before`; everything that is so now when there was nothing before. What got worse comes first.
pub fn changes(before: Option<&Status>, after: &Status) -> Vec<Change> {
    let mut found = Vec::new();
    if before.is_none_or(|before| before.stage != after.stage) {
        found.push(Change { is_worse: false, text: format!("stage: {}", after.stage.as_str()) });
    }
    for slot in &after.slots {
        let old = before.and_then(|before| of_slot(before, slot));
        if old.is_none_or(|old| old.state != slot.state) {
            let text = format!("slot {}: {}, {}", slot.name, slot.state.as_str(), one_line(&slot.reason));
            let is_worse = slot.state.is_bad() && old.is_none_or(|old| !old.state.is_bad() || slot.state < old.state);
            found.push(Change { is_worse, text });
        }
    }
    let known: BTreeSet<(&str, String)> = before.iter().flat_map(|before| keys(&before.findings)).collect();
    for finding in told(&after.findings).filter(|finding| !known.contains(&key(finding))) {
        let text = format!("{} {} {}: {}", finding.severity, finding.code, finding.subject, one_line(&finding.message));
        found.push(Change { is_worse: finding.severity == Severity::Error, text });
    }
    let now: BTreeSet<(&str, String)> = keys(&after.findings).collect();
    for finding in
        before.iter().flat_map(|before| told(&before.findings)).filter(|finding| !now.contains(&key(finding)))
    {
        found.push(Change { is_worse: false, text: format!("no more: {} {}", finding.code, finding.subject) });
    }
    found.sort_by_key(|change| !change.is_worse);
    found
}

fn of_slot<'a>(status: &'a Status, slot: &SlotStatus) -> Option<&'a SlotStatus> {
    status.slots.iter().find(|old| old.name == slot.name && old.direction == slot.direction)
}

/// Findings of states are told by the states.
fn told(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let of_states = ["HE101", "HE102", "HE103", "HE104", "HE105", "HE108"];
    findings.iter().filter(move |finding| !of_states.contains(&finding.code.as_str()))
}

fn key(finding: &Finding) -> (&str, String) {
    (&finding.code, format!("{} {}", finding.severity, finding.subject))
}

fn keys(findings: &[Finding]) -> impl Iterator<Item = (&str, String)> {
    told(findings).map(key)
}
