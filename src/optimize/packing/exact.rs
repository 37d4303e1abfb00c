//! Proofs beyond the bounds: small cores are settled by counting covers.

use super::Instance;
use crate::optimize::bound::{Bound, Witness, exhaustive::Fitting};

/// Settles a core of at most 20 items: the optimum's bound, and an assignment if one better than `peak` exists.
/// `None` for larger cores. Between `lower`, which no assignment beats, and `peak`, which some assignment has, the
/// capacity just below the incumbent is asked first, since the search has nearly always found the optimum.
pub fn small(instance: &Instance, lower: u64, peak: u64) -> Option<(Option<Vec<u32>>, Bound)> {
    let (mut low, mut high) = (lower, peak);
    let mut best = None;
    let mut probe = high.checked_sub(1)?;
    while low < high {
        let fitting = Fitting::new(instance, probe)?;
        if fitting.coverable() {
            let assignment = fitting.assignment()?;
            high = super::Assignment(assignment.clone()).peak(instance);
            best = Some(assignment);
            probe = low + (high - low) / 2;
        } else {
            low = probe + 1;
            probe = low + (high - low) / 2;
        }
    }
    Some((best, Bound { value: high, witness: Witness::Exhaustive { capacity: high - 1 } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_the_incumbent_missed() {
        // 3 3 2 2 2 on two bins: 6 is optimal, LPT has 7.
        let instance = Instance {
            bin_count: 2,
            dimension_count: 1,
            loads: vec![3, 3, 2, 2, 2],
            constant: vec![0],
            sizes: vec![0; 5],
            apart: vec![],
            edges: vec![],
        };
        let (best, bound) = small(&instance, 5, 7).unwrap();
        assert_eq!(best.unwrap(), [0, 0, 1, 1, 1]);
        assert_eq!(bound, Bound { value: 6, witness: Witness::Exhaustive { capacity: 5 } });
    }
}
