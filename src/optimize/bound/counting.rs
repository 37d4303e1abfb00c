//! Counting: the `t` largest items of a dimension, `q = ceil(t / bins)`, `r = t − (q − 1) bins`. Either some bin holds
//! `q + 1` of them, or at least `r` bins hold `q` each, and then one of these carries an `r`-th part of `r q` items.

use super::{Bound, Witness, candidates, falling};
use crate::optimize::packing::Instance;

/// Best over dimensions and `t`: `min(sum of the q + 1 smallest, ceil(sum of the r q smallest / r))`; the first is
/// left out where there are not that many. Cost: a sort for each dimension.
pub fn bound(instance: &Instance) -> Option<Bound> {
    let candidates = candidates(instance);
    let mut best: Option<Bound> = None;
    for dimension in 0..instance.dimension_count {
        let loads = falling(instance, &candidates, dimension);
        let mut prefix = vec![0u64];
        prefix.extend(loads.iter().scan(0, |sum, load| {
            *sum += load;
            Some(*sum)
        }));
        for jobs in 1..=loads.len() {
            let q = jobs.div_ceil(instance.bin_count);
            let r = jobs - (q - 1) * instance.bin_count;
            let smallest = |count: usize| prefix[jobs] - prefix[jobs - count];
            let crowded = if q < jobs { smallest(q + 1) } else { u64::MAX };
            let value = instance.constant[dimension] + crowded.min(smallest(r * q).div_ceil(r as u64));
            if best.as_ref().is_none_or(|b| value > b.value) {
                let witness = Witness::Counting { dimension: dimension as u32, t: jobs as u32 };
                best = Some(Bound { value, witness });
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;

    #[test]
    fn by_hand() {
        // Three bins, five items 9 9 9 9 6, q = 2, r = 2: three in one bin carry 24, or two bins hold two each and
        // carry ceil((9 + 9 + 9 + 6) / 2) = 17 between them at best. Volume is 14, pigeonhole (four items) 18.
        let found = bound(&instance(3, 1, vec![9, 9, 9, 9, 6], vec![0])).unwrap();
        assert_eq!(found, Bound { value: 18, witness: Witness::Counting { dimension: 0, t: 4 } });
        // 10 1 1 on two bins: t = 3, q = 2, r = 1: min(12, ceil(2 / 1)) = 2 is weaker than t = 1: 10.
        assert_eq!(bound(&instance(2, 1, vec![10, 1, 1], vec![0])).unwrap().value, 10);
    }
}
