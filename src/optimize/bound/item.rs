//! Item: the largest single load, wherever it goes.

use super::{Bound, Witness};
use crate::optimize::packing::Instance;

/// Largest load of one item plus the constant part of its dimension.
pub fn bound(instance: &Instance) -> Option<Bound> {
    let mut best: Option<Bound> = None;
    for item in 0..instance.item_count() {
        for (dimension, (load, c)) in instance.load(item).iter().zip(&instance.constant).enumerate() {
            if best.as_ref().is_none_or(|b| load + c > b.value) {
                let witness = Witness::Item { item: item as u32, dimension: dimension as u32 };
                best = Some(Bound { value: load + c, witness });
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
    fn largest_with_its_constant() {
        let found = bound(&instance(2, 2, vec![4, 4, 6, 5], vec![1, 3])).unwrap();
        assert_eq!(found, Bound { value: 8, witness: Witness::Item { item: 1, dimension: 1 } });
    }
}
