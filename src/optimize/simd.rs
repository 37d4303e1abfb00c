//! Loops over rows of loads, compiled for wider vectors too and chosen when the program runs. The operations and their order
//! are the same in every version (fixed lanes, no fused operations), and so are the results.

pub use pulp::Simd;
use pulp::WithSimd;

use super::packing::loads::LANES;

/// A loop with what it works on. `run` is marked `#[inline(always)]` and calls only what is: what is not inlined stays narrow.
/// (So a closure would not do: it is inlined or not as the compiler likes.)
pub trait Loop {
    /// What comes of it.
    type Output;

    /// Does it.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs the loop with the widest vectors that the processor has.
#[inline(always)]
pub fn wide<L: Loop>(work: L) -> L::Output {
    struct Call<L>(L);
    impl<L: Loop> WithSimd for Call<L> {
        type Output = L::Output;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> L::Output {
            self.0.run(simd)
        }
    }
    pulp::Arch::new().dispatch(Call(work))
}

/// Runs the loop as it is, where choosing costs more than it gains.
#[inline(always)]
pub fn narrow<L: Loop>(work: L) -> L::Output {
    work.run(pulp::Scalar::new())
}

/// Products of a padded row with four others, each summed in `LANES` lanes. One alone would wait for its own additions.
#[inline(always)]
pub fn four_dots<S: Simd>(simd: S, row: &[f64], others: [&[f64]; 4]) -> [f64; 4] {
    let row = S::as_simd_f64s(row).0;
    let a = &S::as_simd_f64s(others[0]).0[..row.len()];
    let b = &S::as_simd_f64s(others[1]).0[..row.len()];
    let c = &S::as_simd_f64s(others[2]).0[..row.len()];
    let d = &S::as_simd_f64s(others[3]).0[..row.len()];
    let pieces = LANES / S::F64_LANES;
    let zero = [simd.splat_f64s(0.0); LANES];
    let (mut sa, mut sb, mut sc, mut sd) = (zero, zero, zero, zero);
    let mut k = 0;
    while k < row.len() {
        for piece in 0..pieces {
            sa[piece] = simd.add_f64s(sa[piece], simd.mul_f64s(row[k], a[k]));
            sb[piece] = simd.add_f64s(sb[piece], simd.mul_f64s(row[k], b[k]));
            sc[piece] = simd.add_f64s(sc[piece], simd.mul_f64s(row[k], c[k]));
            sd[piece] = simd.add_f64s(sd[piece], simd.mul_f64s(row[k], d[k]));
            k += 1;
        }
    }
    [sum_of::<S>(&sa), sum_of::<S>(&sb), sum_of::<S>(&sc), sum_of::<S>(&sd)]
}

/// The same with one.
#[inline(always)]
pub fn dot<S: Simd>(simd: S, row: &[f64], other: &[f64]) -> f64 {
    let row = S::as_simd_f64s(row).0;
    let other = &S::as_simd_f64s(other).0[..row.len()];
    let pieces = LANES / S::F64_LANES;
    let mut sums = [simd.splat_f64s(0.0); LANES];
    let mut k = 0;
    while k < row.len() {
        for sum in &mut sums[..pieces] {
            *sum = simd.add_f64s(*sum, simd.mul_f64s(row[k], other[k]));
            k += 1;
        }
    }
    sum_of::<S>(&sums)
}

#[inline(always)]
fn sum_of<S: Simd>(pieces: &[S::f64s; LANES]) -> f64 {
    let mut lanes = [0.0; LANES];
    S::as_mut_simd_f64s(&mut lanes).0.copy_from_slice(&pieces[..LANES / S::F64_LANES]);
    sum(lanes)
}

/// The sum of the lanes, in this order.
#[inline(always)]
pub fn sum(lanes: [f64; LANES]) -> f64 {
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

/// Adds four rows, each times its factor, one after the other: the sums are fetched and stored once instead of four times.
#[inline(always)]
pub fn add_four<S: Simd>(simd: S, sums: &mut [f64], rows: [&[f64]; 4], factors: [f64; 4]) {
    let sums = S::as_mut_simd_f64s(sums).0;
    let a = &S::as_simd_f64s(rows[0]).0[..sums.len()];
    let b = &S::as_simd_f64s(rows[1]).0[..sums.len()];
    let c = &S::as_simd_f64s(rows[2]).0[..sums.len()];
    let d = &S::as_simd_f64s(rows[3]).0[..sums.len()];
    let (fa, fb) = (simd.splat_f64s(factors[0]), simd.splat_f64s(factors[1]));
    let (fc, fd) = (simd.splat_f64s(factors[2]), simd.splat_f64s(factors[3]));
    for k in 0..sums.len() {
        let mut new = simd.add_f64s(sums[k], simd.mul_f64s(fa, a[k]));
        new = simd.add_f64s(new, simd.mul_f64s(fb, b[k]));
        new = simd.add_f64s(new, simd.mul_f64s(fc, c[k]));
        sums[k] = simd.add_f64s(new, simd.mul_f64s(fd, d[k]));
    }
}

/// The same with one.
#[inline(always)]
pub fn add_one<S: Simd>(simd: S, sums: &mut [f64], row: &[f64], factor: f64) {
    let (sums, factor) = (S::as_mut_simd_f64s(sums).0, simd.splat_f64s(factor));
    let row = &S::as_simd_f64s(row).0[..sums.len()];
    for k in 0..sums.len() {
        sums[k] = simd.add_f64s(sums[k], simd.mul_f64s(factor, row[k]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct All<'a>(&'a [f64]);

    impl Loop for All<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Vec<f64> {
            let rows: Vec<&[f64]> = self.0.chunks_exact(3 * LANES).collect();
            let mut results = four_dots(simd, rows[0], [rows[1], rows[2], rows[3], rows[4]]).to_vec();
            results.push(dot(simd, rows[0], rows[3]));
            let mut sums = rows[0].to_vec();
            add_four(simd, &mut sums, [rows[1], rows[2], rows[3], rows[4]], [0.1, -3.0, 0.7, 1e-9]);
            add_one(simd, &mut sums, rows[2], 1.0 / 3.0);
            results.extend(sums);
            results
        }
    }

    #[test]
    fn every_width_gives_the_same_bits() {
        let rows: Vec<f64> = (0..15 * LANES as u32).map(|k| f64::from(k * k % 97) / 7.0 - 5.0).collect();
        let (wide, narrow) = (wide(All(&rows)), narrow(All(&rows)));
        assert!(wide.iter().zip(&narrow).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!(wide[2].to_bits(), wide[4].to_bits(), "four at a time are each as one");
        let plain: f64 = rows[..24].iter().zip(&rows[72..96]).map(|(a, b)| a * b).sum();
        assert!((wide[2] - plain).abs() < 1e-9);
        let k = 5 + 2;
        let row = |number: usize| rows[number * 24 + 2];
        let expected = row(0) + 0.1 * row(1) - 3.0 * row(2) + 0.7 * row(3) + 1e-9 * row(4) + row(2) / 3.0;
        assert!((wide[k] - expected).abs() < 1e-9);
    }
}
