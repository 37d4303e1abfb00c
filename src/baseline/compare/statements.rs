//! Statements beside each other, found by their texts.

use std::collections::BTreeMap;

use super::{FigureChange, Limits, Range, SettingChange, StatementChange, Verdict, figures::number};
use crate::{
    baseline::{
        Baseline, StatementFigures,
        cause::{self, Evidence},
        noise::{Change, Spread, change},
        text::Statement,
    },
    finding::{Finding, Severity, Subject, code},
    names::one_line,
    units::per_cent,
};

/// Less than this more in a call is never worth a word, milliseconds.
const FLOOR_MS: f64 = 0.05;
/// Nor less than this share of all statements' time before, or this much of a second's.
const FLOOR_SHARE: f64 = 0.01;
const FLOOR_MS_PER_S: f64 = 0.5;
/// So much more of all statements' time, or more, says no.
const BAD_SHARE: f64 = 0.1;
const BAD_FACTOR: f64 = 2.0;
/// With fewer statements on both sides nothing is said of all of them.
const FEW_STATEMENTS: usize = 5;
/// A statement that was not there before is named when it takes this share of the time after.
const NEW_SHARE: f64 = 0.1;
/// Longest text in a finding's subject, characters.
const SHOWN: usize = 120;

/// A statement's text, short enough for a line.
pub fn shown(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

struct Beside<'a> {
    before: Vec<(&'a Baseline, &'a StatementFigures)>,
    after: Option<&'a StatementFigures>,
}

/// Time in which statements were seen: an interval in which none was called is one that nobody could read.
fn seen_s(baseline: &Baseline) -> f64 {
    let is_seen = |position: usize| {
        baseline.statements().iter().any(|statement| matches!(statement.ms_per_call.get(position), Some(Some(_))))
    };
    let seen = baseline.intervals_s.iter().enumerate().filter(|(position, _)| is_seen(*position));
    seen.map(|(_, seconds)| *seconds).sum()
}

/// Milliseconds of statements in a second of a window.
fn ms_per_s(baseline: &Baseline) -> f64 {
    baseline.statements().iter().map(|statement| statement.total_ms).sum::<f64>() / seen_s(baseline).max(1e-9)
}

/// The mean of the windows before that have statements.
fn ms_per_s_before(before: &[Baseline]) -> f64 {
    let known: Vec<f64> = before.iter().filter(|baseline| baseline.statements.is_some()).map(ms_per_s).collect();
    known.iter().sum::<f64>() / known.len().max(1) as f64
}

fn spread<'a>(statements: impl Iterator<Item = &'a StatementFigures>) -> Spread {
    Spread::new(statements.flat_map(|statement| statement.ms_per_call.iter().flatten().copied()))
}

/// The factor in the middle of all statements, and each of them.
pub(super) fn statement_changes(
    before: &[Baseline],
    after: &Baseline,
    newest: &Baseline,
    figures: &[FigureChange],
    settings: &[SettingChange],
    limits: Limits,
) -> (f64, Vec<StatementChange>) {
    let mut by_key: BTreeMap<String, Beside<'_>> = BTreeMap::new();
    let key = |statement: &StatementFigures| Statement::new(&statement.text).key();
    let none = || Beside { before: Vec::new(), after: None };
    for baseline in before {
        for statement in baseline.statements() {
            by_key.entry(key(statement)).or_insert_with(none).before.push((baseline, statement));
        }
    }
    for statement in after.statements() {
        by_key.entry(key(statement)).or_insert_with(none).after = Some(statement);
    }
    let common = common_factor(by_key.values());
    let context =
        Context { before_ms_per_s: ms_per_s_before(before), after, newest, figures, settings, limits, common };
    let mut changes: Vec<StatementChange> = by_key.values().map(|beside| context.change(beside)).collect();
    let time = |statement: &StatementChange| {
        statement.after_ms.map_or(0.0, |ms| ms.median) * statement.after_calls_per_s
            + statement.before_ms.map_or(0.0, |ms| ms.median) * statement.before_calls_per_s
    };
    changes.sort_by(|a, b| {
        let is_better = |change: &StatementChange| change.verdict != Verdict::Worse;
        is_better(a)
            .cmp(&is_better(b))
            .then_with(|| {
                if is_better(a) { time(b).total_cmp(&time(a)) } else { b.extra_ms_per_s.total_cmp(&a.extra_ms_per_s) }
            })
            .then_with(|| a.text.cmp(&b.text))
    });
    (common, changes)
}

/// What slows all statements by the same factor is no fault of any of them.
fn common_factor<'a>(all: impl Iterator<Item = &'a Beside<'a>>) -> f64 {
    let factors: Vec<f64> = all
        .filter_map(|beside| {
            let (old, new) =
                (spread(beside.before.iter().map(|(_, statement)| *statement)), spread(beside.after.into_iter()));
            (old.median() > 0.0 && !new.is_empty()).then(|| new.median() / old.median())
        })
        .collect();
    if factors.len() < FEW_STATEMENTS { 1.0 } else { Spread::new(factors).median() }
}

struct Context<'a> {
    before_ms_per_s: f64,
    after: &'a Baseline,
    newest: &'a Baseline,
    figures: &'a [FigureChange],
    settings: &'a [SettingChange],
    limits: Limits,
    common: f64,
}

impl Context<'_> {
    fn change(&self, beside: &Beside<'_>) -> StatementChange {
        let old = spread(beside.before.iter().map(|(_, statement)| *statement));
        let new = spread(beside.after.into_iter());
        let observed: f64 = beside.before.iter().map(|(baseline, _)| seen_s(baseline)).sum();
        let calls: f64 = beside.before.iter().map(|(_, statement)| statement.calls).sum();
        let blocks: f64 = beside.before.iter().map(|(_, statement)| statement.blocks).sum();
        let after_calls = beside.after.map_or(0.0, |statement| statement.calls);
        let after_calls_per_s = after_calls / seen_s(self.after).max(1e-9);
        let more_ms = new.median() - old.median();
        let extra = if old.is_empty() || new.is_empty() { 0.0 } else { more_ms * after_calls_per_s };
        let factor = self.limits.factor * self.common.max(1.0);
        let matters = extra >= FLOOR_MS_PER_S.max(FLOOR_SHARE * self.before_ms_per_s);
        let verdict = match change(&old, &new, factor, FLOOR_MS) {
            Change::Up if matters => Verdict::Worse,
            Change::Down => Verdict::Changed,
            Change::Up | Change::Same => Verdict::Same,
            Change::Unknown => Verdict::Unknown,
        };
        let text = beside.after.or(beside.before.first().map(|(_, statement)| *statement)).map(|s| s.text.clone());
        let mut row = StatementChange {
            text: text.unwrap_or_default(),
            before_ms: Range::of(&old),
            after_ms: Range::of(&new),
            before_calls_per_s: calls / observed.max(1e-9),
            after_calls_per_s,
            before_blocks: blocks / calls.max(1.0),
            after_blocks: beside.after.map_or(0.0, |statement| statement.blocks) / after_calls.max(1.0),
            extra_ms_per_s: extra,
            verdict,
            causes: Vec::new(),
        };
        if let (Verdict::Worse, Some(new), Some((_, old))) = (verdict, beside.after, beside.before.last()) {
            let evidence = Evidence {
                old,
                new,
                before: self.newest,
                after: self.after,
                figures: self.figures,
                settings: self.settings,
            };
            row.causes = cause::causes(&evidence);
        }
        row
    }
}

pub(super) fn findings(statements: &[StatementChange], common: f64, before: &[Baseline]) -> Vec<Finding> {
    let all = ms_per_s_before(before);
    let mut findings: Vec<Finding> = Vec::new();
    for statement in statements.iter().filter(|statement| statement.verdict == Verdict::Worse) {
        let (Some(old), Some(new)) = (statement.before_ms, statement.after_ms) else { continue };
        let factor = new.median / old.median.max(1e-9);
        let is_bad = statement.extra_ms_per_s >= BAD_SHARE * all && factor >= BAD_FACTOR;
        let causes = if statement.causes.is_empty() {
            "Nothing that was measured says why.".to_owned()
        } else {
            format!("Likely causes: {}.", statement.causes.join("; "))
        };
        findings.push(
            Finding::new(
                code::BL101,
                Subject::Other(format!("statement {}", shown(&statement.text))),
                format!("a call takes {} ms, and took {} ms", number(new.median), number(old.median)),
            )
            .with_severity(if is_bad { Severity::Error } else { Severity::Warning })
            .detail(format!(
                "Before {} to {} ms, after {} to {} ms; it takes {} of a second more in each, where all statements took {}. {causes}",
                number(old.least),
                number(old.most),
                number(new.least),
                number(new.most),
                per_cent(statement.extra_ms_per_s / 1000.0),
                per_cent(all / 1000.0),
            ))
            .hint("\"pgslotplan baseline explain\" shows its plans on both servers."),
        );
    }
    if common >= Limits::default().factor {
        findings.push(
            Finding::new(
                code::BL113,
                Subject::Other("all statements".to_owned()),
                format!("in the middle they take {} times as long", number(common)),
            )
            .with_severity(if common >= BAD_FACTOR { Severity::Error } else { Severity::Warning })
            .hint("Compare processors, disks and what else runs there, before the plans of single statements."),
        );
    }
    let after_all: f64 = statements.iter().map(time_after).sum();
    for statement in statements.iter().filter(|statement| statement.before_ms.is_none()) {
        let share = time_after(statement) / after_all.max(1e-9);
        if share >= NEW_SHARE
            && time_after(statement) >= FLOOR_MS_PER_S
            && before.iter().any(|b| b.statements.is_some())
        {
            findings.push(Finding::new(
                code::BL115,
                Subject::Other(format!("statement {}", shown(&statement.text))),
                format!("it was not there before, and takes {} of all statements' time", per_cent(share)),
            ));
        }
    }
    findings
}

fn time_after(statement: &StatementChange) -> f64 {
    statement.after_ms.map_or(0.0, |ms| ms.median) * statement.after_calls_per_s
}
