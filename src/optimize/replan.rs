//! Planning again: the slots of the plan in use stay, and groups move only where a rule asks for it or the peak gains.
//!
//! Limits come first (`--max-slots`, `--max-dedicated`, the range of shared slots, pins, groups kept apart), then
//! `--max-moves`, then the hot rule: where moves run out a hot group stays where it is, and the plan says so.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    OptimizeError,
    cut_pairs::cut_weight,
    hot::{self, Allowance, HotReason, HotSet, LeftShared},
    packing::{Assignment, MoveSettings, cap_within, repack_with_moves},
    previous::{Previous, Stay},
    sweep::{Candidate, Problem, Swept},
    trade::{Traded, cut_budget, name_pinned, not_blocked, unpacked},
};
use crate::{
    plan::Plan,
    policy::{PolicyError, PublicationCount},
};

/// One way to keep the previous slots.
struct Contender {
    candidate: Candidate,
    stay: Stay,
}

/// What contenders are compared by, least first: peak over all slots, groups moved, cut weight, groups that share.
type Standing = (u64, u32, u64, usize);

/// The best plan that keeps the previous one's slots within the limits.
///
/// # Errors
/// [`OptimizeError::OtherDatabase`] and [`OptimizeError::Previous`]; a contradiction when rules keep too many groups apart, or
/// ask for more moves than there may be.
pub fn plan_again(problem: &Problem<'_>, plan: &Plan) -> Result<Traded, OptimizeError> {
    let previous = &Previous::new(problem, plan)?;
    let contenders = contenders(problem, previous);
    let limited = contenders.iter().any(|contender| contender.stay.limited);
    let mut best: Option<(Standing, usize, Traded)> = None;
    let (mut candidates, mut refused) = (Vec::new(), None);
    for (position, mut contender) in contenders.into_iter().enumerate() {
        match again(problem, previous, &mut contender) {
            Ok((standing, traded)) if best.as_ref().is_none_or(|(least, ..)| standing < *least) => {
                best = Some((standing, position, traded));
            }
            Ok(_) => {}
            Err(error) => refused = refused.or(Some(error)),
        }
        candidates.push(contender.candidate);
    }
    let (_, chosen, traded) = match (best, refused) {
        (Some(best), _) => best,
        (None, Some(error)) => return Err(error),
        (None, None) => return Err(OptimizeError::Previous("it leaves no slot to share")),
    };
    Ok(Traded { swept: Swept { limited, ..Swept::one(candidates, chosen, "the previous plan's") }, ..traded })
}

/// One for the most dedicated slots; where `--max-slots` takes shared slots away, one for each smaller number too.
fn contenders(problem: &Problem<'_>, previous: &Previous<'_>) -> Vec<Contender> {
    let groups = &problem.groups.groups;
    let forced = groups.iter().filter(|group| group.is_forced_alone()).count() as u32;
    let room = problem.policy.max_slots.map_or(u32::MAX, |most| most.saturating_sub(forced));
    // Unless all can be alone, one slot is to be shared.
    let any_shared = groups.len() as u32 - forced > problem.policy.max_dedicated.min(room);
    let largest = problem.policy.max_dedicated.min(room.saturating_sub(u32::from(any_shared)));
    let first = contender(problem, previous, room, largest);
    let limited = first.stay.limited;
    let mut contenders = vec![first];
    let mut fewer = contenders[0].candidate.hot.dedicated.len() as u32 - forced;
    while limited && fewer > 0 {
        fewer -= 1;
        contenders.push(contender(problem, previous, room, fewer));
    }
    contenders
}

/// Keeps what was dedicated as far as `most` allows, then gives slots of their own to what has become hot, hottest first,
/// while moves last. Cost: one look at all loads for each.
fn contender(problem: &Problem<'_>, previous: &Previous<'_>, room: u32, most: u32) -> Contender {
    let max_moves = problem.options.max_moves.unwrap_or(u32::MAX);
    let fresh = fresh(problem, previous, room, most);
    let mut state = State::new(problem, previous, &fresh, most);
    let (mut shared, mut stay) = state.settle(room, max_moves);
    loop {
        let count = stay.slots.len() as u32;
        let hot = hot::beside(problem.demand, problem.policy, problem.cost, count, &shared);
        let next = hot.iter().find_map(|(group, reason)| state.with(*group, reason, &stay, room, max_moves));
        let Some((wider, its_shared, its_stay)) = next else {
            return state.finish(shared, stay, hot);
        };
        (state, shared, stay) = (wider, its_shared, its_stay);
    }
}

/// Reasons of the groups that the hot rule makes dedicated when nothing is kept.
fn fresh(problem: &Problem<'_>, previous: &Previous<'_>, room: u32, most: u32) -> BTreeMap<usize, HotReason> {
    let before = previous.shared_count().max(1) as u32;
    let asked = match problem.policy.publications {
        PublicationCount::Range(low, high) => before.clamp(low, high),
        PublicationCount::Auto => before,
    };
    let count = asked.min(room.saturating_sub(most)).max(1);
    problem.isolate(count, Allowance { dedicated: most, beyond: LeftShared::MaxSlots }).dedicated.into_iter().collect()
}

/// Who is dedicated.
#[derive(Clone)]
struct State<'a> {
    problem: &'a Problem<'a>,
    previous: &'a Previous<'a>,
    /// By rule: pinned or split.
    forced: Vec<(usize, HotReason)>,
    /// Others, those that are let go first at the end.
    alone: Vec<(usize, HotReason)>,
    /// Had a slot of their own and have it no more.
    released: BTreeSet<usize>,
    most: usize,
}

impl<'a> State<'a> {
    fn new(
        problem: &'a Problem<'a>,
        previous: &'a Previous<'a>,
        fresh: &BTreeMap<usize, HotReason>,
        most: u32,
    ) -> State<'a> {
        let groups = &problem.groups.groups;
        let of = |position: usize, otherwise: HotReason| (position, fresh.get(&position).cloned().unwrap_or(otherwise));
        let all = 0..groups.len();
        let forced: Vec<(usize, HotReason)> =
            all.clone().filter(|&at| groups[at].is_forced_alone()).map(|at| of(at, HotReason::Pinned)).collect();
        let may_stay = |&at: &usize| !groups[at].is_forced_alone() && !groups[at].is_pinned_shared();
        let mut order: Vec<usize> = forced.iter().map(|(group, _)| *group).collect();
        let mut before: Vec<usize> = all.filter(may_stay).filter(|&at| previous.had_alone(at).is_some()).collect();
        before.sort_by_key(|&at| (!fresh.contains_key(&at), std::cmp::Reverse(problem.demand.peaks[at]), at));
        order.extend(&before);
        let kept = previous.kept_alone(&order);
        before.retain(|at| kept.contains_key(at));
        let released = before.split_off(before.len().min(most as usize)).into_iter().collect();
        let alone = before.into_iter().map(|at| of(at, HotReason::Kept)).collect();
        State { problem, previous, forced, alone, released, most: most as usize }
    }

    fn dedicated(&self) -> Vec<usize> {
        self.forced.iter().chain(&self.alone).map(|(group, _)| *group).collect()
    }

    /// The shared groups, in order, and what of them stays.
    fn settle(&self, room: u32, max_moves: u32) -> (Vec<usize>, Stay) {
        let dedicated = self.dedicated();
        let alone: BTreeSet<usize> = dedicated.iter().copied().collect();
        let shared: Vec<usize> = (0..self.problem.groups.groups.len()).filter(|at| !alone.contains(at)).collect();
        let room = room.saturating_sub(self.alone.len() as u32);
        let stay = self.previous.stay(self.problem, &dedicated, &shared, room, max_moves);
        (shared, stay)
    }

    /// The same with a hot group alone, in the place of one that is hot no longer if there is no other; `None` when that takes
    /// more moves than there are, or there is no place.
    fn with(
        &self,
        group: usize,
        reason: &HotReason,
        stay: &Stay,
        room: u32,
        max_moves: u32,
    ) -> Option<(State<'a>, Vec<usize>, Stay)> {
        if self.problem.groups.groups[group].is_pinned_shared() || self.released.contains(&group) {
            return None;
        }
        let mut wider = self.clone();
        if wider.alone.len() >= wider.most {
            let (victim, _) = wider.alone.pop_if(|(_, reason)| *reason == HotReason::Kept)?;
            wider.released.insert(victim);
        }
        wider.alone.insert(0, (group, reason.clone()));
        let (shared, its_stay) = wider.settle(room, max_moves);
        (its_stay.moves <= max_moves.max(stay.moves)).then_some((wider, shared, its_stay))
    }

    /// Why a group that is hot has to share.
    fn left(&self, group: usize) -> LeftShared {
        let replaceable = self.alone.iter().any(|(_, reason)| *reason == HotReason::Kept);
        if self.problem.groups.groups[group].is_pinned_shared() {
            LeftShared::Pinned
        } else if self.alone.len() < self.most || replaceable && !self.released.contains(&group) {
            LeftShared::MaxMoves
        } else if self.most < self.problem.policy.max_dedicated as usize {
            LeftShared::MaxSlots
        } else {
            LeftShared::MaxDedicated
        }
    }

    fn finish(self, shared: Vec<usize>, stay: Stay, hot: Vec<(usize, HotReason)>) -> Contender {
        let left_shared = hot.into_iter().map(|(group, reason)| (group, reason, self.left(group))).collect();
        let dedicated = self.forced.into_iter().chain(self.alone).collect();
        let hot = HotSet { dedicated, shared, left_shared };
        Contender { candidate: self.problem.candidate_of(hot, stay.slots.len() as u32), stay }
    }
}

/// Packs a contender with the whole budget, then walks towards that packing from what stays.
fn again(
    problem: &Problem<'_>,
    previous: &Previous<'_>,
    contender: &mut Contender,
) -> Result<(Standing, Traded), OptimizeError> {
    let Contender { candidate, stay } = contender;
    problem.pack_candidate(candidate, problem.options.budget);
    not_blocked(candidate)?;
    let moves_of = |assignment: &Assignment| {
        let shared: BTreeMap<usize, usize> = candidate
            .hot
            .shared
            .iter()
            .zip(&assignment.0)
            .filter_map(|(&group, &bin)| Some((group, stay.slots[bin as usize]?)))
            .collect();
        previous.moves(|group| stay.alone.get(&group).or_else(|| shared.get(&group)).copied())
    };
    let mut traded = match &candidate.packing {
        None => Traded { moves: Some(moves_of(&Assignment(Vec::new()))), ..unpacked(candidate) },
        Some(packing) => {
            let points = points(problem, candidate, stay, &packing.assignment);
            let most = problem.options.max_moves.unwrap_or(u32::MAX);
            let points: Vec<(u32, u64, Assignment)> = points
                .into_iter()
                .map(|assignment| (moves_of(&assignment), assignment.peak(&candidate.instance), assignment))
                .collect();
            let fewest = points.iter().map(|(moves, ..)| *moves).min().unwrap_or(0);
            if fewest > most {
                return Err(too_few_moves(most, fewest));
            }
            let within = points.iter().filter(|(moves, ..)| *moves <= most);
            let tolerance_ppm = (problem.policy.cut_tolerance * 1e6).round() as u64;
            let good_enough = cap_within(packing.peak, tolerance_ppm);
            let (moves, peak, assignment) = within
                .clone()
                .find(|(_, peak, _)| *peak <= good_enough)
                .or_else(|| within.clone().next_back())
                .expect("one has the fewest moves");
            Traded {
                assignment: assignment.clone(),
                packing_peak: packing.peak.min(*peak),
                time_limited: packing.time_limited,
                moves: Some(*moves),
                move_curve: within.map(|(moves, peak, _)| (*moves, *peak)).collect(),
                ..unpacked(candidate)
            }
        }
    };
    let moves = traded.moves.unwrap_or(0);
    let most = problem.options.max_moves.unwrap_or(u32::MAX);
    if moves > most {
        return Err(too_few_moves(most, moves));
    }
    let name = |slot: usize| previous.plan.slots[slot].name.clone();
    traded.shared_names = stay.slots.iter().map(|slot| slot.map(name)).collect();
    traded.dedicated_names = stay.alone.iter().map(|(&group, &slot)| (group, name(slot))).collect();
    name_pinned(problem, candidate, &mut traded);
    let shared_peak = if candidate.shared_count > 0 { traded.assignment.peak(&candidate.instance) } else { 0 };
    let peak = problem.peak_over_all(candidate, shared_peak);
    let cut = cut_weight(problem, candidate, &traded.assignment);
    Ok(((peak, moves, cut, candidate.hot.shared.len()), traded))
}

/// Assignments of ever more moves and ever lower peaks that keep every rule. When the walk from what stays finds none, the
/// packing itself, with its bins named after the previous slots that they have most of.
fn points(problem: &Problem<'_>, candidate: &Candidate, stay: &Stay, packed: &Assignment) -> Vec<Assignment> {
    let instance = &candidate.instance;
    let left = problem.options.max_moves.map_or(usize::MAX, |moves| moves.saturating_sub(stay.moves) as usize);
    let settings = MoveSettings { budget: cut_budget(problem) };
    let most = left.min(instance.item_count());
    let curve = repack_with_moves(instance, &stay.home, &stay.fixed, most, &settings);
    let mut points: Vec<Assignment> = curve.into_iter().map(|point| point.assignment).collect();
    points.retain(|assignment| assignment.is_valid(instance));
    if points.is_empty() {
        points.push(named_after(stay, packed));
    }
    points
}

/// Renames bins: those that hold a pinned item first, then by the number of items that stay.
fn named_after(stay: &Stay, packed: &Assignment) -> Assignment {
    let mut common: BTreeMap<(u32, u32), (usize, usize)> = BTreeMap::new();
    for (item, &bin) in packed.0.iter().enumerate() {
        if let Some(home) = stay.home[item] {
            let (pinned, staying) = common.entry((bin, home)).or_default();
            (*pinned, *staying) = (*pinned + usize::from(stay.fixed[item]), *staying + 1);
        }
    }
    let mut order: Vec<((u32, u32), (usize, usize))> = common.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let (mut name_of, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for ((bin, home), _) in order {
        if !name_of.contains_key(&bin) && taken.insert(home) {
            name_of.insert(bin, home);
        }
    }
    let all = 0..stay.slots.len() as u32;
    let mut free = all.clone().filter(|home| !taken.contains(home));
    for bin in all {
        if !name_of.contains_key(&bin) {
            name_of.extend(free.next().map(|home| (bin, home)));
        }
    }
    Assignment(packed.0.iter().map(|bin| name_of[bin]).collect())
}

fn too_few_moves(most: u32, needed: u32) -> OptimizeError {
    OptimizeError::Policy(PolicyError::Contradiction {
        first: format!("max_moves = {most}"),
        second: "the other rules".into(),
        reason: format!("{needed} table groups have to leave the slot that they have in the previous plan"),
    })
}
