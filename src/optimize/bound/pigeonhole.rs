//! Pigeonhole: of the `h × bins + 1` largest items of a dimension some bin holds `h + 1`, at least the smallest of them.

use super::{Bound, Witness, candidates, falling};
use crate::optimize::packing::Instance;

/// Best over dimensions and `h`. Cost: a sort for each dimension.
pub fn bound(instance: &Instance) -> Option<Bound> {
    let candidates = candidates(instance);
    let mut best: Option<Bound> = None;
    for dimension in 0..instance.dimension_count {
        let loads = falling(instance, &candidates, dimension);
        let mut full = 1;
        while full * instance.bin_count < loads.len() {
            let last = full * instance.bin_count;
            let value = instance.constant[dimension] + loads[last - full..=last].iter().sum::<u64>();
            if best.as_ref().is_none_or(|b| value > b.value) {
                let witness = Witness::Pigeonhole { dimension: dimension as u32, h: full as u32 };
                best = Some(Bound { value, witness });
            }
            full += 1;
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
        // Two bins, 7 6 5 5 5: of the first three some two meet (6 + 5), of all five some three (5 + 5 + 5).
        let found = bound(&instance(2, 1, vec![5, 7, 5, 6, 5], vec![2])).unwrap();
        assert_eq!(found, Bound { value: 17, witness: Witness::Pigeonhole { dimension: 0, h: 2 } });
    }
}
