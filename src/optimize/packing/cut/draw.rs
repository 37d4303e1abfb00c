//! Draws of the cut stage: integers below a limit, order, and the threshold of the annealing.
//!
//! Only additions, multiplications and divisions are used, so that a draw is the same on every machine; the system's
//! `ln` and `exp` differ in the last bit from one C library to the next.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::optimize::rng::generator;

const THRESHOLDS: usize = 1024;

/// A stream of draws.
pub(super) struct Draw {
    generator: ChaCha8Rng,
    thresholds: Vec<f64>,
}

impl Draw {
    /// The stream of one independent start.
    pub fn new(seed: u64, stream: u64) -> Self {
        let thresholds = (0..THRESHOLDS).map(|i| -natural_log((i as f64 + 0.5) / THRESHOLDS as f64)).collect();
        Self { generator: generator(seed, stream), thresholds }
    }

    /// An integer below `limit`; 0 when the limit is 0. The bias is below `limit` / 2^32.
    pub fn below(&mut self, limit: usize) -> usize {
        ((u64::from(self.generator.next_u32()) * limit as u64) >> 32) as usize
    }

    /// Exponentially distributed with mean 1 (1,024 steps): the rise that annealing accepts at temperature 1.
    pub fn threshold(&mut self) -> f64 {
        self.thresholds[(self.generator.next_u32() >> 22) as usize]
    }

    /// A random order of `0..count`.
    pub fn order(&mut self, count: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count as u32).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// ln x for 0 < x < 1 by halving into [1/2, 1) and the series of atanh.
fn natural_log(x: f64) -> f64 {
    let (mut mantissa, mut halvings) = (x, 0.0);
    while mantissa < 0.5 {
        mantissa *= 2.0;
        halvings += 1.0;
    }
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut power, mut sum) = (z, 0.0);
    for n in 0..20 {
        sum += power / (2 * n + 1) as f64;
        power *= z * z;
    }
    2.0 * sum - halvings * core::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_of_a_quarter() {
        assert!((natural_log(0.25) + 2.0 * core::f64::consts::LN_2).abs() < 1e-12);
        assert!((natural_log(0.75) + 0.287_682_072_451_780_9).abs() < 1e-12);
    }

    #[test]
    fn an_order_holds_every_index_once() {
        let mut order = Draw::new(1, 2).order(100);
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<u32>>());
    }
}
