//! Leaps: searches from other places of the largest items, which dives find (`bound/dive.rs`).
//!
//! In waves. The first dives know nothing of the best assignment; those of later waves keep part of it: all but what is in the
//! fullest bin and one to three others, or each item with some chance. The rest is placed by vector-LPT, or stays where it
//! is. A short search from each, then longer ones from the best of the wave.

use std::ops::Range;

use rand_chacha::{ChaCha8Rng, rand_core::Rng};
use rayon::prelude::*;

use super::{Effort, Run, greedy, separate};
use crate::optimize::{
    bound::dive::{DEPTH, Dives},
    packing::Assignment,
    rng::generator,
};

/// Dives of a wave.
pub const DIVES: usize = 8;
/// A short search has this part of the evaluations of a long one.
pub const SHORT: u64 = 4;
/// Those of a wave that free whole bins; the others free items.
const BY_BIN: usize = 4;
/// Of each four, those that leave the rest where it is.
const STAYING: usize = 2;
/// Chances of an item to stay.
const KEPT: [f64; 4] = [0.3, 0.5, 0.7, 0.85];
/// The numbers of the rounds, for their generators, and the streams of the dives.
const ROUND: usize = 100;
const STREAM: u64 = 9_000;

impl Run<'_> {
    /// The waves of that number. Nothing where dives have nothing to place.
    pub(super) fn leap(&mut self, dives: Option<&Dives>, effort: &Effort, waves: Range<usize>) {
        let Some(dives) = dives else { return };
        for wave in waves {
            if self.done() {
                return;
            }
            let best: &Run = self;
            let starts: Vec<Vec<u32>> = (0..DIVES)
                .into_par_iter()
                .map(|number| best.dived(dives, wave, number))
                .filter(|start| separate::holds(best.instance, start))
                .collect();
            let starts: Vec<&[u32]> = starts.iter().map(Vec::as_slice).collect();
            let short = Effort { evaluations: (effort.evaluations / SHORT).max(1), ..*effort };
            let runs = self.runs(ROUND + 2 * wave, &short, &starts);
            let best = runs.iter().min_by_key(|(peak, ..)| *peak).map(|(_, best, _)| best.clone());
            self.take_best(runs);
            if let (Some(best), false) = (best, self.done()) {
                let runs = self.runs(ROUND + 2 * wave + 1, effort, &vec![best.as_slice(); effort.starts]);
                self.take_best(runs);
            }
        }
    }

    fn dived(&self, dives: &Dives, wave: usize, number: usize) -> Vec<u32> {
        let mut random = generator(self.settings.seed, STREAM + (wave * DIVES + number) as u64);
        let kept = if wave == 0 { Vec::new() } else { self.kept(number, &mut random) };
        let given = dives.dive(&kept, self.peak, &mut random);
        if wave > 0 && number % 4 < STAYING {
            let mut all = self.best.clone();
            all[..given.len()].copy_from_slice(&given);
            return all;
        }
        let order: Vec<u32> = (0..self.instance.item_count() as u32).collect();
        greedy::assign_rest(self.instance, &self.loads, &self.apart, &order, self.bound.value as f64, &given)
    }

    /// What a dive leaves where it is.
    fn kept(&self, number: usize, random: &mut ChaCha8Rng) -> Vec<Option<u32>> {
        let large = self.best.iter().take(DEPTH).copied();
        if number < BY_BIN {
            let freed = self.freed(2 + number % 3, random);
            return large.map(|bin| (!freed.contains(&bin)).then_some(bin)).collect();
        }
        let share = (KEPT[number % KEPT.len()] * f64::from(u32::MAX)) as u32;
        large.map(|bin| (random.next_u32() < share).then_some(bin)).collect()
    }

    /// The fullest bin and others drawn.
    fn freed(&self, count: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
        let (bins, d) = (self.instance.bin_count, self.instance.dimension_count);
        let loads = Assignment(self.best.clone()).bin_loads(self.instance);
        let peak = |bin: usize| loads[bin * d..(bin + 1) * d].iter().copied().max();
        let mut others: Vec<usize> = (0..bins).collect();
        let fullest = (0..bins).rev().max_by_key(|&bin| peak(bin)).unwrap_or(0);
        let mut freed = vec![others.remove(fullest) as u32];
        while freed.len() < count && !others.is_empty() {
            let drawn = random.next_u32() as usize % others.len();
            freed.push(others.remove(drawn) as u32);
        }
        freed
    }
}
