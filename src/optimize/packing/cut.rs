//! Fewer cut edges under the cap: the second goal, once a peak is known that the plan may use up.
//!
//! The cap holds in every dimension with the constant part, pairs stay apart, no bin is emptied, and the answer is never
//! worse than the start. Method: docs/optimiser.md, measurements: docs/trials.md. Heuristic without proof, unless the
//! component bound meets it.

mod anneal;
mod coarsen;
mod component_bound;
mod draw;
mod graph;
mod refine;
mod search;
mod state;

use super::instance::Instance;
use super::solution::Assignment;
use component_bound::component_bound;
use graph::Graph;
use search::{Candidate, Search};
use state::Limits;

/// Seed and effort of the cut stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutSettings {
    /// Seed of the draws: the same seed and budget give the same answer on any number of threads.
    pub seed: u64,
    /// Evaluations (candidate moves looked at) that may be spent; small graphs spend less. Overrun by at most one task.
    pub budget: u64,
}

/// Evaluations of the normal budget: within 0.5 s on two cores with one dimension, 1 s with 168 (docs/trials.md).
pub const NORMAL_CUT_BUDGET: u64 = 24_000_000;

/// An assignment within the cap and what is known of its cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutResult {
    /// Where each item goes.
    pub assignment: Assignment,
    /// Sum of the weights of the edges between different bins.
    pub cut: u64,
    /// No assignment within the cap cuts less than this; equal to `cut` when it is proved smallest.
    pub cut_bound: u64,
    /// Candidate moves looked at.
    pub evaluations: u64,
}

impl CutResult {
    /// Whether no assignment within the cap has a smaller cut.
    pub fn is_proved(&self) -> bool {
        self.cut == self.cut_bound
    }
}

/// Minimises the cut subject to a load of at most `cap` in every bin and dimension.
///
/// `start` is valid and its peak is at most `cap`: the caller raises the cap to the peak of `start` otherwise, and so does
/// this function. The result is valid, within the cap, and its cut is at most that of `start`. Edge weights sum to less
/// than 2^62. Cost: the budget, plus one coarsening and refinement, O(m log n + n (k + d)), for each task.
pub fn reduce_cut(instance: &Instance, start: &Assignment, cap: u64, settings: &CutSettings) -> CutResult {
    let (cut, peak) = (start.cut(instance), start.peak(instance));
    let cap = cap.max(peak);
    let graph = Graph::new(instance);
    let limits = Limits { bin_count: instance.bin_count, constant: &instance.constant, cap };
    let cut_bound = component_bound(&graph, limits);
    let fixed = instance.item_count() <= instance.bin_count || instance.bin_count < 2;
    if cut <= cut_bound || fixed {
        return CutResult { assignment: start.clone(), cut, cut_bound, evaluations: 0 };
    }
    let start = Candidate { cut, peak, bins: start.0.clone() };
    let search = Search { graph: &graph, limits, start, seed: settings.seed, budget: settings.budget };
    let (best, evaluations) = search.run();
    CutResult { assignment: Assignment(best.bins), cut: best.cut, cut_bound, evaluations }
}

/// One point of the trade between peak and cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontierPoint {
    /// By how much the peak was allowed to exceed the packing peak, in parts per million.
    pub tolerance_ppm: u64,
    /// The load that no bin exceeds here.
    pub cap: u64,
    /// Peak in fact.
    pub peak: u64,
    /// The assignment, its cut and bound.
    pub result: CutResult,
}

/// The cut at each tolerance above `packing_peak`, tightest first. Each point also starts from the one before, so the cut
/// never rises with the tolerance. Caps below the peak of `start` are raised to it. The point at `chosen` may spend the
/// whole budget, the others a sixth of it each; without `chosen`, each the whole.
pub fn frontier(
    instance: &Instance,
    start: &Assignment,
    packing_peak: u64,
    tolerances_ppm: &[u64],
    chosen: Option<u64>,
    settings: &CutSettings,
) -> Vec<FrontierPoint> {
    let mut tolerances = tolerances_ppm.to_vec();
    tolerances.sort_unstable();
    tolerances.dedup();
    let mut from = start.clone();
    let lowest = start.peak(instance);
    let mut points = Vec::with_capacity(tolerances.len());
    for tolerance_ppm in tolerances {
        let cap = cap_within(packing_peak, tolerance_ppm).max(lowest);
        let share = if chosen.is_none_or(|chosen| chosen == tolerance_ppm) { 1 } else { 6 };
        let settings = CutSettings { budget: (settings.budget / share).max(1), ..*settings };
        let result = reduce_cut(instance, &from, cap, &settings);
        from = result.assignment.clone();
        points.push(FrontierPoint { tolerance_ppm, cap, peak: from.peak(instance), result });
    }
    points
}

/// `peak` x (1 + tolerance), rounded down, so that a plan never exceeds what was asked.
pub fn cap_within(peak: u64, tolerance_ppm: u64) -> u64 {
    let cap = u128::from(peak) * (1_000_000 + u128::from(tolerance_ppm)) / 1_000_000;
    u64::try_from(cap).unwrap_or(u64::MAX)
}
