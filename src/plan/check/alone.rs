//! What can be said of a plan without its workload: `emit` asks before it writes anything. The whole proof takes both.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, digest, figures};
use crate::{
    finding::{Finding, Subject, code},
    names::{self, TableName, one_line},
    plan::{Plan, PlannedSlot, PlannedTable, Publishes, Role, shard::Shard},
    policy::{ForeignKeyMode, NoIdentity},
    workload::{ReplicaIdentity, TableKind},
};

/// Everything that is wrong with a plan as far as it can be seen from the plan alone.
pub fn check_alone(plan: &Plan) -> Vec<Finding> {
    let mut report = Report::default();
    report.findings.extend(digest(plan));
    if let Err(error) = plan.policy.validate() {
        report.error(code::AU104, Subject::Policy, error.to_string());
        return report.sorted();
    }
    versions(plan, &mut report);
    load(plan, &mut report);
    names(plan, &mut report);
    members(plan, &mut report);
    covered_once(plan, &mut report);
    let split: BTreeSet<TableName> = plan.policy.split.keys().filter_map(|text| TableName::parse(text).ok()).collect();
    let referenced = referenced(plan);
    for slot in &plan.slots {
        let own = slot.tables.iter().flat_map(PlannedTable::with_leaves);
        let roots = slot.tables.iter().filter_map(|table| table.partition_root.clone());
        let tables: BTreeSet<TableName> = own.chain(roots.filter(|root| !split.contains(root))).collect();
        options(slot, tables.iter().any(|name| referenced.contains(name)), &mut report);
        if slot.tables.is_empty() {
            report.error(code::AU502, Subject::Slot(slot.name.as_str().into()), "empty");
        }
    }
    if let Some(most) = plan.policy.max_slots.filter(|&most| plan.slots.len() > most as usize) {
        report.error(code::AU501, Subject::Plan, format!("{} slots, but max_slots is {most}", plan.slots.len()));
    }
    figures::order(plan, &mut report);
    figures::objective(plan, &mut report);
    figures::cut_keys(plan, &places(plan), &mut report);
    figures::sweep(plan, &mut report);
    report.sorted()
}

/// The versions are those that the policy asks for, or the sampled server's.
pub(super) fn versions(plan: &Plan, report: &mut Report) {
    let (publisher, subscriber) = plan.policy.versions(plan.server.version_num);
    for (stated, asked, subject) in [
        (plan.publisher_version, publisher, Subject::Publisher),
        (plan.subscriber_version, subscriber, Subject::Subscriber),
    ] {
        if stated != asked {
            let message = format!("planned for version {stated}, but server and policy give {asked}");
            report.error(code::AU106, subject, message);
        } else if stated.is_too_old() {
            report.error(code::AU106, subject, format!("planned for version {stated}, which is too old"));
        } else if stated.is_too_new() {
            report.error(
                code::AU106,
                subject,
                format!("planned for version {stated}, which this release does not know"),
            );
        }
    }
}

/// What was balanced is what the policy asks for.
pub(super) fn load(plan: &Plan, report: &mut Report) {
    let cost = plan.cost_model();
    let capacity = cost.capacity_units(plan.policy.slot_capacity).map(|units| cost.to_number(units));
    let of_policy = plan.load.measure == plan.policy.load && plan.load.unit == plan.policy.load.unit();
    if !of_policy || plan.load.slot_capacity != capacity {
        report.error(
            code::AU107,
            Subject::Plan,
            "measure, unit or capacity of its loads are not what the policy gives",
        );
    }
}

/// Rule 5: names are valid, unique, and not taken on the server.
pub(super) fn names(plan: &Plan, report: &mut Report) {
    let taken: BTreeSet<&str> = plan.server.slots_in_use.iter().map(String::as_str).collect();
    let ours: BTreeSet<&str> =
        plan.previous.iter().flat_map(|previous| &previous.slots).map(crate::names::SlotName::as_str).collect();
    let (mut slots, mut publications, mut subscriptions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for slot in &plan.slots {
        let mut error = |code, message: String| report.error(code, Subject::Slot(slot.name.as_str().into()), message);
        if !slots.insert(slot.name.as_str()) {
            error(code::AU602, "another slot of the plan has the same name".into());
        }
        if taken.contains(slot.name.as_str()) && !ours.contains(slot.name.as_str()) {
            error(code::AU603, "a slot of that name exists on the publisher".into());
        }
        let of_publications = || std::iter::once(&slot.publication).chain(&slot.insert_only_publication);
        for name in of_publications().chain([&slot.subscription]) {
            if let Err(cause) = names::check_part(name) {
                error(code::AU601, cause.to_string());
            }
        }
        for name in of_publications() {
            // `START_REPLICATION` takes no `E''` literal, which is what a subscription would send.
            if name.contains('\\') {
                error(code::AU601, format!("publication \"{}\" has a backslash in its name", one_line(name)));
            }
            if !publications.insert(name) {
                error(code::AU602, "another publication of the plan has the same name".into());
            }
        }
        if !subscriptions.insert(&slot.subscription) {
            error(code::AU602, "another subscription of the plan has the same name".into());
        }
    }
}

/// Each member by itself: its place in a tree, its filter, what is done to its identity.
fn members(plan: &Plan, report: &mut Report) {
    let excluded: BTreeSet<TableName> =
        plan.excluded.iter().map(|table| TableName::new(table.schema.clone(), table.name.clone())).collect();
    let allows_full = plan.policy.no_identity == NoIdentity::Full
        || plan.policy.no_identity_tables.values().any(|mode| *mode == NoIdentity::Full);
    let filters = plan.publisher_version.has_row_filters() && plan.subscriber_version.has_row_filters();
    for (slot, table) in plan.members() {
        let name = table.table_name();
        let mut error = |code, message: &str| report.error(code, Subject::Table(name.clone()), message);
        if table.kind == TableKind::Partitioned && !slot.via_root {
            error(code::AU205, "a partition root is listed, but the slot does not publish via roots");
        }
        if table.row_filter.is_some() && !filters {
            error(code::AU206, "row filters need version 15 on both sides");
        }
        if table.with_leaves().any(|name| excluded.contains(&name)) {
            error(code::AU207, "excluded, but in a slot");
        }
        if let Some(reason) = plan.policy.exclusion(table.partition_root.as_ref().unwrap_or(&name)) {
            error(code::AU207, &format!("in a slot, but {reason}"));
        }
        if table.set_identity && (!allows_full || table.identity != ReplicaIdentity::Full) {
            error(code::AU208, "its replica identity would be changed, which the policy does not ask for");
        }
        let is_root = table.kind == TableKind::Partitioned;
        if (table.kind == TableKind::Partition) != table.partition_root.is_some()
            || (!is_root && !table.leaves.is_empty())
        {
            error(code::AU204, "its kind does not fit its partitions or its root");
        }
    }
}

/// Rule 1 among the members: each table once, or as all shards of it; a partition by itself or through its root.
fn covered_once(plan: &Plan, report: &mut Report) {
    let mut listed: BTreeMap<TableName, Vec<(&PlannedSlot, &PlannedTable)>> = BTreeMap::new();
    let mut behind: BTreeSet<TableName> = BTreeSet::new();
    for (slot, table) in plan.members() {
        listed.entry(table.table_name()).or_default().push((slot, table));
        for leaf in &table.leaves {
            if !behind.insert(leaf.clone()) {
                report.error(code::AU202, Subject::Table(leaf.clone()), "covered by more than one root");
            }
        }
    }
    for (name, members) in &listed {
        let mut error = |code, message: &str| report.error(code, Subject::Table(name.clone()), message);
        let root = members.iter().find_map(|(_, table)| table.partition_root.as_ref());
        if behind.contains(name) || root.is_some_and(|root| listed.contains_key(root)) {
            error(code::AU203, "covered by its root and by itself");
        }
        let filtered = members.iter().filter(|(_, table)| table.row_filter.is_some()).count();
        if filtered == 0 && members.len() > 1 {
            error(code::AU202, "in more than one place without disjoint row filters");
        }
        if filtered > 0 {
            let shards: Vec<_> = members.iter().filter_map(|(_, table)| Shard::of(table)).collect();
            let numbers: BTreeSet<u32> = shards.iter().map(|shard| shard.share.number).collect();
            let alike = shards.iter().all(|shard| {
                shard.share.of as usize == members.len() && shard.columns == members[0].1.identity_columns
            });
            if !alike || numbers.len() != members.len() {
                error(code::AU209, "its row filters are not disjoint and complete shards of its replica identity");
            }
            if members.iter().any(|(slot, _)| slot.role != Role::Dedicated) {
                error(code::AU209, "a shard lies in a shared slot");
            }
        }
    }
}

/// Tables of which TRUNCATE is not published, since a cut foreign key references them.
pub(super) fn referenced(plan: &Plan) -> BTreeSet<&TableName> {
    let guards = plan.policy.foreign_keys == ForeignKeyMode::Guard;
    plan.foreign_keys.iter().filter(|planned| guards && planned.cut).map(|planned| &planned.key.to).collect()
}

/// What a slot's publications publish, and how. `is_referenced`: a table whose rows it carries, or a root of such, is one of
/// [`referenced`].
pub(super) fn options(slot: &PlannedSlot, is_referenced: bool, report: &mut Report) {
    let mut error = |message: &str| report.error(code::AU210, Subject::Slot(slot.name.as_str().into()), message);
    let expected = if is_referenced || slot.tables.iter().any(|table| table.row_filter.is_some()) {
        Publishes::GUARDED
    } else {
        Publishes::ALL
    };
    if slot.publish != expected {
        error(&format!("publishes \"{}\", but its tables ask for \"{expected}\"", slot.publish));
    }
    if slot.via_root != slot.tables.iter().any(|table| table.kind == TableKind::Partitioned) {
        error("\"via_root\" is not what its tables ask for");
    }
    if slot.insert_only_publication.is_some() != slot.tables.iter().any(|table| table.insert_only) {
        error("a publication for insert-only tables is there without them, or they without it");
    }
    let bytes = slot.tables.iter().fold(0u64, |sum, table| sum.saturating_add(table.copy_bytes));
    if slot.copy_bytes != bytes {
        error(&format!("\"copy_bytes\" is {}, but its tables have {bytes}", slot.copy_bytes));
    }
    let name = |pair: &[PlannedTable]| pair[0].table_name() < pair[1].table_name();
    if !slot.tables.windows(2).all(name) {
        error("its tables are not in order by schema and name, or one is there twice");
    }
}

/// The slots in which the rows of each table are, by the plan's own lists.
fn places(plan: &Plan) -> figures::Places {
    let mut places: figures::Places = BTreeMap::new();
    for (number, slot) in plan.slots.iter().enumerate() {
        for table in &slot.tables {
            for name in table.with_leaves().chain(table.partition_root.clone()) {
                places.entry(name).or_default().insert(number);
            }
        }
    }
    places
}
