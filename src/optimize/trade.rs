//! What is traded once the peak is known: a little of it for fewer cut foreign keys, then evener copies; and, with a
//! previous plan, moves for peak.

use std::collections::BTreeMap;

use super::{
    OptimizeError,
    bound::Bound,
    hot::{HotReason, HotSet},
    packing::{
        Assignment, CutSettings, FrontierPoint, MoveSettings, NORMAL_CUT_BUDGET, SizeSettings, balance_sizes,
        cap_within, frontier, repack_with_moves,
    },
    sweep::{Candidate, Sweep, Swept, shared_slots},
};
use crate::{
    cost::{Confidence, Share},
    names::{SlotName, TableName},
    plan::{Plan, Role},
    policy::{Pin, PolicyError, PublicationCount},
};

/// Tolerances of the frontier, in parts per million.
const FRONTIER_PPM: [u64; 3] = [10_000, 30_000, 100_000];
/// How often the frontier starts again because it came upon a lower peak. Rare: seen in small, loose instances only.
const LOWER_PEAKS: usize = 4;

/// The final assignment of the chosen count.
#[derive(Debug)]
pub struct Traded {
    /// The sweep.
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

/// Where everything was in the previous plan.
#[derive(Debug)]
pub struct Previous<'a> {
    plan: &'a Plan,
    /// Slot of the previous plan for each group, by position.
    home: Vec<Option<usize>>,
}

/// Looks up the previous plan.
///
/// # Errors
/// [`OptimizeError::OtherDatabase`]; a contradiction when its number of shared slots is not asked for.
pub fn previous<'a>(sweep: &Sweep<'a>) -> Result<Option<Previous<'a>>, OptimizeError> {
    let Some(plan) = sweep.options.previous else { return Ok(None) };
    if plan.database != sweep.workload.database {
        return Err(OptimizeError::OtherDatabase {
            previous: plan.database.clone(),
            workload: sweep.workload.database.clone(),
        });
    }
    let shared = plan.slots.iter().filter(|slot| slot.role == Role::Shared).count() as u32;
    if let PublicationCount::Range(low, high) = sweep.policy.publications
        && shared > high
    {
        return Err(OptimizeError::Policy(PolicyError::Contradiction {
            first: "previous".into(),
            second: format!("publications = {}", PublicationCount::Range(low, high)),
            reason: format!("the previous plan has {shared} shared slots, and slots are kept when planning again"),
        }));
    }
    // A shard is where the same shard was; what was split otherwise is new.
    let mut slot_of: BTreeMap<(TableName, Share), usize> = BTreeMap::new();
    for (position, slot) in plan.slots.iter().enumerate() {
        for table in &slot.tables {
            slot_of.insert((table.table_name(), table.share()), position);
            for leaf in &table.leaves {
                slot_of.insert((leaf.clone(), Share::WHOLE), position);
            }
        }
    }
    let home = sweep
        .groups
        .groups
        .iter()
        .map(|group| {
            let name = |index: usize| sweep.workload.tables[index].table_name();
            group.tables.iter().find_map(|&index| slot_of.get(&(name(index), group.share)).copied())
        })
        .collect();
    Ok(Some(Previous { plan, home }))
}

/// The candidate that keeps the previous plan's slots: what was dedicated stays so, what has become hot since gets its
/// own slot as long as moves are left.
pub fn keep_slots(sweep: &Sweep<'_>, previous: &Previous<'_>) -> Swept {
    let shared_before = previous.plan.slots.iter().filter(|slot| slot.role == Role::Shared).count().max(1) as u32;
    let fresh = sweep.isolate(shared_before, sweep.policy.max_dedicated);
    let mut left = sweep.options.max_moves.unwrap_or(u32::MAX);
    let mut taken = vec![false; previous.plan.slots.len()];
    let mut hot = HotSet::default();
    for position in 0..sweep.groups.groups.len() {
        let reason = fresh.dedicated.iter().find(|(hot, _)| *hot == position).map(|(_, reason)| reason.clone());
        let was_dedicated = previous.home[position].is_some_and(|home| {
            previous.plan.slots[home].role == Role::Dedicated && !std::mem::replace(&mut taken[home], true)
        });
        let pinned_shared = matches!(sweep.groups.groups[position].pin, Some(Pin::Shared | Pin::Slot(_)));
        match reason {
            Some(reason) if was_dedicated => hot.dedicated.push((position, reason)),
            None if was_dedicated && !pinned_shared => hot.dedicated.push((position, HotReason::Kept)),
            Some(reason @ (HotReason::Split | HotReason::Pinned)) => hot.dedicated.push((position, reason)),
            Some(reason) if left > 0 => {
                left -= u32::from(previous.home[position].is_some());
                hot.dedicated.push((position, reason));
            }
            Some(reason) => {
                hot.left_shared.push((position, reason, "--max-moves is used up"));
                hot.shared.push(position);
            }
            None => {
                // What the hot rule leaves shared stays said, unless it has kept a slot of its own.
                hot.left_shared.extend(fresh.left_shared.iter().find(|(left, ..)| *left == position).cloned());
                hot.shared.push(position);
            }
        }
    }
    let candidate = sweep.candidate_of(hot, shared_before);
    Swept { candidates: vec![candidate], chosen: 0, yielded: false, why: "the previous plan's" }
}

/// Spends the search's budget on the chosen count and makes the trades.
///
/// # Errors
/// A contradiction when the rules keep too many groups apart for that many slots.
pub fn trade(sweep: &Sweep<'_>, mut swept: Swept, previous: Option<&Previous<'_>>) -> Result<Traded, OptimizeError> {
    let candidate = &mut swept.candidates[swept.chosen];
    sweep.pack_candidate(candidate, sweep.options.budget);
    if let Some(error) = &candidate.blocked {
        return Err(OptimizeError::Policy(PolicyError::Contradiction {
            first: "keep_apart, pin".into(),
            second: format!("{} shared slots", candidate.shared_count),
            reason: error.to_string(),
        }));
    }
    let mut traded = match (&candidate.packing, previous) {
        (None, _) => unpacked(candidate),
        (Some(_), None) => trade_for_cut(sweep, candidate),
        (Some(_), Some(previous)) => trade_moves(sweep, candidate, previous),
    };
    if let Some(previous) = previous {
        let moved_to_dedicated = name_dedicated(&swept.candidates[swept.chosen], previous, &mut traded);
        traded.moves = Some(traded.moves.unwrap_or(0) + moved_to_dedicated);
    } else {
        name_pinned(sweep, &swept.candidates[swept.chosen], &mut traded);
    }
    Ok(Traded { swept, ..traded })
}

fn empty_sweep() -> Swept {
    Swept { candidates: Vec::new(), chosen: 0, yielded: false, why: "" }
}

fn unpacked(candidate: &Candidate) -> Traded {
    Traded {
        swept: empty_sweep(),
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

fn trade_for_cut(sweep: &Sweep<'_>, candidate: &Candidate) -> Traded {
    let packing = candidate.packing.as_ref().expect("checked by the caller");
    let instance = &candidate.instance;
    let mut traded = Traded {
        assignment: packing.assignment.clone(),
        packing_peak: packing.peak,
        time_limited: packing.time_limited,
        shared_names: vec![None; candidate.shared_count as usize],
        ..unpacked(candidate)
    };
    let settings = CutSettings { seed: sweep.options.seed, budget: cut_budget(sweep) };
    let tolerance_ppm = (sweep.policy.cut_tolerance * 1e6).round() as u64;
    let keeps = |assignment: &Assignment| match (sweep.limit(), candidate.keeps_headroom) {
        (Some(limit), Some(true)) => {
            let rows = sweep.slot_rows(Confidence::High, &shared_slots(candidate, assignment));
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
    let sizes = SizeSettings { budget: cut_budget(sweep) / 8, sync_workers: u64::from(sweep.policy.sync_workers) };
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
fn cut_budget(sweep: &Sweep<'_>) -> u64 {
    use super::packing::Budget;
    match sweep.options.budget {
        Budget::Small => NORMAL_CUT_BUDGET / 8,
        Budget::Normal => NORMAL_CUT_BUDGET / 2,
        Budget::Large => NORMAL_CUT_BUDGET * 4,
        Budget::Evaluations(evaluations) => evaluations,
    }
}

fn trade_moves(sweep: &Sweep<'_>, candidate: &Candidate, previous: &Previous<'_>) -> Traded {
    let packing = candidate.packing.as_ref().expect("checked by the caller");
    let instance = &candidate.instance;
    let slots: Vec<usize> =
        (0..previous.plan.slots.len()).filter(|&slot| previous.plan.slots[slot].role == Role::Shared).collect();
    // Bins are the previous shared slots in their order; with fewer groups than slots, the emptied ones go.
    let used: Vec<usize> = slots
        .iter()
        .copied()
        .filter(|&slot| candidate.hot.shared.iter().any(|&group| previous.home[group] == Some(slot)))
        .chain(
            slots
                .iter()
                .copied()
                .filter(|&slot| !candidate.hot.shared.iter().any(|&group| previous.home[group] == Some(slot))),
        )
        .take(candidate.shared_count as usize)
        .collect();
    let home: Vec<Option<u32>> = candidate
        .hot
        .shared
        .iter()
        .map(|&group| previous.home[group].and_then(|slot| used.iter().position(|&u| u == slot)).map(|bin| bin as u32))
        .collect();
    let dedicated_moves = candidate
        .hot
        .dedicated
        .iter()
        .filter(|(group, _)| previous.home[*group].is_some_and(|slot| previous.plan.slots[slot].role == Role::Shared))
        .count();
    let left = sweep.options.max_moves.map_or(usize::MAX, |moves| (moves as usize).saturating_sub(dedicated_moves));
    let most = left.min(instance.item_count());
    let settings = MoveSettings { budget: cut_budget(sweep) };
    let curve = repack_with_moves(instance, &home, most, &settings);
    let tolerance_ppm = (sweep.policy.cut_tolerance * 1e6).round() as u64;
    let good_enough = cap_within(packing.peak, tolerance_ppm);
    let chosen = curve
        .iter()
        .find(|point| point.peak <= good_enough)
        .or_else(|| curve.last())
        .expect("the curve has at least the point of no moves");
    Traded {
        assignment: chosen.assignment.clone(),
        packing_peak: packing.peak.min(chosen.peak),
        time_limited: packing.time_limited,
        shared_names: used.iter().map(|&slot| Some(previous.plan.slots[slot].name.clone())).collect(),
        moves: Some(chosen.moves as u32),
        move_curve: curve.iter().map(|point| (point.moves as u32, point.peak)).collect(),
        ..unpacked(candidate)
    }
}

/// Dedicated slots keep their names; counts the groups that became dedicated.
fn name_dedicated(candidate: &Candidate, previous: &Previous<'_>, traded: &mut Traded) -> u32 {
    let mut moved = 0;
    for (group, _) in &candidate.hot.dedicated {
        match previous.home[*group].map(|slot| &previous.plan.slots[slot]) {
            Some(slot) if slot.role == Role::Dedicated => {
                let used = traded.dedicated_names.values().any(|name| *name == slot.name);
                if !used {
                    traded.dedicated_names.insert(*group, slot.name.clone());
                }
            }
            Some(_) => moved += 1,
            None => {}
        }
    }
    moved
}

/// Shared slots that a pin names.
fn name_pinned(sweep: &Sweep<'_>, candidate: &Candidate, traded: &mut Traded) {
    for (item, &bin) in traded.assignment.0.iter().enumerate() {
        if let Some(Pin::Slot(name)) = &sweep.groups.groups[candidate.hot.shared[item]].pin {
            traded.shared_names[bin as usize] = Some(name.clone());
        }
    }
}
