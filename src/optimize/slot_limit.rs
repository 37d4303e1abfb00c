//! `--max-slots`: the limit cuts the range of shared slots and no more. Where it does, every split of the slots into
//! dedicated and shared ones is packed, and those with the least peak over all slots go on to the trades. One dedicated table
//! may be the peak of them all: then the shared slots decide.

use super::{
    hot::{Allowance, LeftShared},
    packing::cap_within,
    sweep::{Candidate, Problem, Swept},
};
use crate::policy::PublicationCount;

/// Splits that are packed with the whole budget, besides the one with the fewest dedicated slots.
const FINALISTS: usize = 3;

/// The candidates for at most `most` slots. Where the limit cuts something, what the same policy without dedicated slots comes to
/// is one of the finalists, searched in the same way: so that no plan is worse than that one.
pub fn run(problem: &Problem<'_>, most: u32) -> Swept {
    let mut swept = within(problem, most, problem.allowance());
    if swept.limited && problem.policy.max_dedicated > 0 {
        let sharing = within(problem, most, Allowance { dedicated: 0, beyond: LeftShared::MaxSlots });
        for position in sharing.finalists {
            add_finalist(&mut swept, sharing.candidates[position].clone());
        }
    }
    swept
}

/// In the place of the same candidate where there is one, else as one more.
fn add_finalist(swept: &mut Swept, candidate: Candidate) {
    let alike =
        |other: &Candidate| other.shared_count == candidate.shared_count && other.hot.shared == candidate.hot.shared;
    let place = swept.candidates.iter().position(alike).unwrap_or(swept.candidates.len());
    if place < swept.candidates.len() {
        swept.candidates[place] = candidate;
    } else {
        swept.candidates.push(candidate);
    }
    if !swept.finalists.contains(&place) {
        swept.finalists.push(place);
    }
}

fn within(problem: &Problem<'_>, most: u32, allowance: Allowance) -> Swept {
    let (low, high) = problem.range();
    let fits = |&count: &u32| {
        let hot = problem.isolate(count, allowance);
        hot.dedicated.len() + (count as usize).min(hot.shared.len()) <= most as usize
    };
    let within: Vec<u32> = (low..=high).filter(fits).collect();
    if within.len() == (low..=high).count() {
        return problem.try_counts(within, allowance);
    }
    if problem.policy.publications == PublicationCount::Auto && !within.is_empty() {
        let swept = problem.try_counts(within, allowance);
        if swept.candidates[swept.chosen].keeps_headroom == Some(true) {
            return swept;
        }
    }
    among_splits(problem, splits(problem, most, high, allowance.dedicated))
}

/// For each number of dedicated slots as many shared ones as fit. Cost: a packing with the first budget for each.
fn splits(problem: &Problem<'_>, most: u32, high: u32, dedicated_most: u32) -> Vec<Candidate> {
    let forced = problem.groups.groups.iter().filter(|group| group.is_forced_alone()).count() as u32;
    let room = most.saturating_sub(forced);
    let largest = dedicated_most.min(room.saturating_sub(1));
    let mut splits = Vec::new();
    for dedicated in 0..=largest {
        let count = high.min(room - dedicated);
        // With as many shared slots another dedicated one can only help.
        if dedicated < largest && room - (dedicated + 1) >= high {
            continue;
        }
        let beyond =
            if dedicated < problem.policy.max_dedicated { LeftShared::MaxSlots } else { LeftShared::MaxDedicated };
        let hot = problem.isolate(count, Allowance { dedicated, beyond });
        // Fewer are hot: the split for that many has more shared slots, among which more are hot.
        if (hot.dedicated.len() as u32) < forced + dedicated && count < high {
            break;
        }
        splits.push(problem.candidate_of(hot, count));
    }
    splits
}

fn among_splits(problem: &Problem<'_>, mut splits: Vec<Candidate>) -> Swept {
    for split in splits.iter_mut().filter(|split| split.packing.is_none()) {
        problem.pack_candidate(split, problem.first_budget());
    }
    let open = |&position: &usize| splits[position].blocked.is_none();
    let peak = |position: usize| problem.peak_over_all(&splits[position], splits[position].packing_peak());
    let mut order: Vec<usize> = (0..splits.len()).filter(open).collect();
    order.sort_by_key(|&position| (peak(position), splits[position].packing_peak(), std::cmp::Reverse(position)));
    // A trade may raise a peak by the tolerance, so a split within it may be the better one afterwards.
    let tolerance_ppm = (problem.policy.cut_tolerance * 1e6).round() as u64;
    let cap = order.first().map_or(0, |&best| cap_within(peak(best), tolerance_ppm));
    let fewest = order.iter().copied().min();
    let close = |(place, position): (usize, &usize)| {
        ((place < FINALISTS || Some(*position) == fewest) && peak(*position) <= cap).then_some(*position)
    };
    let mut finalists: Vec<usize> = order.iter().enumerate().filter_map(close).collect();
    if finalists.is_empty() {
        finalists.push(0);
    }
    let why = "of the splits that --max-slots allows, the least peak over all slots, then over the shared ones";
    Swept { chosen: finalists[0], finalists, candidates: splits, limited: true, why }
}
