//! Instances without any room: every bin must reach the volume bound exactly in many dimensions. Search by moves never
//! ends there, but the bins are short vectors of a lattice.
//!
//! Let L be the load that each bin must have. The integer vectors x over the items with `Σ x[i] w[i] = s L` in the
//! chosen dimensions, for any integer s, form a lattice; the indicator of every bin is in it, and all others are far
//! longer once there are enough dimensions. A reduced basis (Lenstra, Lenstra, Lovász 1982, doi:10.1007/BF01457454; in
//! floats, with the basis in integers, as Schnorr and Euchner 1994) begins with vectors that the indicators span. These
//! are constant on every bin, so items with the same entries in all of them are one bin. Applied to subset sums by
//! Lagarias and Odlyzko 1985. Nothing is trusted: the assignment is evaluated like any other.

use super::{instance::Instance, solution::Assignment};

/// Items beyond which the reduction takes too long, and its vectors are not short enough.
const ITEM_LIMIT: usize = 150;
/// What one unit of load off the target weighs against one item more, in the end: 2 to this power.
const SCALE_BITS: i32 = 12;
/// Bits that each stage adds.
const STAGE_BITS: i32 = 4;
/// Loads above this might not be exact in floats once scaled and added up.
const LOAD_LIMIT: u64 = 1 << 36;
/// Vectors inserted, at most.
const STEP_LIMIT: usize = 60_000;

/// An assignment in which every bin has exactly `level` in every dimension that leaves no room at that level; `None`
/// when fewer than two dimensions are so, or none was found.
pub fn split_exactly(instance: &Instance, level: u64) -> Option<Vec<u32>> {
    let (n, bins) = (instance.item_count(), instance.bin_count);
    if !(3..=ITEM_LIMIT).contains(&n) || bins < 2 || level > LOAD_LIMIT {
        return None;
    }
    let total = instance.total();
    let room = |d: usize| level.checked_sub(instance.constant[d]).filter(|&room| room > 0);
    let full: Vec<usize> = (0..total.len())
        .filter(|&d| room(d).is_some_and(|room| room.checked_mul(bins as u64) == Some(total[d])))
        .collect();
    if full.len() < 2 {
        return None;
    }
    // As many dimensions as tell the bins from all other combinations, spread over all of them: neighbouring hours say
    // much the same. Fewer were tried: 40 of 96 found one of four instances with 120 items.
    let wanted = (n * 4 / 5).min(full.len());
    let chosen: Vec<usize> = (0..wanted).map(|k| full[k * full.len() / wanted]).collect();
    // Each row: an integer vector over the items, what it is off the target in the chosen dimensions, and how many times the
    // target was taken away. The last is no part of its length.
    let mut basis: Vec<Vec<i64>> = vec![vec![0; n + wanted + 1]; n + 1];
    basis[0][n + wanted] = 1;
    (0..n).for_each(|item| basis[item + 1][item] = 1);
    let rooms: Vec<i64> = chosen.iter().map(|&d| room(d).map(|room| room as i64)).collect::<Option<_>>()?;
    // The high bits come first. Rows that are short already are then looked at more closely, which keeps the numbers small
    // enough for floats, and is faster than the whole at once.
    let bits = level.ilog2() as i32;
    let mut scale = (4 - bits).min(SCALE_BITS);
    loop {
        for row in &mut basis {
            for (k, &d) in chosen.iter().enumerate() {
                let sum: i128 =
                    (0..n).filter(|&i| row[i] != 0).map(|i| i128::from(row[i]) * i128::from(instance.load(i)[d])).sum();
                let off = sum - i128::from(row[n + wanted]) * i128::from(rooms[k]);
                row[n + k] = if scale >= 0 { (off << scale) as i64 } else { rounded(off, -scale) };
            }
        }
        reduce(&mut basis, n + wanted);
        if scale == SCALE_BITS {
            break;
        }
        scale = (scale + STAGE_BITS).min(SCALE_BITS);
    }
    let kernel: Vec<&[i64]> =
        basis.iter().filter(|row| row[n..n + wanted].iter().all(|&x| x == 0)).map(|row| &row[..n]).collect();
    (1..=kernel.len().min(bins + 2)).find_map(|count| classes(&kernel[..count], instance, level))
}

/// Items with the same entries in all vectors, if they make as many classes as there are bins and each fits one.
fn classes(vectors: &[&[i64]], instance: &Instance, level: u64) -> Option<Vec<u32>> {
    let mut seen: Vec<Vec<i64>> = Vec::new();
    let mut bin_of = Vec::with_capacity(instance.item_count());
    for item in 0..instance.item_count() {
        let entries: Vec<i64> = vectors.iter().map(|vector| vector[item]).collect();
        let class = seen.iter().position(|other| *other == entries).unwrap_or_else(|| {
            seen.push(entries);
            seen.len() - 1
        });
        if class >= instance.bin_count {
            return None;
        }
        bin_of.push(class as u32);
    }
    (Assignment(bin_of.clone()).peak(instance) <= level).then_some(bin_of)
}

/// Nearest whole number to `value` divided by 2 to the power of `bits`.
fn rounded(value: i128, bits: i32) -> i64 {
    ((value + (1 << (bits - 1))) >> bits) as i64
}

/// Reduces the basis in place (delta 0.99), or as far as the steps allow; the first `width` entries make the length.
fn reduce(basis: &mut [Vec<i64>], width: usize) {
    let n = basis.len();
    let mut floats: Vec<Vec<f64>> = basis.iter().map(|row| row[..width].iter().map(|&x| x as f64).collect()).collect();
    // r[k][j] and mu[k][j] as in the literature: mu[k][j] = r[k][j] / r[j][j].
    let mut r = vec![vec![0.0f64; n]; n];
    let mut mu = vec![vec![0.0f64; n]; n];
    r[0][0] = dot(&floats[0], &floats[0]);
    let mut k = 1;
    for _ in 0..STEP_LIMIT {
        if k >= n {
            return;
        }
        for _ in 0..60 {
            for j in 0..k {
                let mut value = dot(&floats[k], &floats[j]);
                for i in 0..j {
                    value -= mu[j][i] * r[k][i];
                }
                r[k][j] = value;
                mu[k][j] = if r[j][j] > 0.0 { value / r[j][j] } else { 0.0 };
            }
            let mut changed = false;
            for j in (0..k).rev() {
                // A little more than half, so that rounding cannot make it go round forever.
                if mu[k][j].abs() <= 0.501 {
                    continue;
                }
                let times = mu[k][j].round();
                changed = true;
                let (done, own) = mu.split_at_mut(k);
                own[0][..j].iter_mut().zip(&done[j][..j]).for_each(|(own, other)| *own -= times * other);
                let (before, after) = basis.split_at_mut(k);
                for (x, y) in after[0].iter_mut().zip(&before[j]) {
                    *x = x.wrapping_sub((times as i64).wrapping_mul(*y));
                }
            }
            if !changed {
                break;
            }
            floats[k] = basis[k][..width].iter().map(|&x| x as f64).collect();
        }
        // Squared length of what the first j vectors leave of vector k.
        let mut left = vec![0.0f64; k + 1];
        left[0] = dot(&floats[k], &floats[k]);
        for j in 0..k {
            left[j + 1] = left[j] - mu[k][j] * r[k][j];
        }
        let mut place = k;
        while place > 0 && 0.99 * r[place - 1][place - 1] > left[place - 1] {
            place -= 1;
        }
        if place < k {
            basis[place..=k].rotate_right(1);
            floats[place..=k].rotate_right(1);
            r[place..=k].rotate_right(1);
            mu[place..=k].rotate_right(1);
        }
        r[place][place] = left[place];
        k = place + 1;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0f64; 4];
    let (whole_a, rest_a) = a.as_chunks::<4>();
    let (whole_b, rest_b) = b.as_chunks::<4>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for lane in 0..4 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::packing::dice::Dice;
    use crate::optimize::rng::generator;

    /// Bins that sum to `level` in every dimension, cut at random; items in a fixed mixed order.
    fn planted(bins: usize, per_bin: usize, dimensions: usize, level: usize, seed: u64) -> Instance {
        let mut dice = Dice::new(generator(seed, 3));
        let mut rows: Vec<Vec<u64>> = Vec::new();
        for _ in 0..bins {
            let mut left = vec![level; dimensions];
            for place in 0..per_bin {
                let row = left.iter_mut().map(|left| {
                    let load = if place + 1 == per_bin {
                        *left
                    } else {
                        dice.below(2 * *left / (per_bin - place) + 1).min(*left)
                    };
                    *left -= load;
                    load as u64
                });
                rows.push(row.collect());
            }
        }
        rows.sort();
        Instance {
            bin_count: bins,
            dimension_count: dimensions,
            sizes: vec![0; rows.len()],
            constant: vec![5; dimensions],
            loads: rows.concat(),
            ..Instance::default()
        }
    }

    #[test]
    fn planted_bins_are_found() {
        for seed in 0..4 {
            let instance = planted(4, 5, 10, 100_000, seed);
            let found = split_exactly(&instance, 100_005).expect("the lattice has it");
            assert_eq!(Assignment(found).peak(&instance), 100_005);
        }
    }

    #[test]
    fn with_room_there_is_nothing_to_do() {
        let instance = planted(3, 4, 6, 1000, 1);
        assert_eq!(split_exactly(&instance, 1006), None);
        assert_eq!(split_exactly(&instance, 1004), None);
    }
}
