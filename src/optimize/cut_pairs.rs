//! Pairs of tables that an assignment cuts: joined by foreign keys, and in different slots.

use std::collections::BTreeSet;

use super::{
    packing::Assignment,
    sweep::{Candidate, Problem},
};

/// The cut pairs with their weights, smaller index first, for any sharing out of the tables to slots.
pub fn cut_pairs(problem: &Problem<'_>, slot_of: impl Fn(usize) -> BTreeSet<usize>) -> Vec<(usize, usize, u64)> {
    problem
        .graph
        .pairs()
        .into_iter()
        .filter(|(_, _, joint)| joint.weight > 0)
        .filter_map(|(a, b, joint)| {
            let (in_a, in_b) = (slot_of(a as usize), slot_of(b as usize));
            let cut = !in_a.is_empty() && !in_b.is_empty() && (in_a != in_b || in_a.len() > 1);
            cut.then_some((a as usize, b as usize, joint.weight))
        })
        .collect()
}

/// Sum of the weights of the pairs that a candidate cuts when its shared groups are assigned like this.
pub fn cut_weight(problem: &Problem<'_>, candidate: &Candidate, assignment: &Assignment) -> u64 {
    let mut slot_of_group: Vec<Option<usize>> = vec![None; problem.groups.groups.len()];
    for (item, &bin) in assignment.0.iter().enumerate() {
        slot_of_group[candidate.hot.shared[item]] = Some(bin as usize);
    }
    for (number, (group, _)) in candidate.hot.dedicated.iter().enumerate() {
        slot_of_group[*group] = Some(candidate.shared_count as usize + number);
    }
    let mut slots = vec![BTreeSet::new(); problem.workload.tables.len()];
    for (position, group) in problem.groups.groups.iter().enumerate() {
        for &index in &group.tables {
            slots[index].extend(slot_of_group[position]);
        }
    }
    cut_pairs(problem, |index| slots[index].clone()).iter().map(|(_, _, weight)| weight).sum()
}
