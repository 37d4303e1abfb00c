//! One line as monitoring plugins print it: a word, what is wrong, and numbers after a bar.

use std::fmt::Write;

use pgslotplan::{
    finding::Severity,
    health::{
        Status,
        status::{SlotStatus, Verdict},
    },
    names::one_line,
    units::counted,
};

use super::{stage_words, text::state_words};

/// `PGSLOTPLAN OK - ... | 'slot lag_s'=1.5s ...`
pub fn line(status: &Status) -> String {
    let word = match status.verdict() {
        Verdict::Well => "OK",
        Verdict::Exceeded => "WARNING",
        Verdict::Bad => "CRITICAL",
    };
    let bad: Vec<String> = status
        .slots
        .iter()
        .filter(|slot| slot.state.is_bad())
        .map(|slot| format!("{} {}", slot.name, state_words(slot.state)))
        .collect();
    let errors = status.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let first = errors.map(|finding| format!("{}: {}", finding.subject, finding.message)).next();
    let said = match (bad.is_empty(), first) {
        (false, _) => bad.join(", "),
        (true, Some(first)) => first,
        (true, None) => format!("{}, {}", stage_words(status.stage), counted(status.slots.len(), "slot")),
    };
    let mut out = format!("PGSLOTPLAN {word} - {} |", without_bars(&said));
    for slot in &status.slots {
        numbers(&mut out, slot);
    }
    out.push('\n');
    out
}

/// When nothing could be seen.
pub fn unknown(why: &str) -> String {
    format!("PGSLOTPLAN UNKNOWN - {}\n", without_bars(why))
}

/// A bar begins the numbers.
fn without_bars(text: &str) -> String {
    one_line(text).replace('|', "/")
}

fn numbers(out: &mut String, slot: &SlotStatus) {
    // writing to a string does not fail
    if let Some(lag) = slot.flush_lag_s {
        let _ = write!(out, " '{} lag'={lag:.1}s;;;0", slot.name);
    }
    let bytes =
        [("lag_bytes", slot.flush_lag_bytes), ("retained", slot.retained_wal_bytes), ("safe_wal", slot.safe_wal_bytes)];
    for (name, value) in bytes {
        if let Some(value) = value {
            let _ = write!(out, " '{} {name}'={value}B;;;0", slot.name);
        }
    }
}
