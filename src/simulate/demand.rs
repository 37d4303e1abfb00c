//! What every unit of the plan asks of a slot in each bucket, at each set of coefficients; and the buckets themselves.
//!
//! A unit is what a layout deals out: a planned table with its leaves, or a shard of one. Units come from the plan, so
//! every layout carries exactly what the plan carries.

use std::collections::BTreeMap;

use super::{engine::Cost, forecast::Range};
use crate::{
    cost::{Burst, Confidence, CostModel, LoadContext, Share, beside_decoding},
    names::TableName,
    plan::{Plan, PlannedTable},
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
    /// The largest bursts of its tables, per confidence.
    bursts: Range<Vec<Burst>>,
    /// Times in each bucket, per confidence: walsender without decoding, apply.
    times: [Vec<[f64; 2]>; 3],
    /// Bytes sent in each bucket.
    bytes: Vec<f64>,
    /// Transactions a second in each bucket.
    transactions: Vec<f64>,
}

impl Unit {
    /// Seconds by which its largest burst outlasts the interval that it came in, for a slot with this share of it.
    pub(super) fn burst_delay_s(&self, share: f64) -> Range {
        self.bursts.map(|bursts| bursts.iter().map(|burst| burst.delay_s(share)).fold(0.0, f64::max))
    }
}

/// Everything that arrives.
pub(super) struct Arrivals<'a> {
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

impl<'a> Arrivals<'a> {
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
        Arrivals { workload, cost, units, source, floors, empty, wal }
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

    /// A slot's load as the plan states it (docs/rules.md, "Loads"): the walsender's part against what decoding leaves
    /// of its time.
    pub(super) fn load(&self, confidence: Confidence, bucket: usize, cost: &Cost) -> f64 {
        let floor = self.floor(confidence, bucket);
        let sender = beside_decoding((cost.sender - floor).max(0.0), floor);
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
    let bursting = Bursting::new(plan, workload, cost);
    let mut slots: BTreeMap<TableName, (Vec<usize>, u64, &PlannedTable)> = BTreeMap::new();
    for (index, slot) in plan.slots.iter().enumerate() {
        for member in &slot.tables {
            let entry = slots.entry(member.table_name()).or_insert((Vec::new(), 0, member));
            if entry.0.last() != Some(&index) {
                entry.0.push(index);
            }
            entry.1 += member.copy_bytes;
        }
    }
    slots
        .into_iter()
        .map(|(name, (slots, copy_bytes, member))| {
            let parts: Vec<&Table> = member.with_leaves().filter_map(|name| by_name.get(&name).copied()).collect();
            let sums = |of: &dyn Fn(&Table, usize) -> f64| {
                source.iter().map(|&bucket| parts.iter().map(|table| of(table, bucket)).sum()).collect()
            };
            Unit {
                name,
                slots,
                copy_bytes,
                rows_per_s: parts.iter().map(|table| rows_per_s(table)).sum(),
                bursts: bursting.of(&parts),
                times: times(plan, cost, source, &parts),
                bytes: sums(&|table, bucket| table.load.logical_bytes_per_s.or_zero(bucket)),
                transactions: sums(&|table, bucket| table.load.transactions_or_rows_per_s(bucket)),
            }
        })
        .collect()
}

/// What bursts are judged in, as the plan judges them; by both stages where it was made for WAL without a capacity, which
/// says nothing of how fast a slot is.
struct Bursting {
    cost: CostModel,
    contexts: Range<LoadContext>,
    slot_capacity: Option<u64>,
}

impl Bursting {
    fn new(plan: &Plan, workload: &Workload, cost: &CostModel) -> Self {
        let (slot_capacity, buckets) = (plan.policy.slot_capacity, workload.observed_buckets());
        let mut cost = cost.clone();
        if cost.capacity_units(slot_capacity).is_none() {
            cost.measure = Measure::Pipeline;
        }
        let contexts = range(|confidence| cost.context(workload, confidence, &buckets));
        Bursting { cost, contexts, slot_capacity }
    }

    fn of(&self, parts: &[&Table]) -> Range<Vec<Burst>> {
        let burst =
            |context: &LoadContext, table: &Table| self.cost.burst(context, table, Share::WHOLE, self.slot_capacity);
        self.contexts.map(|context| parts.iter().filter_map(|table| burst(context, table)).collect())
    }
}

fn rows_per_s(table: &Table) -> f64 {
    table.load.inserts_per_s.mean() + table.load.updates_per_s.mean() + table.load.deletes_per_s.mean()
}

/// Times of walsender and apply worker in each bucket, per confidence.
fn times(plan: &Plan, cost: &CostModel, source: &[usize], parts: &[&Table]) -> [Vec<[f64; 2]>; 3] {
    let capacity = plan.policy.slot_capacity.filter(|_| plan.load.measure == Measure::Wal);
    CONFIDENCES.map(|confidence| {
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
    })
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
