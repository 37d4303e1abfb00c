//! Rule 1 (exact cover), rule 5 (names), and that nothing is published which would break its writers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Book, Report, alone};
use crate::{
    finding::{Subject, code},
    names::TableName,
    plan::{Caveat, PlannedSlot, PlannedTable, Role, shard::Shard},
    policy::NoIdentity,
    workload::{ReplicaIdentity, Table, TableKind},
};

pub(super) fn check(book: &Book<'_>, report: &mut Report) {
    members_exist(book, report);
    let whole = whole_by_shards(book, report);
    exact_cover(book, &whole, report);
    alone::names(book.plan, report);
    identities(book, report);
}

fn members_exist(book: &Book<'_>, report: &mut Report) {
    for (slot, member) in book.plan.members() {
        let name = member.table_name();
        let subject = Subject::Table(name.clone());
        match book.by_name.get(&name) {
            None => {
                report.error(code::AU204, subject, format!("slot \"{}\" lists a table that is not there", slot.name))
            }
            Some(&index) if book.table(index).kind != member.kind => {
                report.error(code::AU204, subject, "its kind is another than in the workload");
            }
            Some(_) if member.kind == TableKind::Partitioned && !slot.via_root => {
                report.error(
                    code::AU205,
                    subject,
                    "a partition root is listed, but the slot does not publish via roots",
                );
            }
            Some(_) => {}
        }
        if member.row_filter.is_some()
            && !(book.plan.publisher_version.has_row_filters() && book.plan.subscriber_version.has_row_filters())
        {
            let subject = Subject::Table(name);
            report.error(code::AU206, subject, "row filters need version 15 on both sides");
        }
    }
}

/// Tables that row filters split: each row is in exactly one shard, and no shard publishes TRUNCATE.
fn whole_by_shards(book: &Book<'_>, report: &mut Report) -> BTreeSet<usize> {
    let mut filtered: BTreeMap<usize, Vec<(&PlannedSlot, &PlannedTable)>> = BTreeMap::new();
    for (slot, member) in book.plan.members() {
        if let (true, Some(&index)) = (member.row_filter.is_some(), book.by_name.get(&member.table_name())) {
            filtered.entry(index).or_default().push((slot, member));
        }
    }
    let mut whole = BTreeSet::new();
    for (index, members) in filtered {
        let subject = || Subject::Table(book.name(index));
        let shards: Vec<_> = members.iter().filter_map(|(_, member)| Shard::of(member)).collect();
        let numbers: BTreeSet<u32> = shards.iter().map(|shard| shard.share.number).collect();
        let complete = shards.len() == members.len()
            && shards.iter().all(|shard| {
                shard.share.of as usize == members.len() && shard.columns == book.table(index).filter_columns()
            })
            && numbers.len() == members.len();
        if !complete {
            report.error(
                code::AU209,
                subject(),
                "its row filters are not disjoint and complete shards of its replica identity",
            );
        }
        if members.iter().any(|(slot, _)| slot.publish.truncate) {
            report.error(
                code::AU209,
                subject(),
                "a shard publishes TRUNCATE, which would wipe rows of the other shards",
            );
        }
        if members.iter().any(|(slot, _)| slot.role != Role::Dedicated) {
            report.error(code::AU209, subject(), "a shard lies in a shared slot");
        }
        whole.insert(index);
    }
    whole
}

fn exact_cover(book: &Book<'_>, whole_by_shards: &BTreeSet<usize>, report: &mut Report) {
    let mut times = vec![0u32; book.workload.tables.len()];
    for (slot, carried) in book.plan.slots.iter().zip(&book.carried) {
        let all: BTreeSet<TableName> = slot.tables.iter().map(PlannedTable::table_name).collect();
        let mut listed = BTreeSet::new();
        for member in &slot.tables {
            if !listed.insert(member.table_name()) {
                report.error(code::AU202, Subject::Table(member.table_name()), "listed twice in one slot");
            }
            // A root and one of its partitions in the same slot.
            if member.partition_root.as_ref().is_some_and(|root| all.contains(root)) {
                report.error(code::AU203, Subject::Table(member.table_name()), "covered by its root and by itself");
            }
        }
        for &index in carried {
            times[index] += 1;
        }
    }
    let excluded: BTreeSet<TableName> =
        book.plan.excluded.iter().map(|e| TableName::new(e.schema.clone(), e.name.clone())).collect();
    let mut leaf_counts: BTreeMap<&TableName, (u32, u32)> = BTreeMap::new();
    for (index, table) in book.workload.tables.iter().enumerate() {
        if let Some(root) = &table.partition_root {
            let counts = leaf_counts.entry(root).or_default();
            counts.0 += 1;
            counts.1 += times[index].min(1);
        }
    }
    for (index, table) in book.workload.tables.iter().enumerate() {
        let name = table.table_name();
        let is_excluded = excluded.contains(&name);
        // A root that is not listed is covered when all its partitions are.
        let by_leaves = table.kind == TableKind::Partitioned
            && leaf_counts.get(&name).is_some_and(|(leaves, covered)| leaves == covered);
        let subject = Subject::Table(name);
        match (times[index], is_excluded) {
            (0, false) if !by_leaves => report.error(code::AU201, subject, "in no slot and not excluded"),
            (1.., true) => report.error(code::AU207, subject, "excluded, but in a slot"),
            (2.., false) if !whole_by_shards.contains(&index) => {
                report.error(code::AU202, subject, "in more than one slot without disjoint row filters")
            }
            _ => {}
        }
        let wanted_out = book.plan.policy.exclusion(table.partition_root.as_ref().unwrap_or(&book.name(index)));
        if let (Some(reason), 1..) = (wanted_out, times[index]) {
            report.error(code::AU207, Subject::Table(book.name(index)), format!("in a slot, but {reason}"));
        }
    }
}

/// Of a tree that is listed by its root: the root, if it has no identity, or the partitions that log other columns.
pub(super) fn unlike_their_root(book: &Book<'_>, root: &PlannedTable) -> Vec<TableName> {
    let table = |name: &TableName| book.by_name.get(name).map(|&index| book.table(index));
    let Some(top) = table(&root.table_name()) else { return Vec::new() };
    if !top.has_identity() {
        return vec![root.table_name()];
    }
    let differs = |name: &&TableName| {
        table(name).is_some_and(|leaf| {
            let whole = |table: &Table| table.replica_identity == ReplicaIdentity::Full;
            let lacks = top.identity_columns.iter().any(|column| !leaf.identity_columns.contains(column));
            leaf.has_identity() && !whole(leaf) && (whole(top) || lacks)
        })
    };
    root.leaves.iter().filter(differs).cloned().collect()
}

/// UPDATE and DELETE of a published table without identity fail on the publisher (docs/postgres.md, "Replica
/// identity"), or on the way.
fn identities(book: &Book<'_>, report: &mut Report) {
    let (publisher, subscriber) = (book.plan.publisher_version, book.plan.subscriber_version);
    for (_, member) in book.plan.members() {
        let made_full = member.set_identity && member.identity == ReplicaIdentity::Full;
        let lacking = |name: &TableName| {
            book.by_name.get(name).map(|&index| book.table(index)).is_some_and(|table| {
                let flaw = match made_full {
                    true => table.full_identity_flaw(publisher, subscriber),
                    false => table.identity_flaw(publisher, subscriber),
                };
                table.kind != TableKind::Partitioned && flaw.is_some()
            })
        };
        for name in member.with_leaves().filter(lacking) {
            let by_index = member.set_identity && !made_full;
            let settled = member.insert_only || by_index || book.says(&Caveat::NoIdentity { table: name.clone() });
            if !settled {
                report.error(
                    code::AU208,
                    Subject::Table(name),
                    "published without a usable identity, and the plan does not say so",
                );
            }
        }
        let through_root = member.kind == TableKind::Partitioned && !member.insert_only && !member.set_identity;
        let unlike = if through_root { unlike_their_root(book, member) } else { Vec::new() };
        let said = |name: &TableName| book.says(&Caveat::UnlikeRoot { table: name.clone() });
        for name in unlike.into_iter().filter(|name| !said(name)) {
            let words = "a partition and its root identify rows differently, and the plan does not say so";
            report.error(code::AU208, Subject::Table(name), words);
        }
        let may_be_full = book.plan.policy.no_identity == NoIdentity::Full
            || book.plan.policy.no_identity_tables.values().any(|mode| *mode == NoIdentity::Full);
        if member.set_identity && !may_be_full {
            let subject = Subject::Table(member.table_name());
            report.error(
                code::AU208,
                subject,
                "its replica identity would be changed, which the policy does not ask for",
            );
        }
    }
}
