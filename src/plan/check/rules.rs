//! Rules 2 (dedicated and hot), 3 (together and apart) and 4 (number of slots), from the workload and the policy alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Book, Report};
use crate::{
    cost::Confidence,
    finding::{Subject, code},
    names::TableName,
    plan::{Caveat, Plan, Role},
    policy::{ForeignKeyMode, Pin, PublicationCount},
};

/// Checks them, and gives the groups of each slot back to whoever checks figures.
pub(super) fn check(book: &Book<'_>, report: &mut Report) -> Vec<Vec<Vec<usize>>> {
    let slot_of = slot_of_tables(book);
    let joined = joined(book);
    together(book, &joined, &slot_of, report);
    apart(book, &slot_of, report);
    let groups = groups(book, &joined, &slot_of);
    let mut of_slots = vec![Vec::new(); book.plan.slots.len()];
    let mut shards: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (slot, tables) in book.shards.iter().enumerate() {
        tables.keys().for_each(|&index| shards.entry(index).or_default().push(slot));
    }
    for group in &groups {
        match shards.get(&group[0]) {
            Some(slots) => slots.iter().for_each(|&slot| of_slots[slot].push(group.clone())),
            None => slot_of[group[0]].into_iter().for_each(|slot| of_slots[slot].push(group.clone())),
        }
    }
    dedicated(book, &of_slots, report);
    hot_slots(book, &of_slots, report);
    counts(book, of_slots.iter().map(Vec::len).sum(), report);
    hot(book, &groups, &slot_of, report);
    of_slots
}

/// The slot of each table of the workload; `None` for those left out and for roots of split trees.
fn slot_of_tables(book: &Book<'_>) -> Vec<Option<usize>> {
    let mut slot_of = vec![None; book.workload.tables.len()];
    let split = &book.split_roots;
    for (slot, carried) in book.carried.iter().enumerate() {
        for &index in carried {
            slot_of[index] = Some(slot);
            // A root that is not listed itself is where its partitions are.
            if let Some(root) = book.table(index).partition_root.as_ref().filter(|root| !split.contains(root)) {
                slot_of[book.by_name[root]] = Some(slot);
            }
        }
    }
    slot_of
}

/// Pairs of tables that must share a slot, with the rule.
fn joined(book: &Book<'_>) -> Vec<(usize, usize, String)> {
    let mut joined = Vec::new();
    let find = |text: &str| TableName::parse(text).ok().and_then(|name| book.by_name.get(&name).copied());
    let split = &book.split_roots;
    let mut first_leaf: BTreeMap<&TableName, usize> = BTreeMap::new();
    for (index, table) in book.workload.tables.iter().enumerate() {
        if let Some(root) = table.partition_root.as_ref().filter(|root| !split.contains(root)) {
            let first = *first_leaf.entry(root).or_insert(index);
            joined.push((first, index, format!("partitions of {root}")));
            joined.push((book.by_name[root], index, format!("partitions of {root}")));
        }
        for parent in &table.inherits {
            if let Some(&parent_index) = book.by_name.get(parent) {
                joined.push((parent_index, index, format!("inheritance from {parent}")));
            }
        }
    }
    for (number, set) in book.plan.policy.keep_together.iter().enumerate() {
        let tables: Vec<usize> = set.iter().filter_map(|text| find(text)).collect();
        joined.extend(tables.windows(2).map(|pair| (pair[0], pair[1], format!("keep_together[{number}]"))));
    }
    let mut pinned: BTreeMap<String, usize> = BTreeMap::new();
    for (text, pin) in &book.plan.policy.pin {
        if let (Pin::Slot(slot), Some(index)) = (pin, find(text)) {
            let first = *pinned.entry(slot.to_string()).or_insert(index);
            joined.push((first, index, format!("pinned to slot \"{slot}\"")));
        }
    }
    if book.plan.policy.foreign_keys == ForeignKeyMode::Together {
        for key in &book.workload.foreign_keys {
            if let (Some(&a), Some(&b)) = (book.by_name.get(&key.from), book.by_name.get(&key.to))
                && weight(book.plan, &key.from, &key.to) > 0
            {
                joined.push((a, b, format!("foreign key \"{}\"", crate::names::one_line(&key.name))));
            }
        }
    }
    joined
}

/// Policy weight of a pair.
pub(super) fn weight(plan: &Plan, a: &TableName, b: &TableName) -> u64 {
    let named = |text: &str| TableName::parse(text).ok();
    let matching = plan.policy.edge_weights.iter().rfind(|edge| {
        let (x, y) = (named(&edge.a), named(&edge.b));
        (x.as_ref() == Some(a) && y.as_ref() == Some(b)) || (x.as_ref() == Some(b) && y.as_ref() == Some(a))
    });
    matching.map_or(1, |edge| edge.weight)
}

fn together(book: &Book<'_>, joined: &[(usize, usize, String)], slot_of: &[Option<usize>], report: &mut Report) {
    for (a, b, rule) in joined {
        if let (Some(x), Some(y)) = (slot_of[*a], slot_of[*b])
            && x != y
        {
            let (a, b) = (book.name(*a), book.name(*b));
            report.error(
                code::AU401,
                Subject::Table(b),
                format!("not in the slot of {a}, but kept together by {rule}"),
            );
        }
    }
}

fn apart(book: &Book<'_>, slot_of: &[Option<usize>], report: &mut Report) {
    let slot_of_name = |text: &str| {
        let index = TableName::parse(text).ok().and_then(|name| book.by_name.get(&name).copied());
        index.and_then(|index| slot_of[index].map(|slot| (index, slot)))
    };
    for (number, set) in book.plan.policy.keep_apart.iter().enumerate() {
        let mut by_slot: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, slot) in set.iter().filter_map(|text| slot_of_name(text)) {
            if let Some(other) = by_slot.insert(slot, index).filter(|other| *other != index) {
                let (name, other) = (book.name(index), book.name(other));
                report.error(
                    code::AU402,
                    Subject::Table(name),
                    format!("shares a slot with {other}, against keep_apart[{number}]"),
                );
            }
        }
    }
    for (text, pin) in &book.plan.policy.pin {
        let Some((index, slot)) = slot_of_name(text) else { continue };
        let slot = &book.plan.slots[slot];
        let kept = match pin {
            Pin::Dedicated => slot.role == Role::Dedicated,
            Pin::Shared => slot.role == Role::Shared,
            // A plan made from a previous one keeps that one's slot names; where one of them is the pin's, that holds.
            Pin::Slot(name) => {
                let mut shared = book.plan.slots.iter().filter(|slot| slot.role == Role::Shared);
                let names_stay = book.plan.objective.moves.is_some() && shared.all(|slot| slot.name != *name);
                slot.role == Role::Shared && (slot.name == *name || names_stay)
            }
        };
        if !kept {
            let wanted = String::from(pin.clone());
            report.error(
                code::AU403,
                Subject::Table(book.name(index)),
                format!("in slot \"{}\", but pinned to {wanted}", slot.name),
            );
        }
    }
}

/// Planned tables by group: a group is named by its smallest table.
fn groups(book: &Book<'_>, joined: &[(usize, usize, String)], slot_of: &[Option<usize>]) -> Vec<Vec<usize>> {
    let planned: BTreeSet<usize> = (0..slot_of.len()).filter(|&index| slot_of[index].is_some()).collect();
    let mut label: Vec<usize> = (0..book.workload.tables.len()).collect();
    fn root(label: &mut [usize], mut at: usize) -> usize {
        while label[at] != at {
            label[at] = label[label[at]];
            at = label[at];
        }
        at
    }
    let pairs = joined.iter().map(|(a, b, _)| (*a, *b)).chain(parts(book));
    for (a, b) in pairs.filter(|(a, b)| planned.contains(a) && planned.contains(b)) {
        let (x, y) = (root(&mut label, a), root(&mut label, b));
        label[x.max(y)] = x.min(y);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &index in &planned {
        groups.entry(root(&mut label, index)).or_default().push(index);
    }
    // Canonical tables are sorted by name, so the smallest index is the smallest name.
    groups.into_values().collect()
}

/// Leaves of a split tree in the same slot belong together.
fn parts(book: &Book<'_>) -> Vec<(usize, usize)> {
    let split = &book.split_roots;
    let mut pairs = Vec::new();
    for carried in &book.carried {
        let mut first: BTreeMap<&TableName, usize> = BTreeMap::new();
        for &index in carried {
            if let Some(root) = book.table(index).partition_root.as_ref().filter(|root| split.contains(root)) {
                pairs.push((*first.entry(root).or_insert(index), index));
            }
        }
    }
    pairs
}

fn dedicated(book: &Book<'_>, of_slots: &[Vec<Vec<usize>>], report: &mut Report) {
    for (slot, count) in book.plan.slots.iter().zip(of_slots.iter().map(Vec::len)) {
        let subject = Subject::Slot(slot.name.as_str().into());
        if count == 0 {
            report.error(code::AU502, subject, "empty");
        } else if slot.role == Role::Dedicated && count > 1 {
            report.error(code::AU301, subject, format!("dedicated, but it holds {count} table groups"));
        }
    }
}

/// Dedicated slots that no rule asks for are there because their groups are hot, and these are counted.
fn hot_slots(book: &Book<'_>, of_slots: &[Vec<Vec<usize>>], report: &mut Report) {
    let find = |text: &String| TableName::parse(text).ok().and_then(|name| book.by_name.get(&name).copied());
    let pins = book.plan.policy.pin.iter().filter(|(_, pin)| **pin == Pin::Dedicated);
    let pinned: BTreeSet<usize> = pins.filter_map(|(text, _)| find(text)).collect();
    let split = &book.split_roots;
    let by_rule = |slot: usize| {
        let part = |index: &usize| book.table(*index).partition_root.as_ref().is_some_and(|root| split.contains(root));
        !book.shards[slot].is_empty()
            || of_slots[slot].iter().flatten().any(|index| pinned.contains(index) || part(index))
    };
    let is_hot = |slot: &usize| book.plan.slots[*slot].role == Role::Dedicated && !by_rule(*slot);
    let (hot, most) = ((0..of_slots.len()).filter(is_hot).count(), book.plan.policy.max_dedicated);
    if hot > most as usize {
        report.error(
            code::AU303,
            Subject::Plan,
            format!("{hot} hot tables have slots of their own, but max_dedicated is {most}"),
        );
    }
}

fn counts(book: &Book<'_>, group_count: usize, report: &mut Report) {
    let shared = book.plan.slots.iter().filter(|slot| slot.role == Role::Shared).count();
    let dedicated = book.plan.slots.len() - shared;
    if let Some(most) = book.plan.policy.max_slots.filter(|&most| book.plan.slots.len() > most as usize) {
        report.error(code::AU501, Subject::Plan, format!("{} slots, but max_slots is {most}", book.plan.slots.len()));
    }
    let PublicationCount::Range(low, high) = book.plan.policy.publications else { return };
    let too_few_groups = group_count - dedicated.min(group_count) <= shared;
    let yielded = book.plan.policy.max_slots.is_some_and(|most| dedicated + low as usize > most as usize);
    let planned_again = book.plan.objective.moves.is_some();
    let fewer_allowed = too_few_groups || yielded || planned_again;
    if shared > high as usize || (shared < low as usize && !fewer_allowed) {
        report.error(code::AU501, Subject::Plan, format!("{shared} shared slots, but {low}..{high} were asked for"));
    }
}

/// A group that is hot beside those with which it shares the slots must be dedicated, or the plan must say why not.
fn hot(book: &Book<'_>, groups: &[Vec<usize>], slot_of: &[Option<usize>], report: &mut Report) {
    let context = book.cost.context(book.workload, Confidence::Nominal, &book.buckets);
    let width = book.cost.dimension_count(&context);
    let is_shared = |group: &[usize]| slot_of[group[0]].is_some_and(|slot| book.plan.slots[slot].role == Role::Shared);
    let mut total = vec![0u64; width];
    let mut peaks = Vec::new();
    for group in groups.iter().filter(|group| is_shared(group)) {
        let mut row = vec![0u64; width];
        group.iter().for_each(|&index| book.cost.add_table_loads(&context, book.table(index), &mut row));
        total.iter_mut().zip(&row).for_each(|(sum, load)| *sum += load);
        peaks.push((group, row.into_iter().max().unwrap_or(0)));
    }
    let count = asked_count(book);
    let heaviest = u128::from(total.iter().copied().max().unwrap_or(0));
    let share_ppm = (book.plan.policy.hot_share * 1e6).round() as u128;
    let capacity = book.cost.capacity_units(book.plan.policy.slot_capacity);
    let limit = capacity.map(|capacity| {
        (book.plan.policy.hot_share * (1.0 - book.plan.policy.headroom) * capacity as f64).round() as u64
    });
    for (group, peak) in peaks {
        let by_share = u128::from(peak) * u128::from(count) * 1_000_000 > share_ppm * heaviest;
        if (by_share || limit.is_some_and(|limit| peak > limit))
            && !group.iter().any(|&index| book.says(&Caveat::HotShared { table: book.name(index) }))
        {
            report.error(
                code::AU302,
                Subject::Table(book.name(group[0])),
                "hot, but in a shared slot, and the plan does not say why",
            );
        }
    }
}

/// The number of shared slots against which tables were judged hot: fewer groups than slots do not lower it.
fn asked_count(book: &Book<'_>) -> u64 {
    let shared = book.plan.slots.iter().filter(|slot| slot.role == Role::Shared).count() as u64;
    let dedicated = book.plan.slots.len() as u64 - shared;
    match (book.plan.policy.publications, book.plan.policy.max_slots) {
        _ if book.plan.objective.moves.is_some() => shared.max(1),
        (PublicationCount::Range(low, _), Some(most)) if dedicated + u64::from(low) > u64::from(most) => shared.max(1),
        (PublicationCount::Range(low, _), _) => shared.max(u64::from(low)),
        (PublicationCount::Auto, _) => shared.max(1),
    }
}
