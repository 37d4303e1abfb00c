//! Instances for the quality bench: packing cores as generated workloads leave them, and planted vectors.
//!
//! Floats with the platform's logarithms are fine here: an instance is made, measured and exported in one go.

use pgslotplan::optimize::{packing::Instance, rng::generator};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Uniform};

/// What a generated core is made from.
#[derive(Debug, Clone, Copy)]
pub struct CoreRecipe {
    /// Tables before communities of hard groups are contracted and hot ones set aside.
    pub tables: usize,
    /// Hours.
    pub hours: usize,
    /// Bins.
    pub bins: usize,
    /// Spread of the lognormal noise in each hour.
    pub noise: f64,
    /// Exponent of the Zipf loads.
    pub zipf: f64,
    /// Seed.
    pub seed: u64,
}

/// Zipf loads, communities that share a profile (day, night, batch, flat), noise by hour; one table in twenty joins a
/// hard group; up to four hot groups (peak above half of a fair share) are set aside.
pub fn core(recipe: CoreRecipe) -> Instance {
    let mut random = generator(recipe.seed, recipe.tables as u64 * 1000 + recipe.hours as u64);
    let unit = Uniform::new(0.0f64, 1.0).expect("0 < 1");
    let noise = LogNormal::new(0.0, recipe.noise).expect("spread is finite");
    let communities = (recipe.tables / 12).max(3);
    let profiles: Vec<Vec<f64>> = (0..communities).map(|_| profile(recipe.hours, &mut random)).collect();
    let mut rows: Vec<Vec<u64>> = Vec::new();
    for rank in 1..=recipe.tables {
        let base = 1e9 / (rank as f64).powf(recipe.zipf);
        let community = ((unit.sample(&mut random).powi(2)) * communities as f64) as usize;
        let row: Vec<u64> =
            profiles[community].iter().map(|p| (base * p * noise.sample(&mut random)).round() as u64).collect();
        if unit.sample(&mut random) < 0.05 && !rows.is_empty() {
            let other = (unit.sample(&mut random) * rows.len() as f64) as usize;
            for (sum, load) in rows[other].iter_mut().zip(&row) {
                *sum += load;
            }
        } else {
            rows.push(row);
        }
    }
    set_hot_aside(&mut rows, recipe.bins);
    instance(recipe.bins, recipe.hours, rows)
}

fn set_hot_aside(rows: &mut Vec<Vec<u64>>, bins: usize) {
    for _ in 0..4 {
        if rows.len() <= bins {
            return;
        }
        let peak = |row: &[u64]| row.iter().copied().max().unwrap_or(0);
        let hours = rows[0].len();
        let fair = (0..hours).map(|t| rows.iter().map(|r| r[t]).sum::<u64>()).max().unwrap_or(0) / bins as u64;
        let hottest = (0..rows.len()).max_by_key(|&k| peak(&rows[k])).unwrap_or(0);
        if peak(&rows[hottest]) * 2 <= fair {
            return;
        }
        rows.swap_remove(hottest);
    }
}

fn profile(hours: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
    let unit = Uniform::new(0.0f64, 1.0).expect("0 < 1");
    let kind = (unit.sample(random) * 4.0) as u32;
    let phase = unit.sample(random) * 24.0;
    let start = (unit.sample(random) * 24.0) as usize;
    (0..hours)
        .map(|hour| {
            let day = (hour % 24) as f64;
            let wave =
                |middle: f64| 0.15 + 0.85 * (0.5 + 0.5 * ((day - middle) / 24.0 * std::f64::consts::TAU).cos()).powi(2);
            match kind {
                0 => wave(13.0 + phase / 8.0),
                1 => wave(1.0 + phase / 8.0),
                2 if (hour + 24 - start) % 24 < 3 => 1.0,
                2 => 0.05,
                _ => 0.6,
            }
        })
        .collect()
}

/// Every bin sums to `level` in every dimension: in each, the bin's level is cut at random into its items' loads. Dimensions
/// are independent, as in the files of samples/instances.
pub fn planted(items: usize, bins: usize, dimensions: usize, level: u64, seed: u64) -> Instance {
    let mut random = generator(seed, 7_000_000 + items as u64);
    let unit = Uniform::new(0.0f64, 1.0).expect("0 < 1");
    let noise = LogNormal::new(0.0, 1.2).expect("spread is finite");
    let mut of_bin: Vec<Vec<Vec<u64>>> = vec![Vec::new(); bins];
    for item in 0..items {
        let bin = if item < bins { item } else { (unit.sample(&mut random) * bins as f64) as usize };
        of_bin[bin].push((0..dimensions).map(|_| (noise.sample(&mut random) * 1e6) as u64 + 1).collect());
    }
    let mut rows: Vec<Vec<u64>> = Vec::new();
    for mut bin in of_bin {
        for t in 0..dimensions {
            let sum: u128 = bin.iter().map(|row| u128::from(row[t])).sum();
            let mut left = level;
            let last = bin.len() - 1;
            for row in &mut bin[..last] {
                row[t] = (u128::from(row[t]) * u128::from(level) / sum) as u64;
                left -= row[t];
            }
            bin[last][t] = left;
        }
        rows.append(&mut bin);
    }
    // Shuffled, so that nothing follows from the order.
    for k in (1..rows.len()).rev() {
        let other = (unit.sample(&mut random) * (k + 1) as f64) as usize;
        rows.swap(k, other);
    }
    instance(bins, dimensions, rows)
}

/// An instance of rows.
pub fn instance(bins: usize, dimensions: usize, rows: Vec<Vec<u64>>) -> Instance {
    Instance {
        bin_count: bins,
        dimension_count: dimensions,
        sizes: vec![0; rows.len()],
        loads: rows.concat(),
        constant: vec![0; dimensions],
        apart: Vec::new(),
        edges: Vec::new(),
    }
}
