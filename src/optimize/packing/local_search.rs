//! Search for an assignment whose loads all stay at or below a falling target.
//!
//! What is minimised is the sum, over bins and dimensions, of the squared overload above the target. Moves take an
//! item from the fullest bin (three times in four) or any bin; the item is drawn by log-uniform rank, because drawing
//! uniformly nearly always hits dust; the partner of a swap has a similar rank. Worse states are accepted as in
//! annealing (Kirkpatrick, Gelatt, Vecchi 1983, doi:10.1126/science.220.4598.671), with a temperature that follows the
//! gap to the lower bound. The bound on what would still be accepted is drawn before the evaluation, so that an
//! evaluation ends as soon as its first lanes have gone beyond it. Cost: two rows a candidate at most.

use super::{
    dice::Dice,
    loads::{Apart, LANES, Loads},
};
use crate::optimize::simd::{Loop, Simd, sum, wide};

/// How hot a run starts and ends, as fractions of the lower bound.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Standard overload accepted at the start.
    pub hot: f64,
    /// The same at the end.
    pub cold: f64,
    /// Where the target lies between the lower bound (0) and the incumbent (1).
    pub target: f64,
}

/// A state of the search: an assignment, its bin loads and the best seen so far.
pub struct LocalSearch<'a> {
    loads: &'a Loads,
    apart: &'a Apart,
    bin_count: usize,
    bin_of: Vec<u32>,
    sums: Vec<f64>,
    overload: Vec<f64>,
    peaks: Vec<f64>,
    target: f64,
    best: f64,
    /// Moves made since the best state, to get back to it.
    since_best: Vec<(u32, u32)>,
    /// Candidates evaluated so far.
    pub evaluations: u64,
}

/// A stretch of candidates up to `end`; says whether `lower` was met.
struct Look<'s, 'a> {
    search: &'s mut LocalSearch<'a>,
    dice: &'s mut Dice,
    lower: f64,
    /// Of the target between `lower` (0) and the best (1).
    place: f64,
    temperature: f64,
    end: u64,
}

impl Loop for Look<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> bool {
        let Self { search, dice, lower, place, temperature, end } = self;
        while search.evaluations < end {
            search.evaluations += 1;
            let Some(change) = search.propose(dice) else { continue };
            let slack = temperature * dice.exponential();
            if search.attempt(&change, slack) && search.improved() {
                if search.best <= lower {
                    return true;
                }
                search.set_target(lower + place * (search.best - lower));
            }
        }
        false
    }
}

enum Change {
    Move { item: usize, to: usize },
    Swap { first: usize, second: usize },
}

impl<'a> LocalSearch<'a> {
    /// Starts from `bin_of`.
    pub fn new(loads: &'a Loads, apart: &'a Apart, bin_count: usize, bin_of: Vec<u32>) -> Self {
        let sums = loads.bin_rows(&bin_of, bin_count);
        let peaks: Vec<f64> = sums.chunks_exact(loads.width).map(largest).collect();
        let best = largest(&peaks);
        Self {
            loads,
            apart,
            bin_count,
            bin_of,
            sums,
            overload: vec![0.0; bin_count],
            peaks,
            target: best,
            best,
            since_best: Vec::new(),
            evaluations: 0,
        }
    }

    /// Least peak seen.
    pub fn best(&self) -> f64 {
        self.best
    }

    /// The assignment with the least peak.
    pub fn into_best(mut self) -> Vec<u32> {
        self.return_to_best();
        self.bin_of
    }

    fn return_to_best(&mut self) {
        while let Some((item, from)) = self.since_best.pop() {
            let to = self.bin_of[item as usize] as usize;
            self.shift(item as usize, to, from as usize);
        }
        for bin in 0..self.bin_count {
            self.refresh(bin);
        }
    }

    /// Evaluates `budget` candidates, less when `lower` is met or `stop` says so.
    pub fn run(
        &mut self,
        dice: &mut Dice,
        lower: f64,
        budget: u64,
        schedule: Schedule,
        stop: Option<&(dyn Fn() -> bool + Sync)>,
    ) {
        if self.bin_count < 2 || self.best <= lower || self.bin_of.is_empty() {
            return;
        }
        self.set_target(lower + schedule.target * (self.best - lower));
        let chunk = (budget / 64).max(1);
        let mut ratio = schedule.cold / schedule.hot;
        for _ in 0..6 {
            ratio = ratio.sqrt();
        }
        let mut heat = schedule.hot;
        let end = self.evaluations + budget;
        while self.evaluations < end && !stop.is_some_and(|stop| stop()) {
            let chunk_end = (self.evaluations + chunk).min(end);
            let spread = heat * lower;
            let temperature = spread * spread;
            if wide(Look { search: self, dice, lower, place: schedule.target, temperature, end: chunk_end }) {
                return;
            }
            heat *= ratio;
        }
    }

    fn improved(&mut self) -> bool {
        let peak = largest(&self.peaks);
        if peak >= self.best {
            return false;
        }
        self.best = peak;
        self.since_best.clear();
        true
    }

    fn set_target(&mut self, target: f64) {
        // A whole number: loads are whole, so nothing between two of them is a different target.
        self.target = target.floor();
        for bin in 0..self.bin_count {
            self.refresh(bin);
        }
    }

    #[inline(always)]
    fn refresh(&mut self, bin: usize) {
        let row = &self.sums[bin * self.loads.width..(bin + 1) * self.loads.width];
        let mut lanes = [0.0f64; LANES];
        let mut tops = [0.0f64; LANES];
        for chunk in row.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                let over = positive(chunk[lane] - self.target);
                lanes[lane] += over * over;
                tops[lane] = if chunk[lane] > tops[lane] { chunk[lane] } else { tops[lane] };
            }
        }
        self.overload[bin] = lanes.iter().sum();
        self.peaks[bin] = largest(&tops);
    }

    #[inline(always)]
    fn shift(&mut self, item: usize, from: usize, to: usize) {
        let width = self.loads.width;
        let row = self.loads.row(item);
        for (sum, load) in self.sums[from * width..(from + 1) * width].iter_mut().zip(row) {
            *sum -= load;
        }
        for (sum, load) in self.sums[to * width..(to + 1) * width].iter_mut().zip(row) {
            *sum += load;
        }
        self.bin_of[item] = to as u32;
    }

    fn fullest(&self) -> usize {
        let mut fullest = 0;
        for bin in 1..self.bin_count {
            if self.overload[bin] > self.overload[fullest] {
                fullest = bin;
            }
        }
        fullest
    }

    fn propose(&self, dice: &mut Dice) -> Option<Change> {
        let n = self.bin_of.len();
        let draw = dice.below(32);
        let from = if draw < 24 { self.fullest() } else { dice.below(self.bin_count) };
        let start = dice.rank(n);
        let first = self.next_in(start, |bin| bin as usize == from)?;
        if draw & 3 == 0 {
            let to = (from + 1 + dice.below(self.bin_count - 1)) % self.bin_count;
            return Some(Change::Move { item: first, to });
        }
        let reach = (first / 2 + 4).min(n - 1);
        let near = (first + n + dice.below(2 * reach + 1)).wrapping_sub(reach) % n;
        let second = self.next_in(near, |bin| bin as usize != from)?;
        Some(Change::Swap { first, second })
    }

    /// First item at or after `start`, in the round, that is in a wanted bin; looks at a few bins' worth of items.
    fn next_in(&self, start: usize, wanted: impl Fn(u32) -> bool) -> Option<usize> {
        let n = self.bin_of.len();
        let far = n.min(16 * self.bin_count);
        let mut item = start;
        for _ in 0..far {
            if wanted(self.bin_of[item]) {
                return Some(item);
            }
            item += 1;
            if item == n {
                item = 0;
            }
        }
        None
    }

    #[inline(always)]
    fn attempt(&mut self, change: &Change, slack: f64) -> bool {
        match *change {
            Change::Move { item, to } => {
                let from = self.bin_of[item] as usize;
                if self.apart.blocks(&self.bin_of, item, to as u32, None) {
                    return false;
                }
                let limit = self.overload[from] + self.overload[to] + slack;
                if !self.within(from, to, self.loads.row(item), None, limit) {
                    return false;
                }
                self.shift(item, from, to);
                self.since_best.push((item as u32, from as u32));
                self.refresh(from);
                self.refresh(to);
            }
            Change::Swap { first, second } => {
                let (a, b) = (self.bin_of[first] as usize, self.bin_of[second] as usize);
                if self.apart.blocks(&self.bin_of, first, b as u32, Some(second))
                    || self.apart.blocks(&self.bin_of, second, a as u32, Some(first))
                {
                    return false;
                }
                let limit = self.overload[a] + self.overload[b] + slack;
                if !self.within(a, b, self.loads.row(first), Some(self.loads.row(second)), limit) {
                    return false;
                }
                self.shift(first, a, b);
                self.shift(second, b, a);
                self.since_best.push((first as u32, a as u32));
                self.since_best.push((second as u32, b as u32));
                self.refresh(a);
                self.refresh(b);
            }
        }
        true
    }

    /// Whether the overload of bins `a` and `b` stays within `limit` when `out` leaves `a` for `b` and `back` returns.
    #[inline(always)]
    fn within(&self, a: usize, b: usize, out: &[f64], back: Option<&[f64]>, limit: f64) -> bool {
        let width = self.loads.width;
        let rows_a = self.sums[a * width..(a + 1) * width].as_chunks::<LANES>().0;
        let rows_b = self.sums[b * width..(b + 1) * width].as_chunks::<LANES>().0;
        let out = out.as_chunks::<LANES>().0;
        let mut total = 0.0;
        match back {
            None => {
                for ((a, b), out) in rows_a.iter().zip(rows_b).zip(out) {
                    total += chunk_overload(a, b, out, self.target);
                    if total > limit {
                        return false;
                    }
                }
            }
            Some(back) => {
                let back = back.as_chunks::<LANES>().0;
                for (((a, b), out), back) in rows_a.iter().zip(rows_b).zip(out).zip(back) {
                    let mut net = [0.0; LANES];
                    for lane in 0..LANES {
                        net[lane] = out[lane] - back[lane];
                    }
                    total += chunk_overload(a, b, &net, self.target);
                    if total > limit {
                        return false;
                    }
                }
            }
        }
        true
    }
}

#[inline(always)]
fn chunk_overload(a: &[f64; LANES], b: &[f64; LANES], net: &[f64; LANES], target: f64) -> f64 {
    let mut lanes = [0.0f64; LANES];
    for lane in 0..LANES {
        let less = positive(a[lane] - net[lane] - target);
        let more = positive(b[lane] + net[lane] - target);
        lanes[lane] = less * less + more * more;
    }
    sum(lanes)
}

#[inline(always)]
fn positive(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}

#[inline(always)]
fn largest(row: &[f64]) -> f64 {
    row.iter().fold(0.0, |top, &x| if x > top { x } else { top })
}

#[cfg(test)]
mod tests {
    use super::super::{instance::Instance, solution::Assignment};
    use super::*;
    use crate::optimize::rng::generator;

    #[test]
    fn finds_the_even_split() {
        // 8 7 6 5 4 on two bins: 15 = {8, 7} and {6, 5, 4}.
        let instance = Instance {
            bin_count: 2,
            dimension_count: 1,
            loads: vec![8, 7, 6, 5, 4],
            constant: vec![0],
            sizes: vec![0; 5],
            apart: vec![],
            edges: vec![],
        };
        let (loads, apart) = (Loads::new(&instance), Apart::new(&instance));
        let mut search = LocalSearch::new(&loads, &apart, 2, vec![0; 5]);
        let schedule = Schedule { hot: 1.0, cold: 0.05, target: 0.3 };
        search.run(&mut Dice::new(generator(7, 0)), 15.0, 10_000, schedule, None);
        assert_eq!(search.best(), 15.0);
        assert_eq!(Assignment(search.into_best()).peak(&instance), 15);
    }
}
