//! Clique-fixed Lagrangian bound: weights over bins and dimensions, with conflicting items fixed to bins.
//!
//! Let Q = q_1 … q_m, m at most the number of bins, be items of which any two together reach `theta`. If two of them
//! share a bin, the peak is at least `theta`. Otherwise the bins, being identical, can be renamed so that q_j is in
//! bin j. For weights y at least 0 with sum Y the peak is at least the weighted mean of all loads:
//! `Y · peak ≥ Σ y[k,t] c[t] + Σ_j y[j] · w(q_j) + Σ over the other items of min over k of y[k] · w(i)`.
//! So the bound is the smaller of `theta` and that sum divided by Y, rounded up. Fixing Q breaks the symmetry of the
//! bins; without it no weights beat the volume. The weights come from `saddle` as floats, are rounded to whole numbers
//! of at most 2^24, and the value is computed from those in 128-bit integers.

use super::{Bound, Witness, clique::Joint, largest_first};
use crate::optimize::packing::{Instance, coarsen::clusters, loads::Loads};

use super::saddle::Saddle;

/// Largest items that stay single while weights are sought.
const SINGLE: usize = 250;
/// Clusters of the rest.
const CLUSTERS: usize = 250;
/// Largest weight.
const WEIGHT_LIMIT: f64 = 16_777_216.0;
/// The projections hold a bit a bin.
pub const BIN_LIMIT: usize = 128;

/// The search for weights, which can be continued.
pub struct Weights<'a> {
    instance: &'a Instance,
    clique: Vec<u32>,
    columns: Vec<u32>,
    saddle: Option<Saddle>,
    best: Option<Bound>,
}

impl<'a> Weights<'a> {
    /// Forms the clique against `upper`, a peak that some assignment has.
    pub fn new(instance: &'a Instance, upper: u64) -> Self {
        let bins = instance.bin_count;
        let mut weights = Self { instance, clique: Vec::new(), columns: Vec::new(), saddle: None, best: None };
        if !(2..=BIN_LIMIT).contains(&bins) || instance.dimension_count == 0 || instance.item_count() < 2 {
            return weights;
        }
        weights.clique = Joint::new(instance, (4 * bins).min(96)).clique(upper, bins);
        if weights.clique.len() < 2 {
            weights.clique.clear();
            return weights;
        }
        let (rows, pinned) = aggregate(instance, &weights.clique);
        let loads = Loads::fullest(&rows);
        weights.columns = loads.columns;
        weights.saddle = Some(Saddle::new(bins, loads.width, loads.rows, loads.constant, pinned));
        weights
    }

    /// Runs more iterations and returns the best bound so far; `None` without a clique, where the volume is as good.
    pub fn improve(&mut self, iterations: u32) -> Option<Bound> {
        let saddle = self.saddle.as_mut()?;
        saddle.run(iterations, 1e-7);
        let width = saddle.best().weights.len() / self.instance.bin_count;
        let weights = whole_weights(&saddle.best().weights, width, &self.columns, WEIGHT_LIMIT);
        if let Some(value) = evaluate(self.instance, &self.clique, &weights)
            && self.best.as_ref().is_none_or(|b| value > b.value)
        {
            self.best = Some(Bound { value, witness: Witness::Lagrangian { clique: self.clique.clone(), weights } });
        }
        self.best.clone()
    }

    /// Both sides of the last iterations relative to each other: how far more iterations could lift the bound.
    pub fn slack(&self) -> f64 {
        self.saddle.as_ref().map_or(0.0, |s| (s.best().upper - s.best().lower) / s.best().upper)
    }
}

/// An instance with the largest items and the clique single and the rest in clusters of like direction, and where the
/// clique is pinned. Only used to find weights: the bound is evaluated on all items.
fn aggregate(instance: &Instance, clique: &[u32]) -> (Instance, Vec<Option<u32>>) {
    let rows = aggregated(instance, clique, SINGLE, CLUSTERS);
    let mut pinned = vec![None; rows.item_count()];
    for (bin, pin) in pinned.iter_mut().take(clique.len()).enumerate() {
        *pin = Some(bin as u32);
    }
    (rows, pinned)
}

/// The items of `first`, then the largest up to `singles` in all, then the rest in so many `pieces` of like direction.
pub fn aggregated(instance: &Instance, first: &[u32], singles: usize, pieces: usize) -> Instance {
    let order = largest_first(instance);
    let (mut single, mut tail): (Vec<u32>, Vec<u32>) = (first.to_vec(), Vec::new());
    let keep = if order.len() <= singles + pieces { order.len() } else { singles };
    for item in order {
        if first.contains(&item) {
            continue;
        }
        if single.len() < keep { single.push(item) } else { tail.push(item) }
    }
    let d = instance.dimension_count;
    let mut loads: Vec<u64> = single.iter().flat_map(|&item| instance.load(item as usize)).copied().collect();
    for cluster in clusters(instance, tail, pieces) {
        let start = loads.len();
        loads.resize(start + d, 0);
        for item in cluster {
            for (sum, load) in loads[start..].iter_mut().zip(instance.load(item as usize)) {
                *sum += load;
            }
        }
    }
    let items = loads.len() / d;
    Instance {
        bin_count: instance.bin_count,
        dimension_count: d,
        loads,
        constant: instance.constant.clone(),
        sizes: vec![0; items],
        ..Instance::default()
    }
}

/// Weights as whole numbers with the largest at `limit`, zeros left out, by bin and dimension.
pub fn whole_weights(weights: &[f64], width: usize, columns: &[u32], limit: f64) -> Vec<(u32, u32, u32)> {
    let top = weights.iter().fold(0.0, |top, &w| if w > top { w } else { top });
    let mut whole = Vec::new();
    if width == 0 || top <= 0.0 {
        return whole;
    }
    for (bin, row) in weights.chunks_exact(width).enumerate() {
        for (weight, &dimension) in row.iter().zip(columns) {
            let weight = (weight / top * limit).round() as u32;
            if weight > 0 {
                whole.push((bin as u32, dimension, weight));
            }
        }
    }
    whole.sort_unstable();
    whole
}

/// Value that the clique and the weights prove; `None` when they prove nothing.
pub fn evaluate(instance: &Instance, clique: &[u32], weights: &[(u32, u32, u32)]) -> Option<u64> {
    let mut theta = u64::MAX;
    for (k, &a) in clique.iter().enumerate() {
        for &b in &clique[k + 1..] {
            theta = theta.min(super::clique::joint_peak(instance, a, b));
        }
    }
    let denominator: u128 = weights.iter().map(|w| u128::from(w.2)).sum();
    if denominator == 0 {
        return None;
    }
    let mut sum: u128 = weights.iter().map(|w| u128::from(w.2) * u128::from(instance.constant[w.1 as usize])).sum();
    let mut fixed = vec![None; instance.item_count()];
    for (bin, &item) in clique.iter().enumerate() {
        fixed[item as usize] = Some(bin);
    }
    let bins: Vec<&[(u32, u32, u32)]> = (0..instance.bin_count as u32)
        .map(|bin| {
            let start = weights.partition_point(|w| w.0 < bin);
            &weights[start..weights.partition_point(|w| w.0 <= bin)]
        })
        .collect();
    for (item, fixed) in fixed.into_iter().enumerate() {
        let load = instance.load(item);
        let price = |bin: &[(u32, u32, u32)]| -> u128 {
            bin.iter().map(|w| u128::from(w.2) * u128::from(load[w.1 as usize])).sum()
        };
        sum += match fixed {
            Some(bin) => price(bins[bin]),
            None => bins.iter().map(|bin| price(bin)).min().unwrap_or(0),
        };
    }
    let mean = u64::try_from(sum.div_ceil(denominator)).unwrap_or(u64::MAX);
    Some(theta.min(mean))
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;

    #[test]
    fn day_night_and_one_more() {
        // As in `saddle`: day (4, 0), night (0, 4), both (2, 2) on two bins. Volume says 3, no bin holding both says
        // that day with both is 6 and so is night with both: with day and night apart (theta 4 is their joint peak,
        // raised here by a constant) the weights prove 5.
        let plain = instance(2, 2, vec![4, 0, 0, 4, 2, 2], vec![0, 0]);
        assert_eq!(evaluate(&plain, &[0, 1], &[(0, 0, 1), (1, 1, 1)]), Some(4));
        let mut apart = plain.clone();
        apart.apart = vec![(0, 1)];
        // (4 + 4 + min(2, 2)) / 2 = 5.
        assert_eq!(evaluate(&apart, &[0, 1], &[(0, 0, 1), (1, 1, 1)]), Some(5));
        let found = Weights::new(&apart, 6).improve(2000).unwrap();
        assert_eq!(found.value, 5);
    }
}
