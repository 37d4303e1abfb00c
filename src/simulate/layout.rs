//! How tables are dealt to slots: the plan's way, and the naive ways that it is compared with.

use std::collections::{BTreeMap, BTreeSet};

use super::{demand::Arrivals, forecast::LayoutKind};
use crate::{names::TableName, plan::Plan};

/// A deal: for each slot its units and the share of each.
pub(super) struct Layout {
    pub kind: LayoutKind,
    pub slots: Vec<(String, Vec<(usize, f64)>)>,
}

/// The plan's own.
pub(super) fn planned(plan: &Plan, demand: &Arrivals<'_>) -> Layout {
    let mut slots: Vec<(String, Vec<(usize, f64)>)> =
        plan.slots.iter().map(|slot| (slot.name.to_string(), Vec::new())).collect();
    for (index, unit) in demand.units.iter().enumerate() {
        for &slot in &unit.slots {
            // Shards of one table by a hash of its key are alike.
            slots[slot].1.push((index, 1.0 / unit.slots.len() as f64));
        }
    }
    Layout { kind: LayoutKind::Plan, slots }
}

/// One slot, and as many as the plan has by three rules of thumb.
pub(super) fn baselines(plan: &Plan, demand: &Arrivals<'_>) -> Vec<Layout> {
    let count = plan.slots.len();
    let all: Vec<usize> = (0..demand.units.len()).collect();
    let mut baselines = vec![Layout { kind: LayoutKind::OneSlot, slots: vec![("one slot".into(), whole(&all))] }];
    if count > 1 {
        let mut dealt = vec![Vec::new(); count];
        for &unit in &all {
            dealt[unit % count].push(unit);
        }
        baselines.push(named(LayoutKind::RoundRobin, dealt));
        let size = greedy(&all, count, |unit| demand.units[unit].copy_bytes as f64);
        baselines.push(named(LayoutKind::BySize, size));
        let tuples = greedy(&all, count, |unit| demand.units[unit].rows_per_s);
        baselines.push(named(LayoutKind::TupleCount, tuples));
    }
    baselines
}

fn whole(units: &[usize]) -> Vec<(usize, f64)> {
    units.iter().map(|&unit| (unit, 1.0)).collect()
}

fn named(kind: LayoutKind, slots: Vec<Vec<usize>>) -> Layout {
    let slots = slots.iter().enumerate().map(|(index, units)| (format!("slot {}", index + 1), whole(units)));
    Layout { kind, slots: slots.collect() }
}

/// Heaviest first, each to the slot with the least so far; ties by name and slot number.
fn greedy(units: &[usize], count: usize, weight: impl Fn(usize) -> f64) -> Vec<Vec<usize>> {
    let mut order = units.to_vec();
    order.sort_by(|&a, &b| weight(b).total_cmp(&weight(a)).then(a.cmp(&b)));
    let (mut slots, mut sums) = (vec![Vec::new(); count], vec![0.0; count]);
    for unit in order {
        let least = (0..count).min_by(|&a, &b| f64::total_cmp(&sums[a], &sums[b])).unwrap_or(0);
        sums[least] += weight(unit);
        slots[least].push(unit);
    }
    for slot in &mut slots {
        slot.sort_unstable();
    }
    slots
}

/// (table pairs with foreign keys, foreign keys) that join two slots of a layout. A table that no slot carries counts as
/// elsewhere for the keys, as in the plan; pairs are of carried tables.
pub(super) fn cut(plan: &Plan, demand: &Arrivals<'_>, layout: &Layout) -> (u32, u32) {
    let mut slots: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (slot, (_, units)) in layout.slots.iter().enumerate() {
        for &(unit, _) in units {
            slots.entry(unit).or_default().insert(slot);
        }
    }
    let roots: BTreeMap<TableName, &TableName> = demand
        .workload
        .tables
        .iter()
        .filter_map(|table| Some((table.table_name(), table.partition_root.as_ref()?)))
        .collect();
    let units: BTreeMap<&TableName, usize> =
        demand.units.iter().enumerate().map(|(index, unit)| (&unit.name, index)).collect();
    let unit_of = |table: &TableName| {
        units.get(table).copied().or_else(|| roots.get(table).and_then(|root| units.get(*root).copied()))
    };
    let mut pairs = BTreeSet::new();
    let mut keys = 0;
    for planned in &plan.foreign_keys {
        match (unit_of(&planned.key.from), unit_of(&planned.key.to)) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => {
                if slots.get(&a) != slots.get(&b) {
                    pairs.insert((a.min(b), a.max(b)));
                    keys += 1;
                }
            }
            (None, None) => {}
            _ => keys += 1,
        }
    }
    (pairs.len() as u32, keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_deals_the_heaviest_first() {
        // 5, 4, 3, 3 over two slots: 5 | 4, then 3 to the second (7), 3 to the first (8).
        let weights = [3.0, 5.0, 3.0, 4.0];
        assert_eq!(greedy(&[0, 1, 2, 3], 2, |unit| weights[unit]), [vec![1, 2], vec![0, 3]]);
    }
}
