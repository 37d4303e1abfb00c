//! Lower bounds on the peak, one a file, each returning a witness that can be re-checked by hand.
//!
//! A bound holds for every assignment that keeps the pairs of `apart` apart. Leaving such pairs out of account only
//! makes a bound smaller; the clique bounds use them (two items that must be apart never share a bin at any load).

mod bin_packing;
pub mod branching;
mod clique;
mod counting;
pub mod dive;
pub mod exhaustive;
mod item;
pub mod lagrangian;
mod linear;
mod pigeonhole;
pub mod saddle;
mod volume;

use super::packing::Instance;
use crate::plan;

/// A value that no assignment can beat, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Every assignment has at least this peak, the constant part included.
    pub value: u64,
    /// What proves it.
    pub witness: Witness,
}

/// What proves a bound. Items, bins and dimensions by index; every statement can be re-checked in whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witness {
    /// Nothing is claimed beyond the constant part (no dimensions: 0).
    Constant,
    /// The loads of all items in one dimension, spread evenly.
    Volume {
        /// Where the total is largest.
        dimension: u32,
    },
    /// One item has to be somewhere.
    Item {
        /// The item.
        item: u32,
        /// Where its load is largest.
        dimension: u32,
    },
    /// Of the `full × bins + 1` largest items in one dimension, some bin holds `full + 1`.
    Pigeonhole {
        /// The dimension.
        dimension: u32,
        /// Items that every bin could hold without one holding more.
        full: u32,
    },
    /// How many of the `jobs` largest items in one dimension the bins can share out evenly (see `counting`).
    Counting {
        /// The dimension.
        dimension: u32,
        /// How many of the largest items are looked at.
        jobs: u32,
    },
    /// One more item than bins, of which any two together reach the value.
    Clique {
        /// The items, rising.
        items: Vec<u32>,
    },
    /// In one dimension the items need more bins of `capacity` than there are, by the bound L2 of Martello and Toth.
    BinPacking {
        /// The dimension.
        dimension: u32,
        /// Load that a bin may have, constant part included; the bound is one more.
        capacity: u64,
        /// Items below this are left out.
        small: u64,
    },
    /// Weights over bins and dimensions; see `lagrangian`.
    Lagrangian {
        /// Items of which any two together reach the value; the j-th may be taken to be in bin j.
        clique: Vec<u32>,
        /// Weights above 0 as (bin, dimension, weight), sorted; the value divides by their sum.
        weights: Vec<(u32, u32, u32)>,
    },
    /// Weights for each case of where the first items are; see `branching`.
    Cases {
        /// The items whose places make the cases, in the order in which they are placed.
        items: Vec<u32>,
        /// Weights as in `Lagrangian`.
        weights: Vec<Vec<(u32, u32, u32)>>,
        /// Bins of the first items, and the number of the weights for that case.
        leaves: Vec<(Vec<u32>, u32)>,
    },
    /// No assignment of the items stays within `capacity`: found by counting the covers by sets that do (see
    /// `exhaustive`). Re-checked by counting again.
    Exhaustive {
        /// Load that no assignment can keep to; the bound is one more.
        capacity: u64,
    },
}

impl Witness {
    /// As the plan file says it; `index` gives the plan's number of an item.
    pub fn to_plan(&self, index: impl Fn(u32) -> u32) -> plan::Witness {
        match self {
            Self::Constant => plan::Witness::Constant,
            Self::Volume { dimension } => plan::Witness::Volume { dimension: *dimension },
            Self::Item { item, dimension } => plan::Witness::Item { item: index(*item), dimension: *dimension },
            Self::Pigeonhole { dimension, full } => plan::Witness::Pigeonhole { dimension: *dimension, h: *full },
            Self::Counting { dimension, jobs } => plan::Witness::Counting { dimension: *dimension, t: *jobs },
            Self::Clique { items } => plan::Witness::Clique { items: items.iter().map(|&item| index(item)).collect() },
            Self::BinPacking { dimension, capacity, small } => {
                plan::Witness::BinPacking { dimension: *dimension, capacity: *capacity, small: *small }
            }
            Self::Lagrangian { clique, weights } => plan::Witness::Lagrangian {
                clique: clique.iter().map(|&item| index(item)).collect(),
                weights: weights.clone(),
            },
            Self::Cases { items, weights, leaves } => plan::Witness::Cases {
                items: items.iter().map(|&item| index(item)).collect(),
                weights: weights.clone(),
                leaves: leaves.clone(),
            },
            Self::Exhaustive { capacity } => plan::Witness::Exhaustive { capacity: *capacity },
        }
    }
}

/// How much work a bound may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Volume, item, pigeonhole, counting, clique: sorting, no search.
    Cheap,
    /// Also bin packing in every dimension and Lagrangian weights, found in so many iterations.
    Thorough {
        /// Iterations of the saddle-point method.
        iterations: u32,
    },
}

/// The best bound found. `upper` is a peak that some assignment has, or one above which the caller does not care
/// (the capacity, when a slot count is only to be refuted): cliques are formed against it.
pub fn lower_bound(instance: &Instance, upper: u64, effort: Effort) -> Bound {
    let cheap = cheap(instance);
    let Effort::Thorough { iterations } = effort else { return cheap };
    if cheap.value >= upper {
        return cheap;
    }
    let lower = cheap.value;
    let packed = better(cheap, bin_packing::bound(instance, lower, upper));
    if packed.value >= upper {
        return packed;
    }
    let mut weights = lagrangian::Weights::new(instance, upper);
    let found = weights.improve(iterations);
    better(packed, found)
}

/// Bounds that need no search.
pub fn cheap(instance: &Instance) -> Bound {
    let start = Bound { value: instance.constant.iter().copied().max().unwrap_or(0), witness: Witness::Constant };
    if instance.dimension_count == 0 || instance.item_count() == 0 {
        return start;
    }
    [volume::bound, item::bound, pigeonhole::bound, counting::bound, clique::bound]
        .into_iter()
        .fold(start, |best, bound| better(best, bound(instance)))
}

/// Bin packing in every dimension, for cores where it is affordable.
pub fn bin_packing(instance: &Instance, lower: u64, upper: u64) -> Option<Bound> {
    bin_packing::bound(instance, lower, upper)
}

/// The larger of the two; the first of equals, which is the simpler one.
pub fn better(best: Bound, other: Option<Bound>) -> Bound {
    match other {
        Some(other) if other.value > best.value => other,
        _ => best,
    }
}

/// Items by falling peak, ties by index: those that the bounds on large items look at come first.
fn largest_first(instance: &Instance) -> Vec<u32> {
    let mut order: Vec<u32> = (0..instance.item_count() as u32).collect();
    order.sort_by_cached_key(|&item| (std::cmp::Reverse(instance.item_peak(item as usize)), item));
    order
}

/// The largest loads of a dimension, falling. Beyond a few thousand items only those with the largest peaks are
/// looked at: the bounds below hold for any subset.
fn falling(instance: &Instance, candidates: &[u32], dimension: usize) -> Vec<u64> {
    let mut loads: Vec<u64> = candidates.iter().map(|&item| instance.load(item as usize)[dimension]).collect();
    loads.sort_unstable_by(|a, b| b.cmp(a));
    loads
}

fn candidates(instance: &Instance) -> Vec<u32> {
    let mut order = largest_first(instance);
    order.truncate(4096.max(4 * instance.bin_count));
    order
}

#[cfg(test)]
pub(crate) fn instance(bins: usize, dimensions: usize, loads: Vec<u64>, constant: Vec<u64>) -> Instance {
    let items = loads.len() / dimensions;
    Instance {
        bin_count: bins,
        dimension_count: dimensions,
        loads,
        constant,
        sizes: vec![0; items],
        apart: vec![],
        edges: vec![],
    }
}
