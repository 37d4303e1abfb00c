//! Partitions that joined a planned publication after the plan was made, beside planned partitions of the same tree: they count as
//! planned, here as in the scripts (`emit/assets/lib/grown.sql`). Daily partitions need no other plan.

use std::{borrow::Cow, collections::BTreeSet};

use super::facts::{RelationKind, SideFacts};
use crate::{
    names::TableName,
    plan::{Plan, PlannedTable},
    workload::TableKind,
};

/// The plan with such partitions as members of their slots; the plan itself when there are none.
pub(super) fn grown<'a>(plan: &'a Plan, publisher: Option<&SideFacts>) -> Cow<'a, Plan> {
    let Some(publisher) = publisher else { return Cow::Borrowed(plan) };
    let planned: BTreeSet<TableName> =
        plan.members().flat_map(|(_, table)| table.with_leaves().collect::<Vec<_>>()).collect();
    let mut found: Vec<(usize, PlannedTable)> = Vec::new();
    let mut behind: Vec<(usize, usize, TableName)> = Vec::new();
    for (number, slot) in plan.slots.iter().enumerate() {
        for published in slot.publications() {
            let Some(live) = publisher.publications.iter().find(|live| Some(live.name.as_str()) == published.name)
            else {
                continue;
            };
            for name in live.members.keys().filter(|name| !planned.contains(*name)) {
                let Some(relation) = publisher.relations.get(name).filter(|found| found.kind == RelationKind::Table)
                else {
                    continue;
                };
                let above = publisher.ancestors(name);
                let beside = |table: &&&PlannedTable| {
                    table.row_filter.is_none()
                        && table.partition_root.as_ref().is_some_and(|root| above.contains(&root))
                };
                // the newest partition is most like the next one, and its name is mostly the last
                if let Some(sibling) = published.tables.iter().rfind(beside) {
                    let (schema, name) = (name.schema.clone(), name.name.clone());
                    found.push((
                        number,
                        PlannedTable { schema, name, copy_bytes: relation.bytes, ..(*sibling).clone() },
                    ));
                }
            }
        }
        // a root that is received leaf by leaf has what lies behind it now
        for (at, table) in slot.tables.iter().enumerate() {
            if table.kind == TableKind::Partitioned && !slot.via_root {
                let leaves = publisher.leaves(&table.table_name());
                let new = leaves.into_iter().filter(|(name, _)| !planned.contains(*name));
                behind.extend(new.map(|(name, _)| (number, at, name.clone())));
            }
        }
    }
    if found.is_empty() && behind.is_empty() {
        return Cow::Borrowed(plan);
    }
    let mut plan = plan.clone();
    for (number, at, leaf) in behind {
        plan.slots[number].tables[at].leaves.push(leaf);
    }
    for (number, table) in found {
        plan.slots[number].tables.push(table);
    }
    for table in plan.slots.iter_mut().flat_map(|slot| &mut slot.tables) {
        table.leaves.sort();
    }
    Cow::Owned(plan)
}
