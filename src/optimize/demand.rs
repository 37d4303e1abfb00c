//! What each table group asks of a slot: integer loads per stage and bucket, bytes to copy, the worst burst.

use super::grouping::Groups;
use crate::{
    cost::{Confidence, CostModel, MOST_UNITS},
    format::FormatError,
    workload::Workload,
};

/// Loads of all groups at the nominal coefficients, with what every slot carries besides.
#[derive(Debug, Clone)]
pub struct Demand {
    /// Observed buckets, as indices into the workload's.
    pub buckets: Vec<usize>,
    /// Columns of a row: stages × observed buckets.
    pub dimension_count: usize,
    /// One row a group.
    pub loads: Vec<u64>,
    /// What every slot carries, one row.
    pub constant: Vec<u64>,
    /// Largest load of each group.
    pub peaks: Vec<u64>,
    /// Heap and TOAST of each group, bytes.
    pub copy_bytes: Vec<u64>,
    /// How long each group's worst burst alone would keep its neighbours waiting, seconds.
    pub burst_delay_s: Vec<f64>,
}

impl Demand {
    /// Adds up the groups' tables.
    pub fn new(workload: &Workload, groups: &Groups, cost: &CostModel, slot_capacity: Option<u64>) -> Self {
        let buckets = workload.observed_buckets();
        let context = cost.context(workload, Confidence::Nominal, &buckets);
        let dimension_count = cost.dimension_count(&context);
        let mut loads = vec![0u64; dimension_count * groups.groups.len()];
        let mut demand = Demand {
            constant: cost.slot_constant(workload, Confidence::Nominal, &buckets),
            peaks: Vec::with_capacity(groups.groups.len()),
            copy_bytes: Vec::with_capacity(groups.groups.len()),
            burst_delay_s: Vec::with_capacity(groups.groups.len()),
            buckets,
            dimension_count,
            loads: Vec::new(),
        };
        let mut own = vec![0u64; dimension_count];
        for (position, group) in groups.groups.iter().enumerate() {
            let row = &mut loads[position * dimension_count..(position + 1) * dimension_count];
            let mut delay: f64 = 0.0;
            let mut bytes = 0u64;
            for &index in &group.tables {
                let table = &workload.tables[index];
                own.fill(0);
                cost.add_share_loads(&context, table, group.share, &mut own);
                row.iter_mut().zip(&own).for_each(|(sum, load)| *sum = sum.saturating_add(*load));
                bytes = bytes.saturating_add(group.share.part(table.copy_bytes()));
                let burst = cost.burst(&context, table, group.share, slot_capacity);
                delay = delay.max(burst.map_or(0.0, |burst| burst.delay_s(1.0)));
            }
            demand.peaks.push(row.iter().copied().max().unwrap_or(0));
            demand.copy_bytes.push(bytes);
            demand.burst_delay_s.push(delay);
        }
        demand.loads = loads;
        demand
    }

    /// Refuses loads beyond what is counted exactly; no server has them.
    ///
    /// # Errors
    /// [`FormatError::Content`] with the bucket and the group that asks for most.
    pub fn check_total(&self, groups: &Groups) -> Result<(), FormatError> {
        let mut total = self.constant.clone();
        for row in self.loads.chunks(self.dimension_count.max(1)) {
            total.iter_mut().zip(row).for_each(|(sum, load)| *sum = sum.saturating_add(*load));
        }
        let Some((dimension, units)) = total.iter().enumerate().find(|(_, units)| **units > MOST_UNITS) else {
            return Ok(());
        };
        let heaviest =
            (0..groups.groups.len()).max_by_key(|&group| (self.row(group)[dimension], std::cmp::Reverse(group)));
        let most =
            heaviest.map_or(String::new(), |group| format!(", most of it for table {}", groups.groups[group].name));
        let bucket = self.buckets[dimension % self.buckets.len().max(1)];
        Err(FormatError::content(
            "workload",
            format!("its load in bucket {bucket} is {units} units, but at most {MOST_UNITS} can be planned{most}"),
        ))
    }

    /// The row of a group.
    pub fn row(&self, group: usize) -> &[u64] {
        &self.loads[group * self.dimension_count..(group + 1) * self.dimension_count]
    }
}
