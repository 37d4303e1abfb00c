//! Clique: one more item than bins; two of them share a bin, so the least that any two reach together is a bound.

use super::{Bound, Witness, largest_first};
use crate::optimize::packing::Instance;

/// Least peak of a bin that holds both items; `u64::MAX` when they must be apart.
pub fn joint_peak(instance: &Instance, a: u32, b: u32) -> u64 {
    if instance.are_apart(a, b) {
        return u64::MAX;
    }
    let pairs = instance.load(a as usize).iter().zip(instance.load(b as usize));
    pairs.zip(&instance.constant).map(|((x, y), c)| x + y + c).max().unwrap_or(0)
}

/// Joint peaks of the items in `chosen`, pairwise.
pub struct Joint {
    chosen: Vec<u32>,
    peaks: Vec<u64>,
}

impl Joint {
    /// For the largest `count` items and those with a partner to keep apart from, at most as many again.
    pub fn new(instance: &Instance, count: usize) -> Self {
        let order = largest_first(instance);
        let mut chosen: Vec<u32> = order.iter().copied().take(count).collect();
        let mut in_pair: Vec<u32> = instance.apart.iter().flat_map(|&(a, b)| [a, b]).collect();
        in_pair.sort_unstable();
        in_pair.dedup();
        in_pair.retain(|item| !chosen.contains(item));
        chosen.extend(in_pair.into_iter().take(count));
        let peaks = chosen.iter().flat_map(|&a| chosen.iter().map(move |&b| (a, b)));
        let peaks = peaks.map(|(a, b)| if a == b { 0 } else { joint_peak(instance, a, b) }).collect();
        Self { chosen, peaks }
    }

    fn peak(&self, a: usize, b: usize) -> u64 {
        self.peaks[a * self.chosen.len() + b]
    }

    /// Items of which any two reach `threshold` together, at most `limit` of them, larger items preferred: the
    /// longest list over all items to begin with.
    pub fn clique(&self, threshold: u64, limit: usize) -> Vec<u32> {
        let mut best: Vec<usize> = Vec::new();
        for first in 0..self.chosen.len() {
            let mut list = vec![first];
            for next in 0..self.chosen.len() {
                if list.len() < limit && next != first && list.iter().all(|&q| self.peak(q, next) >= threshold) {
                    list.push(next);
                }
            }
            if list.len() > best.len() {
                best = list;
            }
            if best.len() >= limit {
                break;
            }
        }
        let mut items: Vec<u32> = best.into_iter().map(|q| self.chosen[q]).collect();
        items.sort_unstable();
        items
    }
}

/// Largest threshold at which the greedy list has one more item than there are bins.
pub fn bound(instance: &Instance) -> Option<Bound> {
    let wanted = instance.bin_count + 1;
    if instance.item_count() < wanted || instance.bin_count > 64 {
        return None;
    }
    let joint = Joint::new(instance, 3 * wanted);
    let mut values: Vec<u64> = joint.peaks.iter().copied().filter(|&v| v > 0 && v < u64::MAX).collect();
    values.sort_unstable();
    values.dedup();
    let enough = |value: u64| joint.clique(value, wanted).len() == wanted;
    let count = values.partition_point(|&value| enough(value));
    let value = *values.get(count.checked_sub(1)?)?;
    let items = joint.clique(value, wanted);
    let all_apart =
        items.iter().enumerate().all(|(k, &a)| items[k + 1..].iter().all(|&b| joint_peak(instance, a, b) == u64::MAX));
    // Greedy lists need not be monotone in the threshold, and a list wholly of items to keep apart proves that there
    // is no assignment at all, not a peak.
    (items.len() == wanted && !all_apart).then_some(Bound { value, witness: Witness::Clique { items } })
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;

    #[test]
    fn three_items_on_two_bins() {
        // Day (9, 1), night (1, 9), flat (5, 5): day and night reach 10, the others 14.
        let found = bound(&instance(2, 2, vec![9, 1, 1, 9, 5, 5], vec![0, 0])).unwrap();
        assert_eq!(found, Bound { value: 10, witness: Witness::Clique { items: vec![0, 1, 2] } });
    }

    #[test]
    fn items_kept_apart_count_as_joint_at_any_load() {
        let mut apart = instance(2, 1, vec![9, 8, 1], vec![0]);
        apart.apart = vec![(0, 2)];
        // 0 with 1: 17, 1 with 2: 9, 0 with 2 never.
        assert_eq!(bound(&apart).unwrap().value, 9);
    }
}
