//! The publications of a plan, after everything that a version or a contradiction could refuse was looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::{EmitError, ddl};
use crate::{
    names::TableName,
    plan::{Plan, PlannedSlot, PlannedTable, Publishes},
    server::ServerVersion,
    workload::TableKind,
};

/// One publication of a slot.
pub(crate) struct Published<'a> {
    /// Whose.
    pub slot: &'a PlannedSlot,
    /// Its name.
    pub name: &'a str,
    /// What it publishes.
    pub publishes: Publishes,
    /// The members, at least one, in the order of the plan.
    pub tables: Vec<&'a PlannedTable>,
    /// The same, spelled and checked.
    pub members: Vec<ddl::Member>,
}

impl Published<'_> {
    /// The second publication of its slot, for members of which only INSERT is published.
    pub fn is_insert_only(&self) -> bool {
        self.tables.iter().all(|table| table.insert_only)
    }
}

/// The publications, after everything that a version or a contradiction could refuse was looked at.
pub(super) fn publications(plan: &Plan) -> Result<Vec<Published<'_>>, EmitError> {
    if plan.slots.is_empty() {
        return Err(EmitError::NoSlots);
    }
    unique("slots", plan.slots.iter().map(|slot| slot.name.as_str()))?;
    let second = plan.slots.iter().filter_map(|slot| slot.insert_only_publication.as_deref());
    unique("publications", plan.slots.iter().map(|slot| slot.publication.as_str()).chain(second))?;
    unique("subscriptions", plan.slots.iter().map(|slot| slot.subscription.as_str()))?;
    covered_once(plan)?;
    let mut publications = Vec::new();
    for slot in &plan.slots {
        publications.extend(slot_publications(plan, slot)?);
    }
    Ok(publications)
}

/// No change is sent twice: each table once, or as shards; a partition by itself or through its root.
fn covered_once(plan: &Plan) -> Result<(), EmitError> {
    let mut listed: BTreeMap<TableName, &PlannedTable> = BTreeMap::new();
    for (_, table) in plan.members() {
        let name = table.table_name();
        if listed
            .insert(name.clone(), table)
            .is_some_and(|other| other.row_filter.is_none() || table.row_filter.is_none())
        {
            return Err(EmitError::Repeated(name));
        }
    }
    for (name, table) in &listed {
        let root = table.partition_root.as_ref().filter(|root| listed.contains_key(*root));
        if let Some(root) = root {
            return Err(EmitError::RootAndPartition { root: root.clone(), leaf: name.clone() });
        }
        if let Some(leaf) = table.leaves.iter().find(|leaf| listed.contains_key(*leaf)) {
            return Err(EmitError::RootAndPartition { root: name.clone(), leaf: leaf.clone() });
        }
    }
    Ok(())
}

fn unique<'a>(kind: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), EmitError> {
    let mut seen = BTreeSet::new();
    for name in names {
        TableName::new("x", name).check()?; // the same rule for every name: not empty, no NUL, at most 63 bytes
        if !seen.insert(name) {
            return Err(EmitError::Duplicate { kind, name: name.to_owned() });
        }
    }
    Ok(())
}

/// A slot's publications: its own, then the one for insert-only members; none is without members.
fn slot_publications<'a>(plan: &Plan, slot: &'a PlannedSlot) -> Result<Vec<Published<'a>>, EmitError> {
    if slot.tables.is_empty() {
        return Err(EmitError::EmptySlot(slot.name.clone()));
    }
    if slot.via_root && !plan.publisher_version.publishes_partition_roots() {
        return Err(unsupported("publish_via_partition_root", "publisher", plan.publisher_version, 13));
    }
    let mut publications: Vec<Published<'a>> = Vec::new();
    for insert_only in [false, true] {
        let tables: Vec<&PlannedTable> = slot.tables.iter().filter(|table| table.insert_only == insert_only).collect();
        let Some(first) = tables.first() else { continue };
        let name = if insert_only { slot.insert_only_publication.as_deref() } else { Some(slot.publication.as_str()) };
        let name = name.ok_or_else(|| EmitError::NoInsertOnlyPublication(slot.name.clone()))?;
        if name.contains('\\') {
            return Err(EmitError::PublicationName(crate::names::one_line(name)));
        }
        let publishes = Publishes::of_table(slot, first);
        let members = tables.iter().map(|table| member(plan, slot, table)).collect::<Result<_, _>>()?;
        publications.push(Published { slot, name, publishes, tables, members });
    }
    Ok(publications)
}

fn member(plan: &Plan, slot: &PlannedSlot, table: &PlannedTable) -> Result<ddl::Member, EmitError> {
    table.table_name().check()?;
    supported(plan, slot, table)?;
    if table.row_filter.is_some() && slot.publish.truncate {
        return Err(EmitError::TruncatedShard { slot: slot.name.clone(), table: table.table_name() });
    }
    ddl::Member::of(table).map_err(|reason| EmitError::RowFilter { table: table.table_name(), reason })
}

fn supported(plan: &Plan, slot: &PlannedSlot, table: &PlannedTable) -> Result<(), EmitError> {
    let (publisher, subscriber) = (plan.publisher_version, plan.subscriber_version);
    let name = table.table_name();
    if table.kind == TableKind::Partitioned {
        let feature = format!("partitioned table {name} as a member");
        if !publisher.publishes_partition_roots() {
            return Err(unsupported(feature, "publisher", publisher, 13));
        }
        if slot.via_root && !subscriber.receives_into_partition_roots() {
            return Err(unsupported(feature, "subscriber", subscriber, 13));
        }
    }
    if table.row_filter.is_some() {
        let feature = format!("a row filter of table {name}");
        if !publisher.has_row_filters() {
            return Err(unsupported(feature, "publisher", publisher, 15));
        }
        // an older subscriber copies every row and column
        if !subscriber.has_row_filters() {
            return Err(unsupported(feature, "subscriber", subscriber, 15));
        }
    }
    Ok(())
}

fn unsupported(feature: impl Into<String>, side: &'static str, version: ServerVersion, needed: u32) -> EmitError {
    EmitError::Unsupported { feature: feature.into(), side, version, needed }
}
