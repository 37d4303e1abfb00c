//! What every unit of the plan asks of a slot in each bucket, at each set of coefficients; and the buckets themselves.
//!
//! A unit is what a layout deals out: a planned table with its leaves, or a shard of one. Units come from the plan, so
//! every layout carries exactly what the plan carries.

use std::collections::{BTreeMap, BTreeSet};

use super::{engine::Cost, forecast::Range};
use crate::{
    cost::{Confidence, CostModel},
    names::TableName,
    plan::Plan,
    policy::Measure,
    workload::{Table, Workload},
};

pub(super) const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Nominal, Confidence::High];

/// A range from one answer for each of [`CONFIDENCES`].
pub(super) fn range<T>(of: impl FnMut(Confidence) -> T) -> Range<T> {
    let [low, nominal, high] = CONFIDENCES.map(of);
    Range { low, nominal, high }
}

/// A planned table.
pub(super) struct Unit {
    /// Its name.
    pub name: TableName,
    /// Slots of the plan that carry it: one, or several shards.
    pub slots: Vec<usize>,
    /// What its initial copy reads, bytes.
    pub copy_bytes: u64,
    /// Rows changed a second, mean.
    pub rows_per_s: f64,
    /// WAL and row bytes of its largest burst: (seconds of work per second of its mean, length of the interval).
    pub burst_delay_s: Range,
    /// Times in each bucket, per confidence: walsender without decoding, apply.
    times: [Vec<[f64; 2]>; 3],
    /// Bytes sent in each bucket.
    bytes: Vec<f64>,
    /// Transactions a second in each bucket.
    transactions: Vec<f64>,
}

/// Everything that arrives.
pub(super) struct Demand<'a> {
    pub workload: &'a Workload,
    pub cost: CostModel,
    /// What a slot can carry, for measure `wal`, bytes per second.
    pub units: Vec<Unit>,
    /// The observed bucket that stands for each bucket.
    pub source: Vec<usize>,
    /// Share of a walsender's time that decoding takes, by bucket, per confidence.
    floors: [Vec<f64>; 3],
    /// Apply time of empty transactions, by bucket, per confidence.
    empty: [Vec<f64>; 3],
    /// WAL of the cluster, by bucket; at least that of its tables.
    pub wal: Vec<f64>,
}

impl<'a> Demand<'a> {
    /// `workload` must have at least one observed bucket.
    pub(super) fn new(plan: &Plan, workload: &'a Workload, cost: CostModel) -> Self {
        let source = sources(workload);
        let units = units(plan, workload, &cost, &source);
        let by_bucket = |of: &dyn Fn(Confidence, usize) -> f64| {
            CONFIDENCES.map(|confidence| source.iter().map(|&bucket| of(confidence, bucket)).collect::<Vec<f64>>())
        };
        let floors = by_bucket(&|confidence, bucket| cost.decode_floor(workload, confidence, bucket));
        let empty = by_bucket(&|confidence, bucket| cost.empty_transaction_time(workload, confidence, bucket));
        let wal = source
            .iter()
            .map(|&bucket| {
                let tables: f64 = workload.tables.iter().map(|table| table.load.wal_bytes_per_s.or_zero(bucket)).sum();
                workload.cluster_wal_bytes_per_s.or_zero(bucket).max(tables)
            })
            .collect();
        Demand { workload, cost, units, source, floors, empty, wal }
    }

    pub(super) fn bucket_s(&self) -> f64 {
        f64::from(self.workload.bucket_s)
    }

    pub(super) fn bucket_count(&self) -> usize {
        self.source.len()
    }

    /// Share of a walsender that decoding takes.
    pub(super) fn floor(&self, confidence: Confidence, bucket: usize) -> f64 {
        self.floors[confidence as usize][bucket]
    }

    /// What a slot with these units (and shares of them) costs in each bucket.
    pub(super) fn costs(&self, confidence: Confidence, slot: &[(usize, f64)]) -> Vec<Cost> {
        let which = confidence as usize;
        (0..self.bucket_count())
            .map(|bucket| {
                let floor = self.floors[which][bucket];
                let mut cost = Cost { sender: floor, apply: self.empty[which][bucket], bytes: 0.0 };
                for &(unit, share) in slot {
                    let unit = &self.units[unit];
                    let [send, apply] = unit.times[which][bucket];
                    cost.sender += send * share;
                    cost.apply += apply * share;
                    cost.bytes += unit.bytes[bucket] * share;
                }
                cost
            })
            .collect()
    }

    /// Transactions a second in each bucket for a slot with these units (and shares of them). One that changes several tables
    /// counts once for each, so these are the most that there can be.
    pub(super) fn transactions(&self, slot: &[(usize, f64)]) -> Vec<f64> {
        let of = |bucket: usize| slot.iter().map(|&(unit, share)| self.units[unit].transactions[bucket] * share).sum();
        (0..self.bucket_count()).map(of).collect()
    }

    /// One unit's own times in a bucket: (walsender with decoding, apply).
    pub(super) fn unit_cost(&self, confidence: Confidence, unit: usize, bucket: usize, share: f64) -> Cost {
        let [send, apply] = self.units[unit].times[confidence as usize][bucket];
        Cost {
            sender: self.floors[confidence as usize][bucket] + send * share,
            apply: apply * share,
            bytes: self.units[unit].bytes[bucket] * share,
        }
    }

    /// A slot's load as the plan states it (contract §4): the walsender's part against what decoding leaves of its time.
    pub(super) fn load(&self, confidence: Confidence, bucket: usize, cost: &Cost) -> f64 {
        let floor = self.floor(confidence, bucket);
        let sender = (cost.sender - floor).max(0.0) / (1.0 - floor).max(0.05);
        cost.apply.max(sender)
    }

    /// Unit of a table: the table itself, or the planned root or leaf that covers it.
    pub(super) fn unit_of(&self, table: &TableName) -> Option<usize> {
        self.units.iter().position(|unit| unit.name == *table).or_else(|| {
            let found = self.workload.tables.iter().find(|known| known.table_name() == *table)?;
            let root = found.partition_root.as_ref()?;
            self.units.iter().position(|unit| unit.name == *root)
        })
    }
}

/// An unobserved bucket is taken to be as the nearest observed one before it; those at the start as the first observed.
fn sources(workload: &Workload) -> Vec<usize> {
    let observed = workload.observed_buckets();
    let first = observed.first().copied().unwrap_or(0);
    let mut last = first;
    let mut next = observed.iter().copied().peekable();
    (0..workload.bucket_count as usize)
        .map(|bucket| {
            if next.next_if_eq(&bucket).is_some() {
                last = bucket;
            }
            last
        })
        .collect()
}

fn units(plan: &Plan, workload: &Workload, cost: &CostModel, source: &[usize]) -> Vec<Unit> {
    let by_name = workload.by_name();
    let mut leaves: BTreeMap<&TableName, Vec<&Table>> = BTreeMap::new();
    for table in &workload.tables {
        if let Some(root) = &table.partition_root {
            leaves.entry(root).or_default().push(table);
        }
    }
    let mut slots: BTreeMap<TableName, (Vec<usize>, BTreeSet<usize>, u64)> = BTreeMap::new();
    for (index, slot) in plan.slots.iter().enumerate() {
        for member in &slot.tables {
            let entry = slots.entry(member.table_name()).or_default();
            if entry.1.insert(index) {
                entry.0.push(index);
            }
            entry.2 += member.copy_bytes;
        }
    }
    slots
        .into_iter()
        .map(|(name, (slots, _, copy_bytes))| {
            let mut parts: Vec<&Table> = by_name.get(&name).copied().into_iter().collect();
            if !plan_lists_leaves(plan, &name) {
                parts.extend(leaves.get(&name).into_iter().flatten());
            }
            unit(plan, cost, source, name, slots, copy_bytes, &parts)
        })
        .collect()
}

/// Whether partitions of this root are members of their own.
fn plan_lists_leaves(plan: &Plan, root: &TableName) -> bool {
    plan.members().any(|(_, member)| member.partition_root.as_ref() == Some(root))
}

fn unit(
    plan: &Plan,
    cost: &CostModel,
    source: &[usize],
    name: TableName,
    slots: Vec<usize>,
    copy_bytes: u64,
    parts: &[&Table],
) -> Unit {
    let capacity = plan.policy.slot_capacity.filter(|_| plan.load.measure == Measure::Wal);
    let times = CONFIDENCES.map(|confidence| {
        let mut times = vec![[0.0; 2]; source.len()];
        for table in parts {
            for (time, &bucket) in times.iter_mut().zip(source) {
                let stages = cost.stage_times(table, confidence, bucket);
                time[0] += stages.send;
                // With measure wal the plan was made for a stated rate; it counts like a worker that can do no more.
                let stated =
                    capacity.map_or(0.0, |rate| table.load.wal_bytes_per_s.or_zero(bucket) / rate.max(1) as f64);
                time[1] += stages.apply.max(stated);
            }
        }
        times
    });
    let bytes = source
        .iter()
        .map(|&bucket| parts.iter().map(|table| table.load.logical_bytes_per_s.or_zero(bucket)).sum())
        .collect();
    let transactions = source
        .iter()
        .map(|&bucket| parts.iter().map(|table| table.load.transactions_or_rows_per_s(bucket)).sum())
        .collect();
    let rows_per_s = parts
        .iter()
        .map(|table| {
            table.load.inserts_per_s.mean() + table.load.updates_per_s.mean() + table.load.deletes_per_s.mean()
        })
        .sum();
    let burst_delay_s =
        range(|confidence| parts.iter().map(|table| burst_delay(cost, table, confidence, source)).fold(0.0, f64::max));
    Unit { name, slots, copy_bytes, rows_per_s, burst_delay_s, times, bytes, transactions }
}

/// Seconds by which a table's largest burst outlasts the interval that it came in, at the table's mean cost per byte of
/// WAL; as `optimize` judges it.
fn burst_delay(cost: &CostModel, table: &Table, confidence: Confidence, source: &[usize]) -> f64 {
    let (Some(bytes), Some(interval_s)) = (table.load.burst_wal_bytes, table.load.burst_s) else { return 0.0 };
    let wal: f64 = source.iter().map(|&bucket| table.load.wal_bytes_per_s.or_zero(bucket)).sum();
    if wal <= 0.0 {
        return 0.0;
    }
    let mut work = [0.0; 2];
    for &bucket in source {
        let times = cost.stage_times(table, confidence, bucket);
        work[0] += times.send;
        work[1] += times.apply;
    }
    (work[0].max(work[1]) * bytes / wal - interval_s).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Series, tests as samples};

    #[test]
    fn unobserved_buckets_take_the_one_before() {
        let mut workload = samples::workload(vec![samples::table("a", 1.0)]);
        workload.bucket_count = 5;
        let nan = f64::NAN;
        workload.cluster_wal_bytes_per_s = Series::Buckets([nan, 1.0, nan, nan, 4.0].into());
        assert_eq!(sources(&workload), [1, 1, 1, 1, 4]);
    }
}
