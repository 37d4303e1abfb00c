//! Dives: the largest items placed one after the other where the fractional packing has most of them.
//!
//! A search by moves seldom changes the places that it gave the largest items first; a fractional packing sees at once what
//! room they leave for all others. After each few items its iterations go on with these fixed (`saddle`), so that the next
//! ones see it too. Items are drawn by their fractions, so that dives differ; what is kept from an earlier assignment is
//! fixed before the first (a large neighbourhood, Shaw 1998, doi:10.1007/3-540-49481-2_30). No bound comes of it.

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use super::{lagrangian, saddle::Saddle};
use crate::optimize::packing::{Instance, loads::Loads};

/// Items that are placed.
pub const DEPTH: usize = 48;
/// Items that stay single, and pieces of the rest: coarse, so that what is lost by placing the rest whole is felt.
const SINGLE: usize = 72;
const PIECES: usize = 64;
/// Items that are fixed before the iterations go on.
const STRIDE: usize = 2;

/// The fractional packing that every dive starts from.
pub struct Dives<'a> {
    instance: &'a Instance,
    root: Saddle,
    depth: usize,
    iterations: u32,
}

impl<'a> Dives<'a> {
    /// `instance` has its items in order of falling peak; so many `iterations` after each few items. `None` where there is
    /// nothing to place.
    pub fn new(instance: &'a Instance, iterations: u32) -> Option<Self> {
        let depth = instance.item_count().min(DEPTH);
        if depth < 2 || !(2..=lagrangian::BIN_LIMIT).contains(&instance.bin_count) || instance.dimension_count == 0 {
            return None;
        }
        let order: Vec<u32> = (0..depth as u32).collect();
        let rows = lagrangian::aggregated(instance, &order, SINGLE, PIECES);
        let pinned = vec![None; rows.item_count()];
        let Loads { width, rows, constant, .. } = Loads::fullest(&rows);
        let mut root = Saddle::new(instance.bin_count, width, rows, constant, pinned);
        // Bins are alike: without one item fixed the even spread is as good as any.
        root.pin(0, 0);
        root.run(4 * iterations, TOLERANCE);
        Some(Self { instance, root, depth, iterations })
    }

    /// Bins of the largest items. Those that `kept` has a bin for (by item, none beyond its end) stay there, the others are
    /// drawn; no bin is brought to `upper` by them where another is not.
    pub fn dive(&self, kept: &[Option<u32>], upper: u64, random: &mut ChaCha8Rng) -> Vec<u32> {
        let mut saddle = self.root.clone();
        let mut placed = Placed::new(self.instance, self.depth);
        if kept.iter().all(Option::is_none) {
            placed.put(0, 0);
        } else {
            saddle.unpin(0);
        }
        for (item, bin) in kept.iter().take(self.depth).enumerate() {
            if let Some(bin) = *bin {
                saddle.pin(item, bin);
                placed.put(item, bin as usize);
            }
        }
        let mut fixed = 0;
        for item in 0..self.depth {
            if placed.bins[item].is_some() {
                continue;
            }
            if fixed % STRIDE == 0 {
                saddle.run(self.iterations, TOLERANCE);
            }
            fixed += 1;
            let draw = f64::from(random.next_u32()) / (f64::from(u32::MAX) + 1.0);
            let bin = placed.choose(item, saddle.shares(item), upper, draw);
            placed.put(item, bin);
            saddle.pin(item, bin as u32);
        }
        placed.bins.into_iter().flatten().collect()
    }
}

/// Fractions this close to the best are good enough to draw by.
const TOLERANCE: f64 = 1e-4;

/// What stands where.
struct Placed<'a> {
    instance: &'a Instance,
    bins: Vec<Option<u32>>,
    sums: Vec<u64>,
    used: Vec<bool>,
}

impl<'a> Placed<'a> {
    fn new(instance: &'a Instance, depth: usize) -> Self {
        let sums = instance.constant.repeat(instance.bin_count);
        Self { instance, bins: vec![None; depth], sums, used: vec![false; instance.bin_count] }
    }

    fn put(&mut self, item: usize, bin: usize) {
        let d = self.instance.dimension_count;
        let row = &mut self.sums[bin * d..(bin + 1) * d];
        row.iter_mut().zip(self.instance.load(item)).for_each(|(sum, load)| *sum += load);
        self.bins[item] = Some(bin as u32);
        self.used[bin] = true;
    }

    /// Draws by the squares of the shares. Bins without an item are alike: what is in any of them counts for the first.
    fn choose(&self, item: usize, shares: &[f64], upper: u64, draw: f64) -> usize {
        /// Also what the fractions leave out has a chance, once in a million.
        const LEAST: f64 = 1e-6;
        let free = self.used.iter().position(|used| !used);
        let mut chances = shares.to_vec();
        for bin in 0..chances.len() {
            if let Some(first) = free.filter(|&first| bin > first && !self.used[bin]) {
                chances[first] += std::mem::take(&mut chances[bin]);
            }
        }
        for (bin, chance) in chances.iter_mut().enumerate() {
            let open = self.used[bin] || free == Some(bin);
            let fits = open && !self.meets(item, bin) && self.peak_with(item, bin) < upper;
            *chance = if fits { *chance * *chance + LEAST } else { 0.0 };
        }
        let mut left = draw * chances.iter().sum::<f64>();
        let drawn = chances.iter().position(|&chance| {
            left -= chance;
            chance > 0.0 && left <= 0.0
        });
        // Nothing fits: where it does least harm. The search goes on from there, or the start is dropped.
        drawn.unwrap_or_else(|| {
            let harm = |bin: &usize| (self.meets(item, *bin), self.peak_with(item, *bin), *bin);
            (0..self.instance.bin_count).min_by_key(harm).unwrap_or(0)
        })
    }

    fn peak_with(&self, item: usize, bin: usize) -> u64 {
        let d = self.instance.dimension_count;
        let row = &self.sums[bin * d..(bin + 1) * d];
        row.iter().zip(self.instance.load(item)).map(|(sum, load)| sum + load).max().unwrap_or(0)
    }

    fn meets(&self, item: usize, bin: usize) -> bool {
        let mut others = self.bins.iter().enumerate().filter(|(_, at)| **at == Some(bin as u32));
        others.any(|(other, _)| self.instance.are_apart(other as u32, item as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;
    use crate::optimize::rng::generator;

    #[test]
    fn day_goes_with_night() {
        // Two by day, two by night, of ten each: 11 would be too much for a bin that holds two alike.
        let core = instance(2, 2, vec![10, 0, 0, 10, 10, 0, 0, 10], vec![0, 0]);
        let dives = Dives::new(&core, 200).unwrap();
        for stream in 0..4 {
            let bins = dives.dive(&[], 11, &mut generator(1, stream));
            assert!(bins[0] != bins[2] && bins[1] != bins[3], "{bins:?}");
        }
    }

    #[test]
    fn what_is_kept_stays_and_pairs_stay_apart() {
        let mut core = instance(3, 1, (1..=30).rev().collect(), vec![0]);
        core.apart = vec![(2, 5), (3, 4)];
        let dives = Dives::new(&core, 50).unwrap();
        let mut kept = vec![None; 10];
        (kept[1], kept[2], kept[4]) = (Some(2), Some(1), Some(1));
        for stream in 0..8 {
            let bins = dives.dive(&kept, 200, &mut generator(1, stream));
            assert_eq!((bins[1], bins[2], bins[4], bins.len()), (2, 1, 1, 30));
            assert!(bins[5] != bins[2] && bins[3] != bins[4], "{bins:?}");
            assert_eq!(bins, dives.dive(&kept, 200, &mut generator(1, stream)));
        }
        let drawn: std::collections::BTreeSet<Vec<u32>> =
            (0..8).map(|stream| dives.dive(&kept, 200, &mut generator(1, stream))).collect();
        assert!(drawn.len() > 1, "draws differ");
        assert!(Dives::new(&instance(1, 1, vec![1, 1], vec![0]), 50).is_none());
    }
}
