//! What follows from workload and policy without any choice: the tables that are left out, the members of each slot to the
//! last field, what their publications publish. Whatever of a plan reaches a script is stated once more here.

use std::collections::{BTreeMap, BTreeSet};

use super::{Book, Report, alone, cover};
use crate::{
    finding::{Subject, code},
    names::TableName,
    plan::{Caveat, PlannedTable, left_out, shard::Shard},
    policy::NoIdentity,
    workload::{Excluded, ReplicaIdentity, Table, TableKind},
};

pub(super) fn check(book: &Book<'_>, report: &mut Report) {
    let fates = Fates::of(book);
    if book.plan.excluded != fates.excluded {
        report.error(
            code::AU211,
            Subject::Plan,
            "the tables that are left out, or the reasons, are others than workload and policy give",
        );
    }
    caveats(book, &fates, report);
    let referenced = alone::referenced(book.plan);
    for (slot, planned) in book.plan.slots.iter().enumerate() {
        let expected = members(book, &fates, slot);
        for (stated, found) in planned.tables.iter().zip(&expected) {
            if stated != found {
                let fields = differing(stated, found);
                let subject = Subject::Table(stated.table_name());
                report.error(code::AU210, subject, format!("{fields} differs from what workload and policy give"));
            }
        }
        if planned.tables.len() != expected.len() {
            let (stated, found) = (planned.tables.len(), expected.len());
            let message = format!("lists {stated} members, but its tables are published as {found}");
            report.error(code::AU210, Subject::Slot(planned.name.as_str().into()), message);
        }
        alone::options(planned, with_roots(book, slot).iter().any(|name| referenced.contains(name)), report);
    }
    splits(book, report);
}

/// What becomes of each table before anything is put anywhere.
struct Fates {
    excluded: Vec<Excluded>,
    no_identity: BTreeSet<TableName>,
    insert_only: BTreeSet<TableName>,
    made_full: BTreeSet<TableName>,
}

impl Fates {
    fn of(book: &Book<'_>) -> Self {
        let policy = &book.plan.policy;
        let tables = &book.workload.tables;
        let (publisher, subscriber) = (book.plan.publisher_version, book.plan.subscriber_version);
        let modes: BTreeMap<TableName, NoIdentity> = policy
            .no_identity_tables
            .iter()
            .filter_map(|(text, mode)| Some((TableName::parse(text).ok()?, *mode)))
            .collect();
        let mut fates = Fates {
            excluded: book.workload.excluded.clone(),
            no_identity: BTreeSet::new(),
            insert_only: BTreeSet::new(),
            made_full: BTreeSet::new(),
        };
        let mut reasons: BTreeMap<TableName, String> = BTreeMap::new();
        for table in tables {
            let name = table.table_name();
            let by_policy = policy.exclusion(table.partition_root.as_ref().unwrap_or(&name));
            let flaw = table.identity_flaw(publisher, subscriber).filter(|_| table.kind != TableKind::Partitioned);
            let full_is_refused = table.full_identity_flaw(publisher, subscriber).is_some();
            match (by_policy, flaw.map(|_| modes.get(&name).copied().unwrap_or(policy.no_identity))) {
                (Some(reason), _) => drop(reasons.insert(name, reason)),
                (None, Some(NoIdentity::Full)) if full_is_refused => drop(fates.no_identity.insert(name)),
                (None, Some(NoIdentity::Exclude)) => drop(reasons.insert(name, left_out::NO_IDENTITY.into())),
                (None, Some(NoIdentity::Refuse)) => drop(fates.no_identity.insert(name)),
                (None, Some(NoIdentity::InsertOnly)) => drop(fates.insert_only.insert(name)),
                (None, Some(NoIdentity::Full)) => drop(fates.made_full.insert(name)),
                (None, None) => {}
            }
        }
        let out = |table: &&Table| reasons.contains_key(&table.table_name());
        let trees_out: BTreeSet<TableName> =
            tables.iter().filter(out).filter_map(|table| table.partition_root.clone()).collect();
        let filled: BTreeSet<&TableName> = tables.iter().filter_map(|table| table.partition_root.as_ref()).collect();
        let mut planned = Vec::new();
        for table in tables {
            let name = table.table_name();
            let tree = table.partition_root.as_ref().unwrap_or(&name);
            let is_empty = table.kind == TableKind::Partitioned && !filled.contains(&name);
            let reason = match reasons.remove(&name) {
                Some(reason) => Some(reason),
                None if trees_out.contains(tree) => Some(left_out::TREE.into()),
                None if is_empty && !through_roots(book) => Some(left_out::NO_PARTITIONS.into()),
                None => None,
            };
            match reason {
                Some(reason) => fates.excluded.push(Excluded { schema: name.schema, name: name.name, reason }),
                None => planned.push(table),
            }
        }
        fates.excluded.sort();
        fates.fill_trees(book, &planned);
        fates
    }

    /// Where a tree is published through its root, all its partitions become full with one of them.
    fn fill_trees(&mut self, book: &Book<'_>, planned: &[&Table]) {
        if !through_roots(book) {
            return;
        }
        let split = &book.split_roots;
        let tree = |table: &Table| table.partition_root.clone().filter(|root| !split.contains(root));
        let full = |table: &&&Table| self.made_full.contains(&table.table_name());
        let trees: BTreeSet<TableName> = planned.iter().filter(full).filter_map(|table| tree(table)).collect();
        let others = planned.iter().filter(|table| tree(table).is_some_and(|root| trees.contains(&root)));
        self.made_full.extend(others.map(|table| table.table_name()));
    }
}

/// Whether these versions publish partition trees through their roots.
fn through_roots(book: &Book<'_>) -> bool {
    book.plan.publisher_version.publishes_partition_roots()
        && book.plan.subscriber_version.receives_into_partition_roots()
}

/// The members that a slot has for the tables that it carries, by schema and name.
fn members(book: &Book<'_>, fates: &Fates, slot: usize) -> Vec<PlannedTable> {
    let carried = &book.carried[slot];
    let is_split = carried
        .iter()
        .any(|&index| book.table(index).partition_root.as_ref().is_some_and(|root| book.split_roots.contains(root)));
    let by_root = through_roots(book) && !is_split;
    let mut leaves: BTreeMap<&TableName, Vec<usize>> = BTreeMap::new();
    let mut parents: BTreeSet<&TableName> = BTreeSet::new();
    for &index in carried {
        parents.extend(&book.table(index).inherits);
        if let Some(root) = &book.table(index).partition_root {
            leaves.entry(root).or_default().push(index);
        }
    }
    // The workload is sorted by name, and so are the indices.
    let listed = carried.iter().filter(|&&index| match book.table(index).kind {
        TableKind::Table => true,
        TableKind::Partitioned => by_root,
        TableKind::Partition => !by_root,
    });
    let member = |&index: &usize| {
        let table = book.table(index);
        let name = table.table_name();
        let behind = match table.kind {
            TableKind::Partitioned => leaves.get(&name).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        let is_or_has = |set: &BTreeSet<TableName>| {
            set.contains(&name) || behind.iter().any(|&leaf| set.contains(&book.name(leaf)))
        };
        let (share, set_identity) = (book.share(slot, index), is_or_has(&fates.made_full));
        let whole: u64 = behind.iter().map(|&leaf| book.table(leaf).copy_bytes()).sum();
        PlannedTable {
            schema: name.schema.clone(),
            name: name.name.clone(),
            kind: table.kind,
            only: table.kind == TableKind::Table
                && (!table.inherits.is_empty() || table.children_left_out || parents.contains(&name)),
            identity: if set_identity { ReplicaIdentity::Full } else { table.replica_identity },
            identity_columns: if share.is_whole() { &table.identity_columns[..] } else { table.filter_columns() }
                .to_vec(),
            set_identity,
            insert_only: is_or_has(&fates.insert_only),
            row_filter: (!share.is_whole()).then(|| Shard { columns: table.filter_columns(), share }.to_filter()),
            copy_bytes: share.part(table.copy_bytes()).saturating_add(whole),
            leaves: behind.iter().map(|&leaf| book.name(leaf)).collect(),
            partition_root: table.partition_root.clone(),
        }
    };
    listed.map(member).collect()
}

/// The fields in which two members differ, quoted.
fn differing(a: &PlannedTable, b: &PlannedTable) -> String {
    let fields = [
        ("name", a.table_name() != b.table_name()),
        ("kind", a.kind != b.kind),
        ("only", a.only != b.only),
        ("identity", a.identity != b.identity),
        ("identity_columns", a.identity_columns != b.identity_columns),
        ("set_identity", a.set_identity != b.set_identity),
        ("insert_only", a.insert_only != b.insert_only),
        ("row_filter", a.row_filter != b.row_filter),
        ("copy_bytes", a.copy_bytes != b.copy_bytes),
        ("leaves", a.leaves != b.leaves),
        ("partition_root", a.partition_root != b.partition_root),
    ];
    fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Names of the tables that a slot carries, with the roots that it has in parts or by their partitions.
fn with_roots(book: &Book<'_>, slot: usize) -> BTreeSet<TableName> {
    let mut names = BTreeSet::new();
    for &index in &book.carried[slot] {
        let root = book.table(index).partition_root.as_ref();
        names.extend(root.filter(|root| !book.split_roots.contains(*root)).cloned());
        names.insert(book.name(index));
    }
    names
}

/// The plan says against itself what is so, no more and no less. Of hot tables that share a slot it may say more: only the
/// search knows all reasons.
fn caveats(book: &Book<'_>, fates: &Fates, report: &mut Report) {
    let mut expected: BTreeSet<Caveat> =
        fates.no_identity.iter().map(|table| Caveat::NoIdentity { table: table.clone() }).collect();
    for (_, member) in book.plan.members() {
        if member.kind == TableKind::Partitioned && !member.insert_only && !member.set_identity {
            let unlike = cover::unlike_their_root(book, member).into_iter();
            expected.extend(unlike.map(|table| Caveat::UnlikeRoot { table }));
        }
    }
    let stated = book.plan.caveats.iter().filter(|caveat| !matches!(caveat, Caveat::HotShared { .. }));
    if !stated.eq(&expected) {
        report.error(code::AU208, Subject::Plan, "what it says of replica identities is not what the workload gives");
    }
}

/// A table is split where the policy splits it, and into so many parts.
fn splits(book: &Book<'_>, report: &mut Report) {
    let mut parts: BTreeMap<TableName, usize> = BTreeMap::new();
    for (carried, shards) in book.carried.iter().zip(&book.shards) {
        let roots = carried.iter().filter_map(|&index| book.table(index).partition_root.as_ref());
        let trees: BTreeSet<&TableName> = roots.filter(|root| book.split_roots.contains(*root)).collect();
        trees.into_iter().for_each(|root| *parts.entry(root.clone()).or_default() += 1);
        shards.keys().for_each(|&index| *parts.entry(book.name(index)).or_default() += 1);
    }
    for (text, split) in &book.plan.policy.split {
        let Ok(name) = TableName::parse(text) else { continue };
        let found = parts.remove(&name).unwrap_or(0);
        if found != split.parts as usize {
            let message = format!("split over {found} slots, but the policy asks for {}", split.parts);
            report.error(code::AU210, Subject::Table(name), message);
        }
    }
    for name in parts.into_keys() {
        report.error(code::AU210, Subject::Table(name), "split, but the policy does not ask for it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_differ_are_named() {
        let table = crate::emit::tests::table("s", "t");
        let other = PlannedTable { only: true, copy_bytes: 7, ..table.clone() };
        assert_eq!(differing(&table, &other), "\"only\", \"copy_bytes\"");
        assert_eq!(differing(&table, &table), "");
    }
}
