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
/// What proves a bound, as the plan states it: slots are bins here, items are numbered alike.
pub use crate::plan::Witness;

/// A value that no assignment can beat, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Every assignment has at least this peak, the constant part included.
    pub value: u64,
    /// What proves it.
    pub witness: Witness,
}

/// How much work a bound may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
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
pub fn lower_bound(instance: &Instance, upper: u64, depth: Depth) -> Bound {
    let cheap = cheap(instance);
    let Depth::Thorough { iterations } = depth else { return cheap };
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
