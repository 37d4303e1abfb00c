//! Rule 6: every figure recomputes exactly, and the lower bound follows from its witness.

use std::collections::{BTreeMap, BTreeSet};

use super::{Book, Report, rules};
use crate::{
    cost::{Confidence, LoadContext},
    finding::{Subject, code},
    names::{TableName, one_line, quote_identifier},
    plan::{
        CutPair, Plan, PlannedForeignKey, Role, gap,
        witness::{Core, proven},
    },
};

pub(super) fn check(book: &Book<'_>, of_slots: &[Vec<Vec<usize>>], report: &mut Report) {
    let nominal = Loads::new(book, Confidence::Nominal);
    let high = Loads::new(book, Confidence::High);
    slots(book, &nominal, &high, report);
    order(book.plan, report);
    objective(book.plan, report);
    if let Some(stated) = book.plan.objective.one_slot_peak_load_high {
        compare(report, Subject::Plan, "one_slot_peak_load_high", stated, one_slot_peak_high(book, &high));
    }
    bound(book, &nominal, of_slots, report);
    cut(book, report);
    sweep(book.plan, report);
}

/// What loads at one confidence are computed in; made once, since it reads the whole workload.
struct Loads {
    context: LoadContext,
    constant: Vec<u64>,
}

impl Loads {
    fn new(book: &Book<'_>, confidence: Confidence) -> Self {
        Loads {
            context: book.cost.context(book.workload, confidence, &book.buckets),
            constant: book.cost.slot_constant(book.workload, confidence, &book.buckets),
        }
    }

    /// Load row of a slot, constant part included.
    fn row(&self, book: &Book<'_>, slot: usize) -> Vec<u64> {
        let mut row = self.constant.clone();
        for &index in &book.carried[slot] {
            book.cost.add_share_loads(&self.context, book.table(index), book.share(slot, index), &mut row);
        }
        row
    }
}

fn largest(row: &[u64]) -> u64 {
    row.iter().copied().max().unwrap_or(0)
}

/// Largest mean of a stage, rounded half up.
fn mean(row: &[u64], bucket_count: usize) -> u64 {
    let count = bucket_count.max(1) as u128;
    let stages = row.chunks(bucket_count.max(1)).map(|stage| stage.iter().map(|&load| u128::from(load)).sum::<u128>());
    stages.map(|sum| (sum * 2 / count).div_ceil(2)).max().map_or(0, |mean| mean as u64)
}

fn slots(book: &Book<'_>, nominal: &Loads, high: &Loads, report: &mut Report) {
    let low = Loads::new(book, Confidence::Low);
    for (position, (slot, carried)) in book.plan.slots.iter().zip(&book.carried).enumerate() {
        let nominal = nominal.row(book, position);
        let part = |index: usize, whole: u64| book.share(position, index).part(whole);
        let peak = largest(&nominal);
        let bucket_count = book.buckets.len();
        let first =
            (0..bucket_count).find(|bucket| nominal.iter().skip(*bucket).step_by(bucket_count).any(|&l| l == peak));
        let copy: u64 = carried.iter().map(|&index| part(index, book.table(index).copy_bytes())).sum();
        let wal = book
            .buckets
            .iter()
            .map(|&bucket| {
                let whole = |index: usize| book.table(index).load.wal_bytes_per_s.or_zero(bucket).round() as u64;
                carried.iter().map(|&index| part(index, whole(index)) as f64).sum()
            })
            .fold(0.0, f64::max);
        let number = |units| book.cost.to_number(units);
        let figures = [
            ("peak_load", slot.peak_load, number(peak)),
            ("peak_bucket", f64::from(slot.peak_bucket), first.map_or(0.0, |first| book.buckets[first] as f64)),
            ("mean_load", slot.mean_load, number(mean(&nominal, bucket_count))),
            ("peak_load_high", slot.peak_load_high, number(largest(&high.row(book, position)))),
            ("mean_load_low", slot.mean_load_low, number(mean(&low.row(book, position), bucket_count))),
            ("wal_bytes_per_s_peak", slot.wal_bytes_per_s_peak, wal),
        ];
        for (field, stated, found) in figures {
            compare(report, Subject::Slot(slot.name.as_str().into()), field, stated, found);
        }
        compare(report, Subject::Slot(slot.name.as_str().into()), "copy_bytes", slot.copy_bytes, copy);
    }
}

fn compare<T: PartialEq + std::fmt::Display>(report: &mut Report, subject: Subject, field: &str, stated: T, found: T) {
    if stated != found {
        report.error(code::AU701, subject, format!("\"{field}\" is {stated}, but recomputes to {found}"));
    }
}

pub(super) fn order(plan: &Plan, report: &mut Report) {
    for pair in plan.slots.windows(2) {
        let in_order = pair[0].peak_load > pair[1].peak_load
            || (pair[0].peak_load == pair[1].peak_load && pair[0].name < pair[1].name);
        if !in_order {
            report.error(
                code::AU702,
                Subject::Slot(pair[1].name.as_str().into()),
                "not in order: hottest first, then by name",
            );
        }
    }
}

pub(super) fn objective(plan: &Plan, report: &mut Report) {
    let objective = &plan.objective;
    let shared = || plan.slots.iter().filter(|slot| slot.role == Role::Shared);
    let peak = plan.slots.iter().map(|slot| slot.peak_load).fold(0.0, f64::max);
    let shared_peak = shared().map(|slot| slot.peak_load).fold(0.0, f64::max);
    let copies: Vec<u64> = shared().map(|slot| slot.copy_bytes).collect();
    let total: u64 = copies.iter().sum();
    let imbalance = match copies.iter().max() {
        Some(&most) if total > 0 => most as f64 * copies.len() as f64 / total as f64,
        _ => 1.0,
    };
    let figures = [
        ("peak_load", objective.peak_load, peak),
        ("shared_peak_load", objective.shared_peak_load, shared_peak),
        ("gap", objective.gap, gap(shared_peak, objective.lower_bound)),
        ("packing_gap", objective.packing_gap, gap(objective.packing_peak_load, objective.lower_bound)),
        ("copy_imbalance", objective.copy_imbalance, imbalance),
    ];
    for (field, stated, found) in figures {
        compare(report, Subject::Plan, field, stated, found);
    }
    if objective.peak_slot.as_ref() != plan.slots.first().map(|slot| &slot.name) {
        report.error(code::AU701, Subject::Plan, "\"peak_slot\" is not the slot with the largest load");
    }
    let sorted = objective.lower_bound <= objective.packing_peak_load
        && objective.packing_peak_load <= objective.shared_peak_load;
    if !sorted {
        report.error(code::AU703, Subject::Plan, "lower_bound <= packing_peak_load <= shared_peak_load does not hold");
    }
    let allowed = objective.packing_peak_load * (1.0 + plan.policy.cut_tolerance) * (1.0 + 1e-12);
    if objective.moves.is_none() && objective.shared_peak_load > allowed {
        report.error(
            code::AU704,
            Subject::Plan,
            "shared_peak_load is above packing_peak_load by more than cut_tolerance",
        );
    }
}

/// The peak of one slot that carries what all slots carry.
fn one_slot_peak_high(book: &Book<'_>, high: &Loads) -> f64 {
    let mut row = high.constant.clone();
    for (slot, carried) in book.carried.iter().enumerate() {
        for &index in carried {
            book.cost.add_share_loads(&high.context, book.table(index), book.share(slot, index), &mut row);
        }
    }
    book.cost.to_number(largest(&row))
}

fn bound(book: &Book<'_>, nominal: &Loads, of_slots: &[Vec<Vec<usize>>], report: &mut Report) {
    let shared: Vec<usize> =
        (0..book.plan.slots.len()).filter(|&slot| book.plan.slots[slot].role == Role::Shared).collect();
    let claimed = book.cost.to_units(book.plan.objective.lower_bound);
    let Some(witness) = &book.plan.objective.witness else {
        if claimed > 0 {
            report.error(code::AU705, Subject::Plan, "lower_bound is claimed without a witness");
        }
        return;
    };
    let mut groups: Vec<&Vec<usize>> = shared.iter().flat_map(|&slot| &of_slots[slot]).collect();
    groups.sort();
    let width = nominal.constant.len();
    let loads = groups
        .iter()
        .map(|group| {
            let mut row = vec![0; width];
            group.iter().for_each(|&index| book.cost.add_table_loads(&nominal.context, book.table(index), &mut row));
            row
        })
        .collect();
    let core = Core {
        slots: shared.len(),
        dimensions: width,
        loads,
        constant: nominal.constant.clone(),
        apart: apart(book, &groups),
    };
    match proven(&core, witness) {
        Ok(value) if value >= claimed => {}
        Ok(value) => report.error(
            code::AU705,
            Subject::Plan,
            format!(
                "lower_bound is {}, but its witness proves only {}",
                book.plan.objective.lower_bound,
                book.cost.to_number(value)
            ),
        ),
        Err(error) => {
            report.error(code::AU705, Subject::Plan, format!("the witness of lower_bound proves nothing: {error}"))
        }
    }
}

/// Pairs of shared groups that rules keep apart, by position.
fn apart(book: &Book<'_>, groups: &[&Vec<usize>]) -> Vec<(u32, u32)> {
    let mut group_of: BTreeMap<usize, u32> = BTreeMap::new();
    for (position, group) in groups.iter().enumerate() {
        group_of.extend(group.iter().map(|&index| (index, position as u32)));
    }
    let find = |text: &str| {
        let index = TableName::parse(text).ok().and_then(|name| book.by_name.get(&name).copied())?;
        group_of.get(&index).copied()
    };
    let mut apart = BTreeSet::new();
    let mut add = |sets: &[u32]| {
        for (place, &a) in sets.iter().enumerate() {
            apart.extend(sets[place + 1..].iter().filter(|&&b| b != a).map(|&b| (a.min(b), a.max(b))));
        }
    };
    for set in &book.plan.policy.keep_apart {
        add(&set.iter().filter_map(|text| find(text)).collect::<Vec<u32>>());
    }
    let pinned: BTreeSet<u32> = book
        .plan
        .policy
        .pin
        .iter()
        .filter(|(_, pin)| matches!(pin, crate::policy::Pin::Slot(_)))
        .filter_map(|(text, _)| find(text))
        .collect();
    add(&pinned.into_iter().collect::<Vec<u32>>());
    apart.into_iter().collect()
}

fn cut(book: &Book<'_>, report: &mut Report) {
    let mut lies_in: Places = BTreeMap::new();
    for (slot, carried) in book.carried.iter().enumerate() {
        for &index in carried {
            lies_in.entry(book.name(index)).or_default().insert(slot);
            if let Some(root) = &book.table(index).partition_root {
                lies_in.entry(root.clone()).or_default().insert(slot);
            }
        }
    }
    let planned = book.plan.foreign_keys.iter().map(|planned| &planned.key);
    if !planned.eq(&book.workload.foreign_keys) {
        report.error(code::AU707, Subject::Plan, "the foreign keys are others than the workload's");
    }
    cut_keys(book.plan, &lies_in, report);
}

/// The slots in which the rows of each table are.
pub(super) type Places = BTreeMap<TableName, BTreeSet<usize>>;

/// Which foreign keys of the plan are cut, and what they weigh.
pub(super) fn cut_keys(plan: &Plan, lies_in: &Places, report: &mut Report) {
    let nowhere = BTreeSet::new();
    let of = |name: &TableName| lies_in.get(name).unwrap_or(&nowhere);
    let mut pairs: BTreeMap<(TableName, TableName), u64> = BTreeMap::new();
    for PlannedForeignKey { key, cut } in &plan.foreign_keys {
        let (from, to) = (of(&key.from), of(&key.to));
        let apart = from != to || to.len() > 1;
        let is_cut = !to.is_empty() && key.from != key.to && apart;
        if is_cut != *cut {
            let (name, state) = (quote_identifier(&key.name), if is_cut { "cut" } else { "not cut" });
            let message = format!("foreign key {} is {state}, but the plan says otherwise", one_line(&name));
            report.error(code::AU707, Subject::Table(key.from.clone()), message);
        }
        if is_cut && !from.is_empty() {
            let (a, b) = (key.from.clone().min(key.to.clone()), key.from.clone().max(key.to.clone()));
            let weight = rules::weight(plan, &a, &b);
            if weight > 0 {
                pairs.insert((a, b), weight);
            }
        }
    }
    let ordered = |pair: &CutPair| (pair.a.clone().min(pair.b.clone()), pair.a.clone().max(pair.b.clone()));
    let stated: BTreeMap<(TableName, TableName), u64> =
        plan.objective.cut_pairs.iter().map(|pair| (ordered(pair), pair.weight)).collect();
    let found = pairs.values().fold(0u64, |sum, weight| sum.saturating_add(*weight));
    if stated != pairs || plan.objective.cut_weight != found {
        let stated = plan.objective.cut_weight;
        report.error(code::AU706, Subject::Plan, format!("cut_weight is {stated}, but the pairs cut weigh {found}"));
    }
}

pub(super) fn sweep(plan: &Plan, report: &mut Report) {
    let shared = plan.slots.iter().filter(|slot| slot.role == Role::Shared).count() as u32;
    let objective = &plan.objective;
    let matching = plan.slot_counts.iter().any(|row| {
        row.shared == shared
            && row.lower_bound == objective.lower_bound
            && row.packing_peak_load == (shared > 0).then_some(objective.packing_peak_load)
    });
    if !matching {
        report.error(
            code::AU708,
            Subject::Plan,
            format!("slot_counts has no row for the {shared} shared slots of this plan"),
        );
    }
    for row in &plan.slot_counts {
        if row.packing_peak_load.is_some_and(|peak| peak < row.lower_bound) {
            report.error(
                code::AU703,
                Subject::Plan,
                format!("the peak for {} shared slots is below its bound", row.shared),
            );
        }
    }
}
