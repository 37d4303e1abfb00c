//! The packing problem in integers: items, bins, dimensions. Says nothing of tables or slots.
//!
//! A dimension is one bucket of one stage. Loads are whole units, rounded once before they get here (docs/rules.md,
//! "Loads"), so that every sum is exact and independent of order.

/// Identical bins, items with a load per dimension, and what else the search must respect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instance {
    /// Number of bins, at least 1.
    pub bin_count: usize,
    /// Number of dimensions, may be 0 (then every peak is 0).
    pub dimension_count: usize,
    /// Loads, one row of `dimension_count` for each item. Each is below 2^53 divided by the item count.
    pub loads: Vec<u64>,
    /// What every bin carries before any item, per dimension.
    pub constant: Vec<u64>,
    /// Copy size of each item in bytes.
    pub sizes: Vec<u64>,
    /// Pairs that must not share a bin, each with the smaller index first, sorted, no duplicates.
    pub apart: Vec<(u32, u32)>,
    /// Weighted pairs that had better share a bin: smaller index first, sorted, no duplicates, weights above 0.
    pub edges: Vec<(u32, u32, u64)>,
}

impl Instance {
    /// Whether two items must never share a bin.
    pub fn are_apart(&self, a: u32, b: u32) -> bool {
        self.apart.binary_search(&(a.min(b), a.max(b))).is_ok()
    }

    /// Number of items.
    pub fn item_count(&self) -> usize {
        self.sizes.len()
    }

    /// Loads of item `item`, one for each dimension.
    pub fn load(&self, item: usize) -> &[u64] {
        &self.loads[item * self.dimension_count..(item + 1) * self.dimension_count]
    }

    /// Largest load of an item over the dimensions; 0 without dimensions.
    pub fn item_peak(&self, item: usize) -> u64 {
        self.load(item).iter().copied().max().unwrap_or(0)
    }

    /// Sum of all items per dimension, without the constant part.
    pub fn total(&self) -> Vec<u64> {
        let mut total = vec![0; self.dimension_count];
        for item in 0..self.item_count() {
            for (sum, load) in total.iter_mut().zip(self.load(item)) {
                *sum += load;
            }
        }
        total
    }
}
