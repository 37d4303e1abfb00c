//! Names of a plan that was read: whatever becomes part of a script is a name that a catalog can hold.

use super::{Decision, Plan};
use crate::names::{TableName, check_part, clipped};

/// Every name of a table, a column, a publication, a constraint and the database.
pub(super) fn names(plan: &Plan) -> Result<(), String> {
    let part = |what: &str, name: &str| check_part(name).map_err(|error| format!("{what}: {error}"));
    let table = |what: &str, name: &TableName| name.check().map_err(|error| format!("{what}: {error}"));
    part("database", &plan.database)?;
    for slot in &plan.slots {
        for name in [&slot.publication, &slot.subscription].into_iter().chain(&slot.insert_only_publication) {
            part(&format!("slot \"{}\"", slot.name), name)?;
        }
    }
    for (slot, member) in plan.members() {
        let what = format!("a table of slot \"{}\"", slot.name);
        table(&what, &member.table_name())?;
        member.leaves.iter().chain(&member.partition_root).try_for_each(|name| table(&what, name))?;
        member.identity_columns.iter().try_for_each(|column| part(&what, column))?;
    }
    for excluded in &plan.excluded {
        table("an excluded table", &TableName::new(excluded.schema.clone(), excluded.name.clone()))?;
    }
    for planned in &plan.foreign_keys {
        let key = &planned.key;
        part("a foreign key", &key.name)?;
        let what = format!("foreign key \"{}\"", clipped(&key.name));
        [&key.from, &key.to].into_iter().try_for_each(|name| table(&what, name))?;
        let columns = key.columns.iter().chain(&key.referenced_columns).chain(&key.on_delete_columns);
        columns.into_iter().try_for_each(|column| part(&what, column))?;
        if let Some(contradiction) = key.contradiction() {
            return Err(format!("{what} {contradiction}"));
        }
    }
    let named = plan.decisions.iter().flat_map(|decision| match decision {
        Decision::Hot { tables, .. }
        | Decision::HotShared { tables, .. }
        | Decision::KeptTogether { tables, .. }
        | Decision::Pinned { tables, .. } => tables.as_slice(),
        Decision::Split { table, .. } => std::slice::from_ref(table),
        Decision::SlotCount { .. } => &[],
    });
    let pairs = plan.objective.cut_pairs.iter().flat_map(|pair| [&pair.a, &pair.b]);
    named
        .chain(pairs)
        .chain(plan.slot_counts.iter().flat_map(|row| &row.dedicated))
        .try_for_each(|name| table("a name", name))
}
