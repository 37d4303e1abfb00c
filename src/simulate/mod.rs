//! Forecast: which slot lags when, how much WAL is retained, how long the initial copy takes, when to cut over; and what
//! naive layouts would do.
//!
//! `demand` says what arrives, `layout` who carries it, `engine` how queues grow and shrink, `trace` keeps that by bucket,
//! `copy` is the initial copy, `summary` what follows from all of it. The costs are those of `cost`, which the optimiser
//! balances; here they become time. Nothing is sampled or random: the same files give the same bytes.
//!
//! What it leaves out, besides what happens within a bucket: memory, disks, vacuum, checkpoints, other users of the
//! subscriber. `docs/forecast.md` says how forecasts compare with measurements.

mod copy;
mod demand;
mod engine;
pub mod forecast;
mod layout;
pub mod scenario;
mod summary;
mod trace;

use crate::{
    cost::{CostModel, WAKE_UP_US},
    finding::Finding,
    format::{Document, TOOL},
    names::TableName,
    plan::Plan,
    workload::Workload,
};
use copy::{CyclicWal, Rates};
use demand::{Arrivals, range};
use forecast::{CopyForecast, CutoverForecast, Forecast, LayoutForecast, Range, SlotForecast};
use layout::Layout;
use scenario::{Scenario, ScenarioError, Span};
pub use summary::seconds_or_never;
use trace::Trace;

/// Which layouts are forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compared {
    /// The plan's alone.
    PlanOnly,
    /// And one slot, round-robin, by size, by tuple count.
    WithBaselines,
}

/// The time that a workload covers.
pub fn span(workload: &Workload) -> Span {
    Span { start: workload.start, length_s: f64::from(workload.bucket_s) * f64::from(workload.bucket_count) }
}

/// Forecasts a plan. `workload` must be valid, and the one of the plan.
///
/// # Errors
/// [`ScenarioError`] when the scenario names a slot or table that the plan does not have, or a capacity is not above 0.
pub fn simulate(
    plan: &Plan,
    workload: &Workload,
    cost: &CostModel,
    scenario: &Scenario,
    compared: Compared,
) -> Result<Forecast, ScenarioError> {
    scenario.validate()?;
    let workload = &*workload.canonical();
    let demand = Arrivals::new(plan, workload, cost.clone());
    check_names(plan, &demand, scenario)?;
    let planned = layout::planned(plan, &demand);
    let wal = CyclicWal::new(trace::one_cycle(&demand));
    let best_start_s = summary::best_start(&demand, &planned, scenario, &wal);
    let start_s = scenario.start_s.unwrap_or(best_start_s);
    let mut layouts = Vec::new();
    let mut plan_traces = None;
    let others = if compared == Compared::WithBaselines { layout::baselines(plan, &demand) } else { Vec::new() };
    for layout in std::iter::once(&planned).chain(&others) {
        let traces = range(|confidence| trace::trace(&demand, layout, confidence, scenario));
        layouts.push(forecast_layout(plan, &demand, layout, &traces, scenario, start_s, &wal));
        plan_traces.get_or_insert(traces);
    }
    let copy = copy_forecast(&demand, &planned, scenario, start_s, best_start_s, &wal, &layouts[0]);
    let cutover = plan_traces.map(|traces| summary::cutover(&demand, &traces, scenario));
    let cutover = cutover.unwrap_or(CutoverForecast {
        at_s: 0.0,
        best_at_s: 0.0,
        drain_s: Range::default(),
        drain_s_by_bucket: Range::default(),
    });
    let mut findings: Vec<Finding> = summary::findings(&layouts[0], &copy, scenario, &demand);
    findings.sort();
    let filled = demand.source.iter().enumerate().filter(|(bucket, source)| bucket != *source);
    Ok(Forecast {
        kind: Forecast::KIND.to_owned(),
        version: Forecast::VERSION,
        tool: TOOL.to_owned(),
        plan_sha256: plan.plan_sha256.to_string(),
        workload_sha256: plan.workload_sha256.to_string(),
        database: plan.database.clone(),
        start: workload.start,
        bucket_s: workload.bucket_s,
        bucket_count: workload.bucket_count,
        filled_buckets: filled.map(|(bucket, _)| bucket as u32).collect(),
        scenario: scenario.clone(),
        cluster_wal_bytes_per_s: demand.wal.iter().copied().map(short).collect(),
        layouts,
        copy,
        cutover,
        findings,
    })
}

fn check_names(plan: &Plan, demand: &Arrivals<'_>, scenario: &Scenario) -> Result<(), ScenarioError> {
    for slot in scenario.outages.iter().filter_map(|outage| outage.slot.as_ref()) {
        if !plan.slots.iter().any(|known| known.name.as_str() == slot) {
            return Err(ScenarioError::MissingSlot(slot.clone()));
        }
    }
    for load in &scenario.bulk_loads {
        let known = |table: &TableName| demand.workload.tables.iter().any(|known| known.table_name() == *table);
        if !known(&load.table) || demand.unit_of(&load.table).is_none() {
            return Err(ScenarioError::MissingTable(load.table.clone()));
        }
    }
    Ok(())
}

/// Six significant digits: more would be noise, and files stay short.
fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = 5 - value.abs().log10().floor() as i32;
    if digits <= 0 {
        let scale = 10f64.powi(-digits);
        (value / scale).round() * scale
    } else {
        let scale = 10f64.powi(digits.min(12));
        (value * scale).round() / scale
    }
}

fn shortened(values: Vec<f64>) -> Vec<f64> {
    values.into_iter().map(short).collect()
}

fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, f64::max)
}

/// The largest of each kind over slots; `None` (never) beats every number.
fn longest(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    values.into_iter().try_fold(0.0, |longest: f64, value| Some(longest.max(value?)))
}

#[allow(clippy::too_many_arguments, reason = "one layout and all that it is seen against")]
fn forecast_layout(
    plan: &Plan,
    demand: &Arrivals<'_>,
    layout: &Layout,
    traces: &Range<Trace>,
    scenario: &Scenario,
    start_s: f64,
    wal: &CyclicWal,
) -> LayoutForecast {
    let slots: Vec<SlotForecast> =
        (0..layout.slots.len()).map(|slot| forecast_slot(demand, layout, traces, slot)).collect();
    let over = |of: &dyn Fn(&SlotForecast) -> Range| Range {
        low: largest(slots.iter().map(|slot| of(slot).low)),
        nominal: largest(slots.iter().map(|slot| of(slot).nominal)),
        high: largest(slots.iter().map(|slot| of(slot).high)),
    };
    // No process is busier than all the time.
    let busiest = |of: &dyn Fn(usize, usize) -> f64| {
        let cores = |bucket: usize| (0..layout.slots.len()).map(|slot| of(slot, bucket).min(1.0)).sum::<f64>();
        short(largest((0..demand.bucket_count()).map(cores)))
    };
    let appliers = traces.map(|trace| busiest(&|slot, bucket| trace.costs[slot][bucket].apply));
    let transactions: Vec<Vec<f64>> = layout.slots.iter().map(|(_, units)| demand.transactions(units)).collect();
    let woken = busiest(&|slot, bucket| {
        traces.nominal.costs[slot][bucket].apply + 1e-6 * WAKE_UP_US * transactions[slot][bucket]
    });
    let copied = range(|confidence| {
        let copied = copy::copy(demand, layout, confidence, &rates(scenario, confidence), start_s, wal);
        (copied.ready_s.map(short), short(copied.retained_wal_bytes))
    });
    let (cut_pairs, cut_foreign_keys) = layout::cut(plan, demand, layout);
    LayoutForecast {
        layout: layout.kind,
        cut_pairs,
        cut_foreign_keys,
        peak_load: over(&|slot| slot.peak_load),
        walsender_cores: traces.map(|trace| busiest(&|slot, bucket| trace.costs[slot][bucket].sender)),
        apply_cores: Range { high: appliers.high.max(woken), ..appliers },
        flush_lag_s: over(&|slot| slot.flush_lag_s),
        flush_lag_bytes: over(&|slot| slot.flush_lag_bytes),
        retained_wal_bytes: traces.map(|trace| short(largest(trace.retained.iter().copied()))),
        catch_up_s: Range {
            low: longest(slots.iter().map(|slot| slot.catch_up_s.low)),
            nominal: longest(slots.iter().map(|slot| slot.catch_up_s.nominal)),
            high: longest(slots.iter().map(|slot| slot.catch_up_s.high)),
        },
        burst_delay_s: over(&|slot| slot.burst_delay_s),
        copy_s: copied.map(|copied| copied.0),
        copy_retained_wal_bytes: copied.map(|copied| copied.1),
        slots,
        retained_wal_bytes_by_bucket: traces.map(|trace| shortened(trace.retained.clone())),
    }
}

fn rates(scenario: &Scenario, confidence: crate::cost::Confidence) -> Rates {
    let rate = scenario.copy_bytes_per_s;
    Rates {
        bytes_per_s: match confidence {
            crate::cost::Confidence::Low => rate.low,
            crate::cost::Confidence::Nominal => rate.nominal,
            crate::cost::Confidence::High => rate.high,
        },
        network_bytes_per_s: scenario.network_bytes_per_s,
        workers: scenario.sync_workers,
        pieces: scenario.pieces,
    }
}

fn forecast_slot(demand: &Arrivals<'_>, layout: &Layout, traces: &Range<Trace>, index: usize) -> SlotForecast {
    let (name, units) = &layout.slots[index];
    let loads = range(|confidence| {
        let trace = match confidence {
            crate::cost::Confidence::Low => &traces.low,
            crate::cost::Confidence::Nominal => &traces.nominal,
            crate::cost::Confidence::High => &traces.high,
        };
        let costs = &trace.costs[index];
        let load: Vec<f64> = costs.iter().enumerate().map(|(b, cost)| demand.load(confidence, b, cost)).collect();
        let mean = |of: &dyn Fn(usize) -> f64| (0..costs.len()).map(of).sum::<f64>() / costs.len().max(1) as f64;
        let apply = mean(&|bucket| costs[bucket].apply);
        let sender = mean(&|bucket| demand.load(confidence, bucket, &engine::Cost { apply: 0.0, ..costs[bucket] }));
        (load, apply.max(sender))
    });
    let slot = |trace: &Trace| trace.slots[index].clone();
    let slots = Range { low: slot(&traces.low), nominal: slot(&traces.nominal), high: slot(&traces.high) };
    let catch_up = slots.map(|slot| {
        longest(slot.episodes.iter().map(|episode| episode.until_s.map(|until| short(until - episode.peak_at_s))))
    });
    let mut episodes = slots.nominal.episodes.clone();
    episodes.truncate(5);
    for episode in &mut episodes {
        episode.from_s = short(episode.from_s);
        episode.until_s = episode.until_s.map(short);
        episode.peak_at_s = short(episode.peak_at_s);
        episode.flush_lag_s = short(episode.flush_lag_s);
        episode.flush_lag_bytes = short(episode.flush_lag_bytes);
    }
    let names: std::collections::BTreeSet<&TableName> =
        units.iter().map(|&(unit, _)| &demand.units[unit].name).collect();
    let bursts: Vec<Range> = units.iter().map(|&(unit, share)| demand.units[unit].burst_delay_s(share)).collect();
    let burst = |of: &dyn Fn(&Range) -> f64| short(largest(bursts.iter().map(of)));
    SlotForecast {
        name: name.clone(),
        table_count: names.len() as u32,
        peak_load: loads.map(|(load, _)| short(largest(load.iter().copied()))),
        mean_load: loads.map(|(_, mean)| short(*mean)),
        flush_lag_s: slots.map(|slot| short(slot.worst.1)),
        flush_lag_at_s: short(slots.nominal.worst.0),
        flush_lag_bytes: slots.map(|slot| short(largest(slot.lag_bytes.iter().copied()))),
        catch_up_s: catch_up,
        burst_delay_s: Range {
            low: burst(&|range| range.low),
            nominal: burst(&|range| range.nominal),
            high: burst(&|range| range.high),
        },
        episodes,
        load: shortened(loads.nominal.0.clone()),
        flush_lag_s_by_bucket: slots.map(|slot| shortened(slot.lag_s.clone())),
        flush_lag_bytes_by_bucket: shortened(slots.nominal.lag_bytes.clone()),
    }
}

fn copy_forecast(
    demand: &Arrivals<'_>,
    planned: &Layout,
    scenario: &Scenario,
    start_s: f64,
    best_start_s: f64,
    wal: &CyclicWal,
    forecast: &LayoutForecast,
) -> CopyForecast {
    let nominal = crate::cost::Confidence::Nominal;
    let mut copied = copy::copy(demand, planned, nominal, &rates(scenario, nominal), start_s, wal);
    for table in &mut copied.tables {
        table.from_s = short(table.from_s);
        table.copied_s = short(table.copied_s);
        table.ready_s = table.ready_s.map(short);
    }
    copied.tables.sort_by(|a, b| {
        (a.slot, a.worker).cmp(&(b.slot, b.worker)).then(a.from_s.total_cmp(&b.from_s)).then(a.table.cmp(&b.table))
    });
    CopyForecast {
        start_s,
        best_start_s,
        bytes: demand.units.iter().map(|unit| unit.copy_bytes).sum(),
        ready_s: forecast.copy_s,
        retained_wal_bytes: forecast.copy_retained_wal_bytes,
        snapshot_s: scenario.pieces.map(|_| {
            range(|confidence| {
                short(copy::copy(demand, planned, confidence, &rates(scenario, confidence), start_s, wal).copied_s)
            })
        }),
        tables: copied.tables,
    }
}
