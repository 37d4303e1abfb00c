//! Draws for the search that are the same on every machine: integers from ChaCha8, logarithms from basic arithmetic.
//!
//! The platform's `ln` and `exp` differ in the last bit between libraries, which would change plans; a table made by
//! a series of additions and multiplications does not.

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

const QUANTILES: usize = 1024;

/// A seeded source of small draws.
pub struct Dice {
    generator: ChaCha8Rng,
    exponential: Vec<f64>,
}

impl Dice {
    /// Draws from `generator`.
    pub fn new(generator: ChaCha8Rng) -> Self {
        let exponential = (0..QUANTILES).map(|q| -ln((q as f64 + 0.5) / QUANTILES as f64)).collect();
        Self { generator, exponential }
    }

    /// Uniform in `0..n`, by multiplication (the bias of at most n / 2^32 does not matter to a search); `n` at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.generator.next_u32()) * n as u64) >> 32) as usize
    }

    /// Exponentially distributed with mean 1.
    pub fn exponential(&mut self) -> f64 {
        self.exponential[(self.generator.next_u32() >> 22) as usize]
    }

    /// A rank in `0..n` whose logarithm is near uniform: first the octave, then uniform in it.
    pub fn rank(&mut self, n: usize) -> usize {
        let octaves = (usize::BITS - n.leading_zeros()) as usize;
        loop {
            let octave = self.below(octaves);
            let first = (1usize << octave) - 1;
            let rank = first + self.below(1 << octave);
            if rank < n {
                return rank;
            }
        }
    }
}

/// Natural logarithm of a positive number by the series of the inverse hyperbolic tangent.
fn ln(x: f64) -> f64 {
    let (mut m, mut exponent) = (x, 0.0);
    while m < 0.75 {
        m *= 2.0;
        exponent -= 1.0;
    }
    while m > 1.5 {
        m /= 2.0;
        exponent += 1.0;
    }
    let z = (m - 1.0) / (m + 1.0);
    let (mut term, mut sum) = (z, 0.0);
    for k in 0..20 {
        sum += term / f64::from(2 * k + 1);
        term *= z * z;
    }
    exponent * std::f64::consts::LN_2 + 2.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::rng::generator;

    #[test]
    fn logarithm_and_ranks() {
        for x in [1e-4, 0.3, 0.74, 1.0, 1.6, 7.0] {
            assert!((ln(x) - f64::ln(x)).abs() < 1e-12);
        }
        let mut dice = Dice::new(generator(1, 0));
        let mut seen = [0usize; 5];
        for _ in 0..5000 {
            seen[dice.rank(5)] += 1;
        }
        // Octaves {0}, {1, 2}, {3, 4, 5, 6 refused}: rank 0 is drawn most, none is left out.
        assert!(seen[0] > seen[1] && seen[1] > seen[3] && seen[4] > 300);
    }
}
