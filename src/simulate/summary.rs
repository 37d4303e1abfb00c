//! What follows from the traces: the best hours, the cutover, findings.

use super::{
    copy::{self, CyclicWal},
    demand::Arrivals,
    forecast::{CopyForecast, CutoverForecast, LayoutForecast, Range},
    layout::Layout,
    rates,
    scenario::Scenario,
    short,
    trace::Trace,
};
use crate::{
    cost::Confidence,
    finding::{Finding, Subject, code},
    units::{Bytes, Seconds},
};

/// Starts tried: every bucket, or as many evenly spread ones.
const STARTS: usize = 168;

/// The start of the copy that keeps least WAL, then the one that is ready first, then the first.
pub(super) fn best_start(demand: &Arrivals<'_>, layout: &Layout, scenario: &Scenario, wal: &CyclicWal) -> f64 {
    let step = demand.bucket_count().div_ceil(STARTS).max(1);
    // A megabyte and a second more or less decide nothing.
    let rank = |start: f64| {
        let copied = copy::copy(demand, layout, Confidence::Nominal, &rates(scenario, Confidence::Nominal), start, wal);
        ((copied.retained_wal_bytes / 1e6).round(), copied.ready_s.map_or(f64::INFINITY, f64::round))
    };
    (0..demand.bucket_count())
        .step_by(step)
        .map(|bucket| bucket as f64 * demand.bucket_s())
        .map(|start| (rank(start), start))
        .min_by(|a, b| a.0.0.total_cmp(&b.0.0).then(a.0.1.total_cmp(&b.0.1)).then(a.1.total_cmp(&b.1)))
        .map_or(0.0, |(_, start)| start)
}

/// How long each hour's cutover would wait.
pub(super) fn cutover(demand: &Arrivals<'_>, traces: &Range<Trace>, scenario: &Scenario) -> CutoverForecast {
    let bucket_s = demand.bucket_s();
    let drains = traces.map(|trace| {
        (0..demand.bucket_count()).map(|bucket| short(trace.drain_s(bucket, bucket_s, scenario))).collect::<Vec<f64>>()
    });
    let disturbed = |bucket: usize| {
        let source = demand.source[bucket];
        let transactions = demand.workload.cluster_transactions_per_s.or_zero(source);
        if transactions > 0.0 { transactions } else { demand.wal[bucket] }
    };
    // Tenths of a second decide nothing; how many users are disturbed does.
    let rank = |bucket: usize| (drains.high[bucket].round(), disturbed(bucket));
    let best = (0..demand.bucket_count())
        .min_by(|&a, &b| {
            let (a, b) = (rank(a), rank(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
        .unwrap_or(0);
    let best_at_s = best as f64 * bucket_s;
    let at_s = scenario.cutover_s.unwrap_or(best_at_s);
    let bucket = ((at_s / bucket_s) as usize).min(demand.bucket_count().saturating_sub(1));
    let at_start = drains.map(|drains| drains[bucket]);
    let asked = traces.map(|trace| trace.drain_asked_s(scenario).map(short));
    let drain_s = Range {
        low: asked.low.unwrap_or(at_start.low),
        nominal: asked.nominal.unwrap_or(at_start.nominal),
        high: asked.high.unwrap_or(at_start.high),
    };
    CutoverForecast { at_s, best_at_s, drain_s, drain_s_by_bucket: drains }
}

/// What to know about a forecast of the plan.
pub(super) fn findings(
    plan: &LayoutForecast,
    copy: &CopyForecast,
    scenario: &Scenario,
    demand: &Arrivals<'_>,
) -> Vec<Finding> {
    let mut findings = never_caught_up(plan);
    findings.extend(limits(plan, copy, scenario));
    findings.extend(cores(plan, scenario));
    findings.extend(apply_cores(plan, scenario));
    let slow: Vec<String> =
        copy.tables.iter().filter(|table| table.ready_s.is_none()).map(|table| table.table.to_string()).collect();
    if !slow.is_empty() {
        findings.push(
            Finding::new(
                code::SM104,
                Subject::Plan,
                format!("the initial copy never ends: {} cannot catch up with its own changes", named(&slow)),
            )
            .hint("Split the table, drop its secondary indexes on the subscriber until it is ready, or start from a clone."),
        );
    }
    let filled = demand.source.iter().enumerate().filter(|(bucket, source)| bucket != *source).count();
    if filled > 0 {
        findings.push(
            Finding::new(
                code::SM107,
                Subject::Workload,
                format!("{filled} of {} buckets were not observed", demand.bucket_count()),
            )
            .detail("Each is taken to be as the nearest observed one before it."),
        );
    }
    findings
}

fn named(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("table {one}"),
        [first, rest @ ..] => format!("table {first} (and {} more)", rest.len()),
    }
}

fn never_caught_up(plan: &LayoutForecast) -> Vec<Finding> {
    let slots = plan.slots.iter().filter(|slot| slot.catch_up_s.nominal.is_none());
    slots
        .map(|slot| {
            Finding::new(
                code::SM101,
                Subject::Slot(slot.name.clone()),
                format!("never caught up: {} behind at the end", Bytes(slot.flush_lag_bytes.nominal)),
            )
            .detail("Its backlog does not empty within a further cycle of the workload.")
            .hint("More slots, a split of its hottest table, or faster cores.")
        })
        .collect()
}

/// Retained WAL against what the publisher allows.
fn limits(plan: &LayoutForecast, copy: &CopyForecast, scenario: &Scenario) -> Vec<Finding> {
    let mut findings = Vec::new();
    let most = |which: &dyn Fn(&Range) -> f64| which(&plan.retained_wal_bytes).max(which(&copy.retained_wal_bytes));
    let (nominal, high) = (most(&|range| range.nominal), most(&|range| range.high));
    let limits = [
        (
            scenario.slot_wal_limit_bytes,
            "max_slot_wal_keep_size",
            "A slot that would retain more is invalidated, and its subscription must be copied again.",
        ),
        (scenario.disk_free_bytes, "the free space", "A full disk stops the publisher."),
    ];
    for (limit, name, detail) in limits {
        let Some(limit) = limit.map(|limit| limit as f64) else { continue };
        let hint = "Copy in smaller parts or from a clone, start at a quieter hour, or make room.";
        if nominal > limit {
            let message = format!("{} of WAL are retained, but {name} is {}", Bytes(nominal), Bytes(limit));
            findings.push(Finding::new(code::SM102, Subject::Publisher, message).detail(detail).hint(hint));
        } else if high > limit {
            let message = format!(
                "up to {} of WAL may be retained (with the careful coefficients), but {name} is {}",
                Bytes(high),
                Bytes(limit)
            );
            findings.push(Finding::new(code::SM103, Subject::Publisher, message).detail(detail).hint(hint));
        }
    }
    findings
}

fn cores(plan: &LayoutForecast, scenario: &Scenario) -> Vec<Finding> {
    let needed = plan.walsender_cores.nominal;
    match scenario.publisher_cores {
        Some(cores) if needed > cores => vec![
            Finding::new(
                code::SM105,
                Subject::Publisher,
                format!("walsenders need {needed:.1} cores at peak, but may use {cores}"),
            )
            .detail(
                "Every slot decodes all WAL, so each further slot makes every other slower; the forecast counts it.",
            )
            .hint("Fewer slots, or a larger publisher while it lasts."),
        ],
        Some(_) => Vec::new(),
        None => vec![
            Finding::new(
                code::SM106,
                Subject::Publisher,
                format!("walsenders need {needed:.1} cores at peak; how many are free was not said"),
            )
            .hint("--publisher-cores N lets the forecast share them out."),
        ],
    }
}

/// Where apply workers may use fewer cores than they need, slots queue for them and the forecast says how long. That they are
/// woken again and again takes nothing from a slot, but it does from others on the same machine.
fn apply_cores(plan: &LayoutForecast, scenario: &Scenario) -> Option<Finding> {
    let Range { nominal, high, .. } = plan.apply_cores;
    let need = format!("apply workers need {nominal:.1} to {high:.1} cores at peak");
    let finding = |code, message| Finding::new(code, Subject::Subscriber, message);
    let finding = match scenario.subscriber_cores {
        Some(cores) if high > cores => finding(code::SM108, format!("{need}, but may use {cores}"))
            .hint("More cores on the subscriber while it lasts; other slots would not lessen the work."),
        Some(_) => return None,
        None => finding(code::SM109, format!("{need}; how many are free was not said"))
            .hint("--subscriber-cores N lets the forecast share them out."),
    };
    Some(finding.detail("The upper figure has a worker woken by each transaction; one that is behind does not sleep."))
}

/// Shown where a queue never empties.
pub fn seconds_or_never(seconds: Option<f64>) -> String {
    seconds.map_or("never".to_owned(), |seconds| Seconds(seconds).to_string())
}
