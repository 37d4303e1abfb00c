//! Table groups that deserve a slot of their own (docs/rules.md, "Hot").

use super::{demand::Demand, grouping::Groups};
use crate::{
    cost::CostModel,
    policy::{Pin, Policy},
};

/// Why a group is dedicated.
#[derive(Debug, Clone, PartialEq)]
pub enum HotReason {
    /// The policy says so.
    Pinned,
    /// It had its own slot in the previous plan.
    Kept,
    /// It is one part of a split table.
    Split,
    /// More than `hot_share` of an evenly loaded slot: (peak, that slot's peak), in units.
    Share(u64, u64),
    /// More than `hot_share` of what the headroom leaves of the capacity: (peak, that), in units.
    Capacity(u64, u64),
    /// Its worst burst keeps neighbours waiting: seconds.
    Burst(f64),
}

/// Why a hot group has to share a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftShared {
    /// The policy pins it to a shared slot.
    Pinned,
    /// As many groups as the policy allows are dedicated.
    MaxDedicated,
    /// No slot is left, or one shared slot less would cost more.
    MaxSlots,
    /// No move is left to take it out of its slot.
    MaxMoves,
}

impl LeftShared {
    /// In words that follow "but".
    pub fn why(self) -> &'static str {
        match self {
            LeftShared::Pinned => "pinned to a shared slot",
            LeftShared::MaxDedicated => "--max-dedicated is used up",
            LeftShared::MaxSlots => "within --max-slots a slot of its own would not lower the peak",
            LeftShared::MaxMoves => "--max-moves is used up",
        }
    }

    /// What the user may do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            LeftShared::Pinned => "unpin it",
            LeftShared::MaxDedicated => "raise --max-dedicated",
            LeftShared::MaxSlots => "raise --max-slots",
            LeftShared::MaxMoves => "raise --max-moves",
        }
    }
}

/// How many groups may be dedicated because they are hot, and what is said of those beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// At most so many.
    pub dedicated: u32,
    /// Why no more.
    pub beyond: LeftShared,
}

/// Which groups are dedicated for one number of shared slots.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HotSet {
    /// Positions of dedicated groups with the reason, hottest first (pinned and split ones before).
    pub dedicated: Vec<(usize, HotReason)>,
    /// Positions of the others, in order.
    pub shared: Vec<usize>,
    /// Groups that are hot but stay shared, and why.
    pub left_shared: Vec<(usize, HotReason, LeftShared)>,
}

/// Repeats the rule "Hot" (docs/rules.md) until no group is hot or as many are dedicated as are allowed. Cost: one pass
/// over all loads for each.
pub fn isolate(
    groups: &Groups,
    demand: &Demand,
    policy: &Policy,
    cost: &CostModel,
    shared_count: u32,
    allowance: Allowance,
) -> HotSet {
    let mut set = HotSet::default();
    let mut total = vec![0u64; demand.dimension_count];
    let mut candidates = Vec::new();
    for (position, group) in groups.groups.iter().enumerate() {
        if group.part_of.is_some() {
            set.dedicated.push((position, HotReason::Split));
        } else if group.pin == Some(Pin::Dedicated) {
            set.dedicated.push((position, HotReason::Pinned));
        } else {
            candidates.push(position);
            for (sum, load) in total.iter_mut().zip(demand.row(position)) {
                *sum += load;
            }
        }
    }
    candidates.sort_by(|&a, &b| demand.peaks[b].cmp(&demand.peaks[a]).then(a.cmp(&b)));
    let threshold = Threshold::new(policy, cost, shared_count);
    let mut free = allowance.dedicated;
    let mut place = 0;
    while place < candidates.len() {
        let position = candidates[place];
        let heaviest = total.iter().copied().max().unwrap_or(0);
        let Some(reason) = threshold.reason(demand.peaks[position], heaviest, demand.burst_delay_s[position]) else {
            place += 1;
            continue;
        };
        if groups.groups[position].is_pinned_shared() {
            set.left_shared.push((position, reason, LeftShared::Pinned));
            place += 1;
        } else if free == 0 {
            set.left_shared.push((position, reason, allowance.beyond));
            place += 1;
        } else {
            free -= 1;
            for (sum, load) in total.iter_mut().zip(demand.row(position)) {
                *sum -= load;
            }
            set.dedicated.push((position, reason));
            candidates.remove(place);
            // What is left is lighter, so a group that was not hot may be now.
            set.left_shared.clear();
            place = 0;
        }
    }
    candidates.sort_unstable();
    set.shared = candidates;
    set
}

/// Those of `shared` that are hot beside the others, hottest first.
pub fn beside(
    demand: &Demand,
    policy: &Policy,
    cost: &CostModel,
    shared_count: u32,
    shared: &[usize],
) -> Vec<(usize, HotReason)> {
    let mut total = vec![0u64; demand.dimension_count];
    for &position in shared {
        total.iter_mut().zip(demand.row(position)).for_each(|(sum, load)| *sum += load);
    }
    let heaviest = total.iter().copied().max().unwrap_or(0);
    let threshold = Threshold::new(policy, cost, shared_count);
    let reason = |position: usize| threshold.reason(demand.peaks[position], heaviest, demand.burst_delay_s[position]);
    let mut hot: Vec<(usize, HotReason)> =
        shared.iter().filter_map(|&position| Some((position, reason(position)?))).collect();
    hot.sort_by_key(|(position, _)| (std::cmp::Reverse(demand.peaks[*position]), *position));
    hot
}

/// The comparisons, in integers so that the checker finds the same.
struct Threshold {
    hot_share_ppm: u128,
    shared_count: u128,
    capacity_limit: Option<u64>,
    max_delay_s: f64,
}

impl Threshold {
    fn new(policy: &Policy, cost: &CostModel, shared_count: u32) -> Self {
        Threshold {
            hot_share_ppm: (policy.hot_share * 1e6).round() as u128,
            shared_count: u128::from(shared_count.max(1)),
            capacity_limit: cost
                .capacity_units(policy.slot_capacity)
                .map(|capacity| (policy.hot_share * (1.0 - policy.headroom) * capacity as f64).round() as u64),
            max_delay_s: policy.max_delay_s,
        }
    }

    fn reason(&self, peak: u64, heaviest_total: u64, burst_delay_s: f64) -> Option<HotReason> {
        // peak > hot_share * total / shared_count, without division
        if u128::from(peak) * self.shared_count * 1_000_000 > self.hot_share_ppm * u128::from(heaviest_total) {
            return Some(HotReason::Share(peak, heaviest_total / self.shared_count as u64));
        }
        match self.capacity_limit {
            Some(limit) if peak > limit => Some(HotReason::Capacity(peak, limit)),
            _ if burst_delay_s > self.max_delay_s => Some(HotReason::Burst(burst_delay_s)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        cost::CoefficientSets, names::TableName, optimize::grouping::TableGroup, policy::Measure, server::ServerVersion,
    };

    fn case(peaks: &[u64]) -> (Groups, Demand, CostModel) {
        let group = |number: usize| TableGroup {
            tables: vec![number],
            name: TableName::new("public", format!("t{number}")),
            rules: BTreeSet::new(),
            pin: None,
            part_of: None,
            share: crate::cost::Share::WHOLE,
        };
        let groups = Groups { groups: (0..peaks.len()).map(group).collect(), apart: BTreeMap::new() };
        let demand = Demand {
            buckets: vec![0],
            dimension_count: 1,
            loads: peaks.to_vec(),
            constant: vec![0],
            peaks: peaks.to_vec(),
            copy_bytes: vec![0; peaks.len()],
            burst_delay_s: vec![0.0; peaks.len()],
        };
        let cost = CostModel {
            measure: Measure::Wal,
            coefficients: CoefficientSets::default(),
            publisher: ServerVersion::of_major(15),
            subscriber: ServerVersion::of_major(15),
            made_full: BTreeSet::new(),
        };
        (groups, demand, cost)
    }

    fn at_most(dedicated: u32) -> Allowance {
        Allowance { dedicated, beyond: LeftShared::MaxDedicated }
    }

    fn dedicated(set: &HotSet) -> Vec<usize> {
        set.dedicated.iter().map(|(position, _)| *position).collect()
    }

    #[test]
    fn hottest_first_until_the_rest_is_even() {
        // 2 slots: total 160, fair 80: 100 > 40 goes; then total 60, fair 30: 20 > 15 goes; total 40, fair 20: 10 is
        // not above 10, and the rest stays.
        let (groups, demand, cost) = case(&[10, 100, 10, 20, 10, 10]);
        let set = isolate(&groups, &demand, &Policy::default(), &cost, 2, at_most(4));
        assert_eq!(dedicated(&set), [1, 3]);
        assert_eq!(set.dedicated[0].1, HotReason::Share(100, 80));
        assert_eq!(set.shared, [0, 2, 4, 5]);
        let set = isolate(&groups, &demand, &Policy::default(), &cost, 2, at_most(1));
        assert_eq!(dedicated(&set), [1]);
        assert_eq!(set.left_shared, [(3, HotReason::Share(20, 30), LeftShared::MaxDedicated)]);
        assert_eq!(beside(&demand, &Policy::default(), &cost, 2, &set.shared), [(3, HotReason::Share(20, 30))]);
    }

    #[test]
    fn capacity_bursts_and_pins_count() {
        let (mut groups, mut demand, cost) = case(&[36, 10, 10, 10, 10, 10, 10]);
        // capacity 100, headroom 0.3, hot share 0.5: hot above 35; by share of 2 slots it needs more than 24 as well,
        // so one slot is asked for: fair 96, hot above 48.
        let policy = Policy { slot_capacity: Some(100), ..Policy::default() };
        let set = isolate(&groups, &demand, &policy, &cost, 1, at_most(4));
        assert_eq!(set.dedicated, [(0, HotReason::Capacity(36, 35))]);
        demand.burst_delay_s[3] = 31.0;
        let set = isolate(&groups, &demand, &policy, &cost, 1, at_most(4));
        assert_eq!(dedicated(&set), [0, 3]);
        groups.groups[0].pin = Some(Pin::Shared);
        groups.groups[1].pin = Some(Pin::Dedicated);
        let set = isolate(&groups, &demand, &policy, &cost, 1, at_most(4));
        assert_eq!(dedicated(&set), [1, 3]);
        assert_eq!(set.left_shared, [(0, HotReason::Capacity(36, 35), LeftShared::Pinned)]);
    }
}
