//! Figures of the whole database, beside each other.

use super::{FigureChange, Limits, Range, StatementChange, Verdict, figure_words};
use crate::{
    baseline::{
        Baseline,
        figure::{self, FIGURES, Figure, Per, Says},
        noise::{Change, Spread, change},
    },
    finding::{Code, Finding, Subject, code},
};

/// Time to read one block: derived, and no figure of the file.
const BLOCK_READ: &str = "ms_per_block_read";
/// A block that takes less comes from the system's cache, milliseconds.
const CACHED_BLOCK_MS: f64 = 0.1;
/// With fewer blocks read a second their time says nothing.
const FEW_BLOCKS: f64 = 10.0;

pub(super) fn figure_changes(before: &[Baseline], after: &Baseline, limits: Limits) -> Vec<FigureChange> {
    let of_list = FIGURES.iter().filter_map(|figure| {
        let old = Spread::new(before.iter().flat_map(|baseline| values(baseline, figure)));
        let new = Spread::new(values(after, figure));
        let change = change(&old, &new, limits.factor, figure.floor);
        let verdict = verdict(change, figure.says);
        row(figure.name, figure.per == Per::Transaction, &old, &new, verdict)
    });
    let old = Spread::new(before.iter().flat_map(block_times));
    let new = Spread::new(block_times(after));
    let verdict = verdict(change(&old, &new, limits.factor, CACHED_BLOCK_MS), Says::Worse);
    of_list.chain(row(BLOCK_READ, false, &old, &new, verdict)).collect()
}

fn row(name: &str, per_transaction: bool, old: &Spread, new: &Spread, verdict: Verdict) -> Option<FigureChange> {
    let (before, after) = (Range::of(old), Range::of(new));
    (before.is_some() || after.is_some()).then(|| FigureChange {
        name: name.to_owned(),
        per_transaction,
        before,
        after,
        verdict,
    })
}

fn verdict(change: Change, says: Says) -> Verdict {
    match (change, says) {
        (Change::Up, Says::Worse) => Verdict::Worse,
        (Change::Up | Change::Down, _) => Verdict::Changed,
        (Change::Same, _) => Verdict::Same,
        (Change::Unknown, _) => Verdict::Unknown,
    }
}

/// The values of a figure; for each transaction where it is compared so, and then only where there were some.
fn values(baseline: &Baseline, figure: &Figure) -> Vec<f64> {
    let Some(values) = baseline.figures.get(figure.name) else { return Vec::new() };
    if figure.per == Per::Itself {
        return values.iter().flatten().copied().collect();
    }
    let of = |name: &str, at: usize| baseline.figures.get(name).and_then(|values| values.get(at).copied().flatten());
    let each = values.iter().enumerate().filter_map(|(at, value)| {
        let transactions = of("commits_per_s", at)? + of("rollbacks_per_s", at).unwrap_or(0.0);
        (transactions > 0.0).then_some((*value)? / transactions)
    });
    each.collect()
}

fn block_times(baseline: &Baseline) -> Vec<f64> {
    let (Some(times), Some(blocks)) =
        (baseline.figures.get("block_read_ms_per_s"), baseline.figures.get("blocks_read_per_s"))
    else {
        return Vec::new();
    };
    let each = times.iter().zip(blocks).filter_map(|(ms, blocks)| {
        let (ms, blocks) = ((*ms)?, (*blocks)?);
        // without track_io_timing all times are zero
        (ms > 0.0 && blocks >= FEW_BLOCKS).then_some(ms / blocks)
    });
    each.collect()
}

pub(in crate::baseline) fn is_worse(figures: &[FigureChange], name: &str) -> bool {
    figures.iter().any(|figure| figure.name == name && figure.verdict == Verdict::Worse)
}

/// Whether blocks take longer to be read.
pub(in crate::baseline) fn is_io_slower(figures: &[FigureChange]) -> bool {
    is_worse(figures, BLOCK_READ)
}

pub(super) fn findings(figures: &[FigureChange], statements: &[StatementChange]) -> Vec<Finding> {
    // a statement that looks at more blocks reads more of them: it is named already
    let has_plan_change = statements.iter().any(|statement| statement.verdict == Verdict::Worse);
    let worse = figures.iter().filter(|figure| figure.verdict == Verdict::Worse).filter_map(|figure| {
        let (code, hint) = meaning(&figure.name);
        if has_plan_change && matches!(figure.name.as_str(), "blocks_read_per_s" | "waits_io" | "temp_bytes_per_s") {
            return None;
        }
        Some(said(code, figure, hint))
    });
    let load = figures
        .iter()
        .filter(|figure| figure.name == "commits_per_s" && figure.verdict == Verdict::Changed)
        .map(|figure| said(code::BL114, figure, "Compare windows of the same hour and weekday."));
    worse.chain(load).collect()
}

fn meaning(name: &str) -> (&'static Code, &'static str) {
    match name {
        BLOCK_READ => (code::BL107, "Compare the disks: operations a second, throughput, their limits and credits."),
        "blocks_read_per_s" => {
            (code::BL104, "A new server's cache is empty: pg_prewarm fills it; look again in an hour.")
        }
        "deadlocks_per_s" | "waits_lock" => {
            (code::BL105, "Look at who waits for whom: pg_blocking_pids(), log_lock_waits.")
        }
        "replica_lag_bytes" | "replica_lag_s" => {
            (code::BL108, "Look at the replicas: their disks, their network, queries that conflict.")
        }
        "temp_bytes_per_s" => {
            (code::BL112, "Compare work_mem and hash_mem_multiplier, and the statements that sort or hash.")
        }
        _ => (code::BL110, "Compare the settings of both servers, and look at what the sessions wait for."),
    }
}

fn said(code: &'static Code, figure: &FigureChange, hint: &str) -> Finding {
    let words =
        if figure.name == BLOCK_READ { "time to read a block, ms".to_owned() } else { figure_words(&figure.name) };
    let per = if figure.per_transaction { ", for each transaction of a second" } else { "" };
    let shown = |range: Option<Range>| range.map_or_else(|| "unknown".to_owned(), |range| number(range.median));
    let range = |range: Option<Range>| {
        range.map_or_else(String::new, |range| format!("{} to {}", number(range.least), number(range.most)))
    };
    let severity = code.severities[0];
    Finding::new(
        code,
        Subject::Other(words),
        format!("{} before, {} after{per}", shown(figure.before), shown(figure.after)),
    )
    .with_severity(severity)
    .detail(format!("Before it went from {}, after from {}.", range(figure.before), range(figure.after)))
    .hint(hint)
}

/// Three significant digits.
pub fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        ..0.001 => format!("{value:.2e}"),
        ..0.1 => format!("{value:.4}"),
        ..1.0 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        ..1e7 => format!("{value:.0}"),
        _ => format!("{value:.2e}"),
    }
}

/// The words of a row's figure.
pub fn words(name: &str) -> String {
    if name == BLOCK_READ { "time to read a block, ms".to_owned() } else { figure_words(name) }
}

/// Whether a figure is shown although nothing became of it.
pub fn is_shown(change: &FigureChange) -> bool {
    matches!(change.verdict, Verdict::Worse | Verdict::Changed)
        || figure::find(&change.name).is_some_and(|figure| {
            figure.says != Says::Nothing
                && [change.before, change.after].into_iter().flatten().any(|range| range.most >= figure.floor)
        })
}
