//! What the plan's summaries show beside the plan itself: curves of the slots and their busiest tables, from plan and
//! workload through the one cost model.

use std::collections::BTreeMap;

use crate::{
    cost::{Confidence, CostModel},
    names::TableName,
    policy::Measure,
    units::per_cent,
    workload::{Table, Workload},
};
use jiff::{SignedDuration, tz::TimeZone};

use super::{Plan, PlannedSlot};

/// A plan ready to be shown.
pub struct PlanView<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// One for each slot, in the plan's order.
    pub slots: Vec<SlotView<'a>>,
    workload: &'a Workload,
}

/// A slot ready to be shown.
pub struct SlotView<'a> {
    /// The slot.
    pub slot: &'a PlannedSlot,
    /// Its load in each observed bucket: the larger of its stages.
    pub curve: Vec<f64>,
    /// Its tables by their share of its load in its peak bucket, largest first; partitions count with their root.
    pub shares: Vec<(TableName, f64)>,
}

impl<'a> PlanView<'a> {
    /// Derives what is shown. `workload` is the one of the plan.
    pub fn new(plan: &'a Plan, workload: &'a Workload) -> Self {
        let cost = plan.cost_model();
        let buckets = workload.observed_buckets();
        let context = cost.context(workload, Confidence::Nominal, &buckets);
        let constant = cost.slot_constant(workload, Confidence::Nominal, &buckets);
        let tables = workload.by_name();
        let slots = plan
            .slots
            .iter()
            .map(|slot| {
                let mut sum = constant.clone();
                let mut rows: Vec<(TableName, Vec<u64>)> = Vec::new();
                for member in &slot.tables {
                    let mut row = vec![0; cost.dimension_count(&context)];
                    let name = member.table_name();
                    let parts: Vec<&Table> =
                        member.with_leaves().filter_map(|name| tables.get(&name).copied()).collect();
                    for table in parts {
                        cost.add_share_loads(&context, table, member.share(), &mut row);
                    }
                    for (sum, value) in sum.iter_mut().zip(&row) {
                        *sum += value;
                    }
                    rows.push((name, row));
                }
                slot_view(&cost, slot, buckets.len(), &sum, rows)
            })
            .collect();
        PlanView { plan, slots, workload }
    }

    /// When a bucket starts: `Mon 14:00`, in UTC.
    pub fn time(&self, bucket: u32) -> String {
        let seconds = i64::from(bucket) * i64::from(self.workload.bucket_s);
        match self.workload.start.checked_add(SignedDuration::from_secs(seconds)) {
            Ok(start) => start.to_zoned(TimeZone::UTC).strftime("%a %H:%M").to_string(),
            Err(_) => format!("bucket {bucket}"),
        }
    }

    /// What the measure balances, in words that follow "asks for … of".
    fn measure(&self) -> &'static str {
        match self.plan.load.measure {
            Measure::Pipeline => "the time of its busier stage (apply worker or walsender)",
            Measure::Apply => "its apply worker's time",
            Measure::Wal => "what a slot can carry",
        }
    }

    /// Which slot is the busiest, and when; `None` without slots.
    pub fn busiest(&self) -> Option<String> {
        let slot = self.plan.slots.first()?;
        let load = self.plan.shown_load(slot.peak_load);
        Some(match self.plan.load.slot_capacity {
            Some(_) => format!(
                "The busiest slot, {}, asks for {load} of {} ({} UTC).",
                slot.name,
                self.measure(),
                self.time(slot.peak_bucket)
            ),
            None => format!("The busiest slot, {}, carries {load} of WAL.", slot.name),
        })
    }
}

impl SlotView<'_> {
    /// The busiest tables with their shares, and how many more there are.
    pub fn top_tables(&self) -> String {
        const SHOWN: usize = 4;
        let share = |share: f64| if share > 0.0 { per_cent(share) } else { "idle".to_owned() };
        let shown: Vec<String> =
            self.shares.iter().take(SHOWN).map(|(name, of_slot)| format!("{name} {}", share(*of_slot))).collect();
        let more = self.shares.len().saturating_sub(SHOWN);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", shown.join(", "))
    }
}

fn slot_view<'a>(
    cost: &CostModel,
    slot: &'a PlannedSlot,
    bucket_count: usize,
    sum: &[u64],
    rows: Vec<(TableName, Vec<u64>)>,
) -> SlotView<'a> {
    let stages = cost.stages().len();
    let curve = (0..bucket_count)
        .map(|bucket| (0..stages).map(|stage| sum[stage * bucket_count + bucket]).max().unwrap_or(0))
        .map(|units| cost.to_number(units))
        .collect();
    let peak = (0..sum.len()).max_by_key(|&dimension| (sum[dimension], usize::MAX - dimension));
    let mut shares: BTreeMap<TableName, f64> = BTreeMap::new();
    for (name, row) in rows {
        let share = peak.filter(|&d| sum[d] > 0).map_or(0.0, |d| row[d] as f64 / sum[d] as f64);
        *shares.entry(name).or_default() += share;
    }
    let mut shares: Vec<(TableName, f64)> = shares.into_iter().collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    SlotView { slot, curve, shares }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cost::CoefficientSets,
        generate::{GenerateSettings, generate},
        optimize::{Budget, OptimizeOptions, optimize},
        policy::{NoIdentity, Policy},
        workload::{ReplicaIdentity, Series, TableKind},
    };

    /// `--no-identity full` on a partition tree: partitions cost what the plan says, not only their root.
    #[test]
    fn curves_and_shares_are_those_of_the_plan() {
        let settings = GenerateSettings {
            tables: 40,
            hours: 24,
            partition_trees: Some(1),
            seed: 7,
            ..GenerateSettings::default()
        };
        let mut workload = generate(&settings).unwrap();
        workload.canonicalize();
        for leaf in workload.tables.iter_mut().filter(|table| table.kind == TableKind::Partition) {
            (leaf.primary_key, leaf.index_count, leaf.rows_estimate) = (false, 0, 50_000.0);
            (leaf.replica_identity, leaf.identity_columns) = (ReplicaIdentity::Default, Vec::new());
            leaf.load.updates_per_s = Series::Constant(2.0);
        }
        let policy = Policy { no_identity: NoIdentity::Full, ..Policy::default() };
        let cost = CostModel::new(&workload, &policy, CoefficientSets::default(), None).unwrap();
        let options = OptimizeOptions { budget: Budget::Evaluations(50), ..OptimizeOptions::default() };
        let plan = optimize(&workload, &policy, &cost, &options).unwrap();
        let view = PlanView::new(&plan, &workload);
        assert!(plan.members().any(|(_, table)| table.set_identity && !table.leaves.is_empty()));
        for shown in &view.slots {
            assert_eq!(shown.curve.iter().copied().fold(0.0, f64::max), shown.slot.peak_load, "{}", shown.slot.name);
            let shares: f64 = shown.shares.iter().map(|(_, share)| share).sum();
            assert!((shares - 1.0).abs() < 1e-6, "{}: {shares}", shown.slot.name);
        }
    }
}
