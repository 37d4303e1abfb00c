//! Bin packing in one dimension: if the items need more bins of a capacity than there are, the peak exceeds it.
//!
//! The bound on the bins is L2 of Martello and Toth (1990, doi:10.1016/0166-218X(90)90094-S), which dominates the
//! volume and counts how items above half the capacity block bins for those above a threshold `small`.

use super::{Bound, Witness, falling, largest_first};
use crate::optimize::packing::Instance;

/// Beyond this many items the other bounds are within a hair and this one costs a sort for each dimension.
const ITEM_LIMIT: usize = 2000;

/// Largest bound above `lower` and at most `upper`, found by bisection on the capacity in each dimension; `None` when there
/// is none, and for large cores. A dimension that does not refute the best bound so far costs one look.
pub fn bound(instance: &Instance, lower: u64, upper: u64) -> Option<Bound> {
    if instance.item_count() > ITEM_LIMIT {
        return None;
    }
    let order = largest_first(instance);
    let mut best: Option<Bound> = None;
    for dimension in 0..instance.dimension_count {
        let loads = falling(instance, &order, dimension);
        let c = instance.constant[dimension];
        let floor = best.as_ref().map_or(lower, |b| b.value).max(c);
        if floor >= upper || refuting(&loads, floor - c, instance.bin_count).is_none() {
            continue;
        }
        // Invariant: capacity `low - 1` is refuted (or nothing is known), `high` is not.
        let (mut low, mut high) = (floor, upper);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(small) = refuting(&loads, middle - c, instance.bin_count) else {
                high = middle;
                continue;
            };
            low = middle + 1;
            best = Some(Bound {
                value: low,
                witness: Witness::BinPacking { dimension: dimension as u32, capacity: middle, small },
            });
        }
    }
    best
}

/// A threshold at which `loads` (falling) need more than `bins` bins of `capacity`, if there is one.
fn refuting(loads: &[u64], capacity: u64, bins: usize) -> Option<u64> {
    if loads.first().is_some_and(|&l| l > capacity) {
        return Some(0);
    }
    let half = loads.partition_point(|&l| 2 * u128::from(l) > u128::from(capacity));
    let mut prefix = vec![0u64];
    prefix.extend(loads.iter().scan(0, |sum, load| {
        *sum += load;
        Some(*sum)
    }));
    let mut thresholds: Vec<u64> = loads[half..].to_vec();
    thresholds.push(0);
    thresholds.dedup();
    thresholds.into_iter().find(|&small| {
        let alone = loads.partition_point(|&l| l > capacity - small);
        let last = loads.partition_point(|&l| l >= small);
        let room = (half - alone.min(half)) as u128 * u128::from(capacity)
            - u128::from(prefix[half] - prefix[alone.min(half)]);
        let middle = u128::from(prefix[last] - prefix[half]);
        let more = if middle > room && capacity > 0 { (middle - room).div_ceil(u128::from(capacity)) } else { 0 };
        half as u128 + more > bins as u128
    })
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;

    #[test]
    fn large_items_block_bins() {
        // Three bins, 6 6 4 4 4 4 (28, volume 10): at capacity 10 two pairs 6 + 4 and one 4 + 4 fit. At 9 no 6 takes
        // a 4: two bins are blocked, four times 4 needs two more.
        assert_eq!(refuting(&[6, 6, 4, 4, 4, 4], 10, 3), None);
        assert_eq!(refuting(&[6, 6, 4, 4, 4, 4], 9, 3), Some(4));
        let found = bound(&instance(3, 1, vec![6, 6, 4, 4, 4, 4], vec![1]), 0, 20).unwrap();
        assert_eq!(found.value, 11);
        assert_eq!(bound(&instance(3, 1, vec![6, 6, 4, 4, 4, 4], vec![1]), 11, 20), None);
    }
}
