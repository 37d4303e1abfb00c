//! Primal-dual iterations for the fractional packing: items spread over bins against weights on bins and dimensions.
//!
//! min over fractional assignments x, max over weights y (at least 0, sum 1) of `Σ y[k,t] (c[t] + Σ w[i][t] x[i,k])`.
//! The method is the primal-dual hybrid gradient of Chambolle and Pock (2011, doi:10.1007/s10851-010-0251-1) with
//! their diagonal steps (2011, doi:10.1109/ICCV.2011.6126441), averaging and restarts as in PDLP (Applegate et al.
//! 2021, arXiv:2106.04756). Nothing here is trusted: the weights are re-evaluated in whole numbers by `lagrangian`.
//! Cost of an iteration: items × bins × columns.

use std::sync::Arc;

use crate::optimize::{
    packing::loads::LANES,
    simd::{Loop, Simd, add_four, add_one, dot, four_dots, sum, wide},
};

/// The problem and where the iterations stand.
#[derive(Clone)]
pub struct Saddle {
    bins: usize,
    width: usize,
    rows: Arc<Vec<f64>>,
    constant: Vec<f64>,
    pinned: Vec<Option<u32>>,
    step_x: Vec<f64>,
    step_y: Vec<f64>,
    ratio: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    /// Bin loads at `x`.
    sums: Vec<f64>,
    /// What the last projection of the weights took off, where the next one begins.
    shift: f64,
    best: Best,
}

/// The best weights and the best fractional assignment seen, with their values.
#[derive(Debug, Clone, Default)]
pub struct Best {
    /// Value that the weights prove, up to rounding.
    pub lower: f64,
    /// Weights, one padded row a bin.
    pub weights: Vec<f64>,
    /// Peak of the fractional assignment.
    pub upper: f64,
    /// Fractions, `bins` an item.
    pub fractions: Vec<f64>,
}

struct Average {
    count: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    sums: Vec<f64>,
    prices: Vec<f64>,
    start_x: Vec<f64>,
    start_y: Vec<f64>,
    gap: f64,
}

impl Saddle {
    /// `rows` are padded rows of `width`, in any unit; `pinned` items stay whole in their bin.
    pub fn new(
        bins: usize,
        width: usize,
        mut rows: Vec<f64>,
        mut constant: Vec<f64>,
        pinned: Vec<Option<u32>>,
    ) -> Self {
        let items = pinned.len();
        let mut total = vec![0.0; width];
        for row in rows.chunks_exact(width) {
            for (sum, load) in total.iter_mut().zip(row) {
                *sum += load;
            }
        }
        let top = total.iter().zip(&constant).map(|(t, c)| t / bins as f64 + c).fold(0.0, f64::max);
        let scale = if top > 0.0 { 1.0 / top } else { 1.0 };
        rows.iter_mut().chain(&mut constant).chain(&mut total).for_each(|load| *load *= scale);
        let least = 1e-9;
        let step_x = rows.chunks_exact(width).map(|row| 1.0 / row.iter().sum::<f64>().max(least)).collect();
        let step_y = total.iter().map(|&t| if t > 0.0 { 1.0 / t } else { 0.0 }).collect();
        let mut x = vec![1.0 / bins as f64; items * bins];
        for (shares, pin) in x.chunks_exact_mut(bins).zip(&pinned) {
            if let Some(bin) = pin {
                shares.fill(0.0);
                shares[*bin as usize] = 1.0;
            }
        }
        let used = total.iter().filter(|&&t| t > 0.0).count().max(1);
        let weight = 1.0 / (used * bins) as f64;
        let y = (0..bins).flat_map(|_| total.iter().map(|&t| if t > 0.0 { weight } else { 0.0 })).collect();
        let mut saddle = Self {
            bins,
            width,
            rows: Arc::new(rows),
            constant,
            pinned,
            step_x,
            step_y,
            ratio: 1.0,
            x,
            y,
            sums: Vec::new(),
            shift: f64::NEG_INFINITY,
            best: Best { upper: f64::INFINITY, ..Best::default() },
        };
        saddle.sums = saddle.bin_sums(&saddle.x);
        saddle
    }

    /// The best of both sides so far, in units of the scale chosen at the start (the volume bound of all columns).
    pub fn best(&self) -> &Best {
        &self.best
    }

    /// Pins an item where it is to stay; its share elsewhere becomes 0.
    pub fn pin(&mut self, item: usize, bin: u32) {
        self.pinned[item] = Some(bin);
        let shares = &mut self.x[item * self.bins..(item + 1) * self.bins];
        shares.fill(0.0);
        shares[bin as usize] = 1.0;
        self.sums = self.bin_sums(&self.x);
        self.best = Best { upper: f64::INFINITY, ..Best::default() };
    }

    /// Lets an item be spread again, evenly to begin with.
    pub fn unpin(&mut self, item: usize) {
        self.pinned[item] = None;
        self.x[item * self.bins..(item + 1) * self.bins].fill(1.0 / self.bins as f64);
        self.sums = self.bin_sums(&self.x);
    }

    /// Fractions of an item at the current point.
    pub fn shares(&self, item: usize) -> &[f64] {
        &self.x[item * self.bins..(item + 1) * self.bins]
    }

    /// Runs so many iterations; ends early when the two sides are within `tolerance` of each other (a fraction).
    pub fn run(&mut self, iterations: u32, tolerance: f64) {
        let mut average = self.average();
        let mut prices = vec![0.0; self.x.len()];
        wide(Price { saddle: self, prices: &mut prices });
        for iteration in 1..=iterations {
            wide(Iteration { saddle: self, prices: &mut prices, average: &mut average });
            if iteration % 20 == 0 || iteration == iterations {
                let restart = self.review(&average, iteration == iterations);
                if self.best.upper - self.best.lower <= tolerance * self.best.upper {
                    return;
                }
                if let Some(gap) = restart {
                    self.restart(&average);
                    average = self.average();
                    average.gap = gap;
                    wide(Price { saddle: self, prices: &mut prices });
                }
            }
        }
    }

    fn average(&self) -> Average {
        Average {
            count: 0.0,
            x: vec![0.0; self.x.len()],
            y: vec![0.0; self.y.len()],
            sums: vec![0.0; self.sums.len()],
            prices: vec![0.0; self.x.len()],
            start_x: self.x.clone(),
            start_y: self.y.clone(),
            gap: f64::INFINITY,
        }
    }

    /// Looks at the average; returns the gap when it is time to start again from there.
    fn review(&mut self, average: &Average, last: bool) -> Option<f64> {
        let scale = 1.0 / average.count;
        let upper = scale * average.sums.iter().fold(0.0, |top, &s| if s > top { s } else { top });
        let lower = self.value(&average.y, &average.prices, scale);
        if lower > self.best.lower {
            self.best.lower = lower;
            self.best.weights = average.y.iter().map(|y| y * scale).collect();
        }
        if upper < self.best.upper {
            self.best.upper = upper;
            self.best.fractions = average.x.iter().map(|x| x * scale).collect();
        }
        let gap = upper - lower;
        (!last
            && (gap <= 0.4 * average.gap && average.gap.is_finite()
                || average.gap.is_infinite() && average.count >= 40.0
                || average.count >= 600.0))
            .then_some(gap)
    }

    fn restart(&mut self, average: &Average) {
        let scale = 1.0 / average.count;
        self.x = average.x.iter().map(|x| x * scale).collect();
        self.y = average.y.iter().map(|y| y * scale).collect();
        self.sums = self.bin_sums(&self.x);
        let mut dx = 0.0;
        for (k, (now, was)) in self.x.iter().zip(&average.start_x).enumerate() {
            dx += (now - was) * (now - was) / self.step_x[k / self.bins];
        }
        let mut dy = 0.0;
        for (k, (now, was)) in self.y.iter().zip(&average.start_y).enumerate() {
            let step = self.step_y[k % self.width];
            if step > 0.0 {
                dy += (now - was) * (now - was) / step;
            }
        }
        if dx > 1e-18 && dy > 1e-18 {
            self.ratio = (self.ratio * (dy / dx).sqrt()).sqrt().clamp(1e-4, 1e4);
        }
    }

    /// Value that weights prove, from their sums over iterations and the matching prices.
    fn value(&self, y: &[f64], prices: &[f64], scale: f64) -> f64 {
        let mut value = 0.0;
        for row in y.chunks_exact(self.width) {
            value += row.iter().zip(&self.constant).map(|(y, c)| y * c).sum::<f64>();
        }
        for (prices, pin) in prices.chunks_exact(self.bins).zip(&self.pinned) {
            value += match pin {
                Some(bin) => prices[*bin as usize],
                None => prices.iter().fold(f64::INFINITY, |least, &p| if p < least { p } else { least }),
            };
        }
        value * scale
    }

    fn bin_sums(&self, x: &[f64]) -> Vec<f64> {
        let mut sums = Vec::with_capacity(self.bins * self.width);
        for _ in 0..self.bins {
            sums.extend_from_slice(&self.constant);
        }
        for (row, shares) in self.rows.chunks_exact(self.width).zip(x.chunks_exact(self.bins)) {
            for (bin, &share) in shares.iter().enumerate() {
                if share != 0.0 {
                    for (sum, load) in sums[bin * self.width..(bin + 1) * self.width].iter_mut().zip(row) {
                        *sum += share * load;
                    }
                }
            }
        }
        sums
    }
}

/// One iteration.
struct Iteration<'a> {
    saddle: &'a mut Saddle,
    prices: &'a mut [f64],
    average: &'a mut Average,
}

impl Loop for Iteration<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { saddle, prices, average } = self;
        let (bins, width) = (saddle.bins, saddle.width);
        let mut next = saddle.sums.clone();
        let (mut wanted, mut changes) = (vec![0.0; bins], vec![0.0; bins * BLOCK]);
        for first in (0..saddle.pinned.len()).step_by(BLOCK) {
            let last = (first + BLOCK).min(saddle.pinned.len());
            changes.fill(0.0);
            for item in first..last {
                if saddle.pinned[item].is_some() {
                    continue;
                }
                let step = saddle.step_x[item] / saddle.ratio;
                let shares = &mut saddle.x[item * bins..(item + 1) * bins];
                for bin in 0..bins {
                    wanted[bin] = shares[bin] - step * prices[item * bins + bin];
                }
                onto_simplex(&mut wanted);
                for bin in 0..bins {
                    changes[bin * BLOCK + item - first] = wanted[bin] - shares[bin];
                    shares[bin] = wanted[bin];
                }
            }
            let rows = &saddle.rows[first * width..last * width];
            for bin in 0..bins {
                let factors = &changes[bin * BLOCK..bin * BLOCK + last - first];
                add_rows(simd, &mut next[bin * width..(bin + 1) * width], rows, factors);
            }
        }
        for bin in 0..bins {
            for column in 0..width {
                let k = bin * width + column;
                saddle.y[k] += saddle.ratio * saddle.step_y[column] * (2.0 * next[k] - saddle.sums[k]);
            }
        }
        saddle.shift = onto_weighted_simplex(&mut saddle.y, &saddle.step_y, saddle.shift);
        saddle.sums = next;
        Price { saddle, prices }.run(simd);
        average.count += 1.0;
        add(&mut average.x, &saddle.x);
        add(&mut average.y, &saddle.y);
        add(&mut average.sums, &saddle.sums);
        add(&mut average.prices, prices);
    }
}

/// What each item would pay in each bin at the current weights; a pinned one only where it is.
struct Price<'a> {
    saddle: &'a Saddle,
    prices: &'a mut [f64],
}

impl Loop for Price<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { saddle, prices } = self;
        let (bins, width) = (saddle.bins, saddle.width);
        for item in 0..saddle.pinned.len() {
            let row = at(&saddle.rows, item, width);
            let prices = &mut prices[item * bins..(item + 1) * bins];
            if let Some(bin) = saddle.pinned[item] {
                prices[bin as usize] = dot(simd, row, at(&saddle.y, bin as usize, width));
                continue;
            }
            let mut bin = 0;
            while bin + 4 <= bins {
                let y = &saddle.y;
                let four = [at(y, bin, width), at(y, bin + 1, width), at(y, bin + 2, width), at(y, bin + 3, width)];
                prices[bin..bin + 4].copy_from_slice(&four_dots(simd, row, four));
                bin += 4;
            }
            while bin < bins {
                prices[bin] = dot(simd, row, at(&saddle.y, bin, width));
                bin += 1;
            }
        }
    }
}

/// One of many rows of that width.
#[inline(always)]
fn at(rows: &[f64], row: usize, width: usize) -> &[f64] {
    &rows[row * width..(row + 1) * width]
}

/// Items whose rows stay in the nearest cache while all bins are updated.
const BLOCK: usize = 16;

/// Adds each row times its factor, in order of the rows; four at a time, so that the sums are fetched and stored less often.
#[inline(always)]
fn add_rows<S: Simd>(simd: S, sums: &mut [f64], rows: &[f64], factors: &[f64]) {
    let width = sums.len();
    let (mut used, mut count) = ([0; BLOCK], 0);
    for (row, factor) in factors.iter().enumerate() {
        used[count] = row;
        count += usize::from(*factor != 0.0);
    }
    let mut k = 0;
    while k + 4 <= count {
        let [a, b, c, d] = [used[k], used[k + 1], used[k + 2], used[k + 3]];
        let four = [at(rows, a, width), at(rows, b, width), at(rows, c, width), at(rows, d, width)];
        add_four(simd, sums, four, [factors[a], factors[b], factors[c], factors[d]]);
        k += 4;
    }
    while k < count {
        add_one(simd, sums, at(rows, used[k], width), factors[used[k]]);
        k += 1;
    }
}

#[inline(always)]
fn add(sums: &mut [f64], terms: &[f64]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// Nearest point with sum 1 and no negative part (Michelot 1986).
#[inline(always)]
fn onto_simplex(point: &mut [f64]) {
    let mut active = point.len();
    let mut sum: f64 = point.iter().sum();
    debug_assert!(point.len() <= 128, "a bit an entry");
    let mut dropped = 0u128;
    loop {
        let shift = (sum - 1.0) / active as f64;
        let mut changed = false;
        for (k, p) in point.iter().enumerate() {
            if dropped & (1 << k) == 0 && *p <= shift && active > 1 {
                dropped |= 1 << k;
                sum -= p;
                active -= 1;
                changed = true;
            }
        }
        if !changed {
            for (k, p) in point.iter_mut().enumerate() {
                *p = if dropped & (1 << k) == 0 { *p - shift } else { 0.0 };
            }
            return;
        }
    }
}

/// The same in the metric of the steps, which repeat for every row. Returns the shift, which the next call may begin with.
#[inline(always)]
fn onto_weighted_simplex(point: &mut [f64], steps: &[f64], start: f64) -> f64 {
    // From wherever it starts, one step leads below the shift sought or onto it; from there it only grows, until it stands.
    let Some(mut shift) = line(point, steps, start).or_else(|| line(point, steps, f64::NEG_INFINITY)) else {
        point.fill(0.0);
        return f64::NEG_INFINITY;
    };
    while let Some(next) = line(point, steps, shift).filter(|&next| next > shift) {
        shift = next;
    }
    for row in point.chunks_exact_mut(steps.len()) {
        for (p, s) in row.iter_mut().zip(steps) {
            let left = *p - shift * s;
            *p = if *s > 0.0 && left > 0.0 { left } else { 0.0 };
        }
    }
    shift
}

/// The shift at which the entries that are above `shift` would add up to 1; none where none is.
#[inline(always)]
fn line(point: &[f64], steps: &[f64], shift: f64) -> Option<f64> {
    let (mut sums, mut weights) = ([0.0f64; LANES], [0.0f64; LANES]);
    for row in point.chunks_exact(steps.len()) {
        for (p, s) in row.as_chunks::<LANES>().0.iter().zip(steps.as_chunks::<LANES>().0) {
            for lane in 0..LANES {
                let counts = s[lane] > 0.0 && p[lane] > shift * s[lane];
                sums[lane] += if counts { p[lane] } else { 0.0 };
                weights[lane] += if counts { s[lane] } else { 0.0 };
            }
        }
    }
    let weight = sum(weights);
    (weight > 0.0).then(|| (sum(sums) - 1.0) / weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projections_by_hand() {
        let mut point = [0.9, 0.5, -1.0];
        onto_simplex(&mut point);
        assert!((point[0] - 0.7).abs() < 1e-12 && (point[1] - 0.3).abs() < 1e-12 && point[2] == 0.0);
        let mut steps = [0.0; LANES];
        (steps[0], steps[1]) = (1.0, 3.0);
        for start in [f64::NEG_INFINITY, 0.1, 0.25, 7.0] {
            let mut weighted = [9.0; LANES];
            (weighted[0], weighted[1]) = (1.0, 1.0);
            let shift = onto_weighted_simplex(&mut weighted, &steps, start);
            assert!((weighted[0] - 0.75).abs() < 1e-12 && (weighted[1] - 0.25).abs() < 1e-12);
            assert!((shift - 0.25).abs() < 1e-12 && weighted[2..].iter().all(|&w| w == 0.0));
        }
    }

    #[test]
    fn pinned_items_break_the_symmetry() {
        // Two bins; day (4, 0) in bin 0 and night (0, 4) in bin 1; a third (2, 2) is split at best: peak 5.
        let mut rows = vec![0.0; 3 * LANES];
        (rows[0], rows[LANES + 1], rows[2 * LANES], rows[2 * LANES + 1]) = (4.0, 4.0, 2.0, 2.0);
        let mut saddle = Saddle::new(2, LANES, rows, vec![0.0; LANES], vec![Some(0), Some(1), None]);
        saddle.run(2000, 1e-6);
        // Volume is 3, the unit here.
        assert!((saddle.best().lower * 3.0 - 5.0).abs() < 1e-3, "{}", saddle.best().lower);
        assert!((saddle.best().upper * 3.0 - 5.0).abs() < 1e-3);
    }
}
