//! Volume: in every dimension some bin carries at least the mean. The linear relaxation gives no more than this.

use super::{Bound, Witness};
use crate::optimize::packing::Instance;

/// Constant part plus the mean of the items' total, rounded up, in the best dimension.
pub fn bound(instance: &Instance) -> Option<Bound> {
    let bins = instance.bin_count as u64;
    let values = instance.total().into_iter().zip(&instance.constant).map(|(total, c)| c + total.div_ceil(bins));
    let (dimension, value) = values.enumerate().max_by_key(|&(d, value)| (value, std::cmp::Reverse(d)))?;
    Some(Bound { value, witness: Witness::Volume { dimension: dimension as u32 } })
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;

    #[test]
    fn rounds_up_and_adds_the_constant() {
        // Totals 10 and 9 on three bins: 1 + 4 = 5, 3 + 3 = 6.
        let found = bound(&instance(3, 2, vec![4, 4, 6, 5], vec![1, 3])).unwrap();
        assert_eq!(found, Bound { value: 6, witness: Witness::Volume { dimension: 1 } });
    }
}
