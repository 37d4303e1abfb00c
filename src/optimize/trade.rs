//! What is traded once the peak is known: a little of it for fewer cut foreign keys, then evener copies. `replan` trades
//! moves for peak instead.

use std::collections::BTreeMap;

use super::{
    OptimizeError,
    bound::Bound,
    cut_pairs::cut_weight,
    packing::{Assignment, CutSettings, FrontierPoint, NORMAL_CUT_BUDGET, SizeSettings, balance_sizes, frontier},
    sweep::{Candidate, Problem, Swept, shared_slots},
};
use crate::{
    cost::Confidence,
    names::SlotName,
    policy::{Pin, PolicyError},
};

/// Tolerances of the frontier, in parts per million.
const FRONTIER_PPM: [u64; 3] = [10_000, 30_000, 100_000];
/// How often the frontier starts again because it came upon a lower peak. Rare: seen in small, loose instances only.
const LOWER_PEAKS: usize = 4;

/// The final assignment of the chosen count.
#[derive(Debug)]
pub struct Traded {
    /// The problem.
    pub swept: Swept,
    /// Where each item of the chosen candidate is.
    pub assignment: Assignment,
    /// The peak before anything was traded, units.
    pub packing_peak: u64,
    /// The bound, of the chosen candidate.
    pub bound: Bound,
    /// Peak against cut; empty when nothing can be cut.
    pub frontier: Vec<FrontierPoint>,
    /// Names of the shared slots in bin order, where a previous plan or a pin gives them.
    pub shared_names: Vec<Option<SlotName>>,
    /// Names of dedicated slots, by group, where a previous plan gives them.
    pub dedicated_names: BTreeMap<usize, SlotName>,
    /// Groups that are elsewhere than before.
    pub moves: Option<u32>,
    /// Moved groups and the peak then, units.
    pub move_curve: Vec<(u32, u64)>,
    /// A wall-clock limit ended the search.
    pub time_limited: bool,
}

/// Spends the search's budget on the finalists, makes the trades and takes the best.
///
/// # Errors
/// A contradiction when the rules keep too many groups apart for that many slots.
pub fn trade(problem: &Problem<'_>, mut swept: Swept) -> Result<Traded, OptimizeError> {
    let mut best: Option<(Standing, usize, Traded)> = None;
    let mut refused = None;
    for position in swept.finalists.clone() {
        let candidate = &mut swept.candidates[position];
        if best.as_ref().is_some_and(|((peak, ..), ..)| candidate.bound.value > *peak) {
            continue;
        }
        problem.pack_candidate(candidate, problem.options.budget);
        if let Err(error) = not_blocked(candidate) {
            refused.get_or_insert(error);
            continue;
        }
        let mut traded =
            if candidate.packing.is_some() { trade_for_cut(problem, candidate) } else { unpacked(candidate) };
        name_pinned(problem, candidate, &mut traded);
        // With a single one there is nothing to compare.
        let standing = match swept.finalists.len() {
            1 => Standing::default(),
            _ => standing(problem, candidate, &traded.assignment),
        };
        if best.as_ref().is_none_or(|(least, ..)| standing < *least) {
            best = Some((standing, position, traded));
        }
    }
    let best = best.map(Ok).or(refused.map(Err)).expect("a problem has a finalist");
    best.map(|(_, chosen, traded)| Traded { swept: Swept { chosen, ..swept }, ..traded })
}

/// What assignments of different candidates are compared by, least first: peak over all slots, peak of the shared ones (one
/// dedicated table may be the peak of them all), cut weight, groups that share.
type Standing = (u64, u64, u64, usize);

fn standing(problem: &Problem<'_>, candidate: &Candidate, assignment: &Assignment) -> Standing {
    let shared_peak = if candidate.shared_count > 0 { assignment.peak(&candidate.instance) } else { 0 };
    let peak = problem.peak_over_all(candidate, shared_peak);
    (peak, shared_peak, cut_weight(problem, candidate, assignment), candidate.hot.shared.len())
}

/// Refuses a candidate whose groups cannot be kept apart.
///
/// # Errors
/// A contradiction that names the rules.
pub fn not_blocked(candidate: &Candidate) -> Result<(), OptimizeError> {
    match &candidate.blocked {
        None => Ok(()),
        Some(error) => Err(OptimizeError::Policy(PolicyError::Contradiction {
            first: "keep_apart, pin".into(),
            second: format!("{} shared slots", candidate.shared_count),
            reason: error.to_string(),
        })),
    }
}

/// What is known when there is nothing to pack.
pub fn unpacked(candidate: &Candidate) -> Traded {
    Traded {
        swept: Swept::one(Vec::new(), 0, ""),
        assignment: Assignment(Vec::new()),
        packing_peak: 0,
        bound: candidate.bound.clone(),
        frontier: Vec::new(),
        shared_names: Vec::new(),
        dedicated_names: BTreeMap::new(),
        moves: None,
        move_curve: Vec::new(),
        time_limited: false,
    }
}

fn trade_for_cut(problem: &Problem<'_>, candidate: &Candidate) -> Traded {
    let packing = candidate.packing.as_ref().expect("checked by the caller");
    let instance = &candidate.instance;
    let mut traded = Traded {
        assignment: packing.assignment.clone(),
        packing_peak: packing.peak,
        time_limited: packing.time_limited,
        shared_names: vec![None; candidate.shared_count as usize],
        ..unpacked(candidate)
    };
    let settings = CutSettings { seed: problem.options.seed, budget: cut_budget(problem) };
    let tolerance_ppm = (problem.policy.cut_tolerance * 1e6).round() as u64;
    let keeps = |assignment: &Assignment| match (problem.limit(), candidate.keeps_headroom) {
        (Some(limit), Some(true)) => {
            let rows = problem.slot_rows(Confidence::High, &shared_slots(candidate, assignment));
            rows.iter().flatten().all(|&load| load <= limit)
        }
        _ => true,
    };
    if !instance.edges.is_empty() && !packing.time_limited {
        let tolerances: Vec<u64> = FRONTIER_PPM.into_iter().chain([tolerance_ppm]).collect();
        let points_from = |traded: &Traded| {
            let (from, peak) = (&traded.assignment, traded.packing_peak);
            frontier(instance, from, peak, &tolerances, Some(tolerance_ppm), &settings)
        };
        let mut points = points_from(&traded);
        for _ in 0..LOWER_PEAKS {
            // The search for fewer cuts may meet a lower peak than the search for peaks did: the tolerance counts from it.
            let lower = points.iter().filter(|p| p.peak < traded.packing_peak && keeps(&p.result.assignment));
            let Some(lower) = lower.min_by_key(|point| point.peak) else { break };
            traded.packing_peak = lower.peak;
            traded.assignment = lower.result.assignment.clone();
            points = points_from(&traded);
        }
        for point in points {
            if point.tolerance_ppm <= tolerance_ppm && keeps(&point.result.assignment) {
                traded.assignment = point.result.assignment.clone();
            }
            if FRONTIER_PPM.contains(&point.tolerance_ppm) {
                traded.frontier.push(point);
            }
        }
    }
    let sizes = SizeSettings { budget: cut_budget(problem) / 8, sync_workers: u64::from(problem.policy.sync_workers) };
    let cap = traded.assignment.peak(instance);
    let balanced = balance_sizes(instance, &traded.assignment, cap, traded.assignment.cut(instance), &sizes);
    if keeps(&balanced) {
        traded.assignment = balanced;
    }
    // What is planned is itself an assignment, so that the least peak known is never above its peak.
    traded.packing_peak = traded.packing_peak.min(traded.assignment.peak(instance));
    traded
}

/// Evaluations of the cut stage: a share of what the user allows the search.
pub fn cut_budget(problem: &Problem<'_>) -> u64 {
    use super::packing::Budget;
    match problem.options.budget {
        Budget::Small => NORMAL_CUT_BUDGET / 8,
        Budget::Normal => NORMAL_CUT_BUDGET / 2,
        Budget::Large => NORMAL_CUT_BUDGET * 4,
        Budget::Evaluations(evaluations) => evaluations,
    }
}

/// Shared slots that a pin names and that have no name yet.
pub fn name_pinned(problem: &Problem<'_>, candidate: &Candidate, traded: &mut Traded) {
    for (item, &bin) in traded.assignment.0.iter().enumerate() {
        if let Some(Pin::Slot(name)) = &problem.groups.groups[candidate.hot.shared[item]].pin {
            let taken = traded.shared_names.iter().flatten().chain(traded.dedicated_names.values()).any(|n| n == name);
            if traded.shared_names[bin as usize].is_none() && !taken {
                traded.shared_names[bin as usize] = Some(name.clone());
            }
        }
    }
}
