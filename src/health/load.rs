//! The load that is there beside the load that was planned for: rows changed in the last minute or two, put through the plan's own cost
//! model, against the workload that the plan was made from.
//!
//! The server counts rows; what a row costs (bytes, transactions, index entries) is taken from the workload's mean for its table, or
//! from the width of its rows where the workload saw no change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    look::ChangeRow,
    measure,
    watch::{Changed, Watch},
};
use crate::{
    cost::Confidence,
    names::TableName,
    plan::{Plan, PlanView, PlannedTable},
    workload::{Load, Series, Table, Workload},
};

/// What pgoutput and WAL add to a row whose table was idle when it was sampled, bytes.
const ROW_OVERHEAD_BYTES: f64 = 40.0;
const DAY_S: u64 = 86_400;

/// The load of a slot, in the unit of the plan's `load.unit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SlotLoad {
    /// Of the last minute or two; null: not known yet.
    pub measured: Option<f64>,
    /// The most that was planned for: the slot's peak.
    pub planned: f64,
    /// What the workload has for this hour of its week (or day); null: not observed, or a workload of no whole days.
    pub forecast: Option<f64>,
    /// The slot's busiest tables now, the busiest first, at most five.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableLoad>,
}

/// The load of a table in a slot, in the unit of the plan's `load.unit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TableLoad {
    /// The table; a partition root for its whole tree.
    pub table: TableName,
    /// Of the last minute or two.
    pub measured: f64,
    /// The most that the workload has for it in any bucket.
    pub planned: f64,
}

/// A plan and its workload, made ready for many looks.
#[derive(Debug)]
pub struct LoadModel {
    /// The workload with one bucket; its loads are those of a mean row.
    basis: Workload,
    start_s: f64,
    bucket_s: u64,
    bucket_count: u64,
    observed: Vec<usize>,
    /// By slot: the workload's load in each observed bucket.
    curves: Vec<Vec<f64>>,
    /// By slot: the largest load of each member.
    peaks: Vec<BTreeMap<TableName, f64>>,
}

/// So many tables of a slot are listed.
const MOST_TABLES: usize = 5;

impl LoadModel {
    /// Of the workload that the plan was made from.
    pub fn new(plan: &Plan, workload: &Workload) -> Self {
        let view = PlanView::new(plan, workload);
        let curves = view.slots.iter().map(|slot| slot.curve.clone()).collect();
        let basis = Workload {
            bucket_count: 1,
            tables: workload.tables.iter().map(of_one_row).collect(),
            cluster_wal_bytes_per_s: Series::Constant(workload.cluster_wal_bytes_per_s.mean()),
            cluster_transactions_per_s: Series::Constant(workload.cluster_transactions_per_s.mean()),
            validity: None,
            foreign_keys: Vec::new(),
            co_writes: Vec::new(),
            excluded: Vec::new(),
            gaps: Vec::new(),
            notes: Vec::new(),
            ..Workload { tables: Vec::new(), ..workload.clone() }
        };
        LoadModel {
            basis,
            start_s: workload.start.as_millisecond() as f64 / 1e3,
            bucket_s: u64::from(workload.bucket_s.max(1)),
            bucket_count: u64::from(workload.bucket_count.max(1)),
            observed: workload.observed_buckets(),
            curves,
            peaks: peaks(plan, workload),
        }
    }

    /// One for each slot of the plan, in its order.
    pub fn loads(&self, plan: &Plan, watch: &Watch) -> Vec<SlotLoad> {
        let forecast = watch.last().and_then(super::Look::at).and_then(|at| self.bucket(at));
        let now = self.now(watch);
        let view = now.as_ref().map(|workload| PlanView::new(plan, workload));
        let load = |(number, slot): (usize, &crate::plan::PlannedSlot)| {
            let shown = view.as_ref().and_then(|view| view.slots.get(number));
            let measured = shown.and_then(|slot| slot.curve.first().copied());
            let peaks = self.peaks.get(number);
            let table = |(table, share): &(TableName, f64)| TableLoad {
                table: table.clone(),
                measured: share * measured.unwrap_or(0.0),
                planned: peaks.and_then(|peaks| peaks.get(table)).copied().unwrap_or(0.0),
            };
            let busy = shown.map_or(&[][..], |slot| &slot.shares).iter().filter(|(_, share)| *share > 0.0);
            SlotLoad {
                measured,
                planned: slot.peak_load,
                forecast: forecast.and_then(|bucket| self.curves.get(number)?.get(bucket).copied()),
                tables: busy.take(MOST_TABLES).map(table).collect(),
            }
        };
        plan.slots.iter().enumerate().map(load).collect()
    }

    /// The place among the observed buckets of the bucket that has this hour; absent when none has.
    fn bucket(&self, at: f64) -> Option<usize> {
        let span = self.bucket_s * self.bucket_count;
        if !span.is_multiple_of(DAY_S) {
            return None;
        }
        let within = (at - self.start_s).rem_euclid(span as f64);
        let bucket = (within / self.bucket_s as f64) as usize;
        self.observed.binary_search(&bucket).ok()
    }

    /// A workload of one bucket: what is written now.
    fn now(&self, watch: &Watch) -> Option<Workload> {
        let Changed { seconds, before, after } = watch.changed()?;
        let mut now = self.basis.clone();
        for table in &mut now.tables {
            let name = table.table_name();
            let rows = before
                .get(&name)
                .zip(after.get(&name))
                .and_then(|(before, after)| Rows::between(before, after, seconds));
            fill(&mut table.load, rows.unwrap_or_default());
        }
        let rate = measure::of_side(watch.span(), |look| &look.publisher);
        if let Some(rate) = rate.and_then(|(first, last)| measure::wal_rate(first, last)) {
            now.cluster_wal_bytes_per_s = Series::Constant(rate);
        }
        Some(now)
    }
}

/// Rows changed, per second.
#[derive(Debug, Clone, Copy, Default)]
struct Rows {
    inserts: f64,
    updates: f64,
    hot_updates: f64,
    deletes: f64,
}

impl Rows {
    /// Absent when the statistics began anew in between.
    fn between(before: &ChangeRow, after: &ChangeRow, seconds: f64) -> Option<Self> {
        let rate = |from: u64, to: u64| Some(to.checked_sub(from)? as f64 / seconds);
        Some(Rows {
            inserts: rate(before.inserted, after.inserted)?,
            updates: rate(before.updated, after.updated)?,
            hot_updates: rate(before.hot_updated, after.hot_updated)?,
            deletes: rate(before.deleted, after.deleted)?,
        })
    }
}

/// The table with what a mean row of it costs in place of its loads.
fn of_one_row(table: &Table) -> Table {
    let load = &table.load;
    let rows = load.inserts_per_s.mean() + load.updates_per_s.mean() + load.deletes_per_s.mean();
    let per_row =
        |series: &Series, otherwise: f64| Series::Constant(if rows > 0.0 { series.mean() / rows } else { otherwise });
    let one = Load {
        inserts_per_s: Series::default(),
        updates_per_s: Series::default(),
        hot_updates_per_s: Series::default(),
        deletes_per_s: Series::default(),
        toast_chunks_per_s: per_row(&load.toast_chunks_per_s, 0.0),
        wal_bytes_per_s: per_row(&load.wal_bytes_per_s, table.row_width_bytes + 2.0 * ROW_OVERHEAD_BYTES),
        logical_bytes_per_s: per_row(&load.logical_bytes_per_s, table.row_width_bytes + ROW_OVERHEAD_BYTES),
        transactions_per_s: load.transactions_per_s.as_ref().map(|series| per_row(series, 1.0)),
        burst_wal_bytes: None,
        burst_s: None,
    };
    Table { load: one, ..table.clone() }
}

/// Turns the costs of a row into the loads of these rows.
fn fill(load: &mut Load, rows: Rows) {
    let all = rows.inserts + rows.updates + rows.deletes;
    load.inserts_per_s = Series::Constant(rows.inserts);
    load.updates_per_s = Series::Constant(rows.updates);
    load.hot_updates_per_s = Series::Constant(rows.hot_updates);
    load.deletes_per_s = Series::Constant(rows.deletes);
    let costs = [&mut load.toast_chunks_per_s, &mut load.wal_bytes_per_s, &mut load.logical_bytes_per_s];
    for series in costs.into_iter().chain(&mut load.transactions_per_s) {
        *series = Series::Constant(series.mean() * all);
    }
}

/// The largest load of each member of each slot, over buckets and stages.
fn peaks(plan: &Plan, workload: &Workload) -> Vec<BTreeMap<TableName, f64>> {
    let cost = plan.cost_model();
    let context = cost.context(workload, Confidence::Nominal, &workload.observed_buckets());
    let tables = workload.by_name();
    let peak = |member: &PlannedTable| {
        let mut row = vec![0; cost.dimension_count(&context)];
        for table in member.with_leaves().filter_map(|name| tables.get(&name).copied()) {
            cost.add_share_loads(&context, table, member.share(), &mut row);
        }
        (member.table_name(), cost.to_number(row.into_iter().max().unwrap_or(0)))
    };
    plan.slots.iter().map(|slot| slot.tables.iter().map(peak).collect()).collect()
}

impl TableLoad {
    /// How many times its planned peak it writes, where that matters to a slot with this peak: absent below twice, and for a table that
    /// is little beside the slot.
    pub(super) fn times(&self, slot: &SlotLoad) -> Option<f64> {
        let matters = self.measured >= 0.25 * slot.planned && self.measured > 0.0;
        let times = self.measured / self.planned;
        (matters && times >= 2.0).then_some(times)
    }
}
