//! The tables of one slot, for whoever looks at it alone: how far each is, what is not ready first.

use super::{judge, look::Look, status::SlotStatus};
use crate::{names::TableName, plan::Plan};

/// How far a table of a slot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// The table on the subscribing server.
    pub table: TableName,
    /// `not subscribed`, `waiting`, `copying`, `copied`, `synchronized` or `ready`; absent when the role does not see it.
    pub state: Option<&'static str>,
    /// What its copy has done by now, bytes; absent when none runs.
    pub copied_bytes: Option<u64>,
    /// What its copy reads, bytes, by the plan; a root that is received leaf by leaf counts with its first leaf.
    pub copy_bytes: u64,
}

/// The tables of a slot, what is not ready first, then by size.
pub fn tables(plan: &Plan, look: &Look, slot: &SlotStatus) -> Vec<TableState> {
    let watched = judge::watched(plan, slot.direction);
    let Some(watched) = watched.iter().find(|watched| watched.slot == slot.name) else { return Vec::new() };
    let (_, to) = slot.direction.ends(look);
    let states = to.tables.as_ref().map(|tables| tables.get(&watched.subscription));
    let mut found = Vec::new();
    for planned in &watched.planned.tables {
        for (number, table) in watched.planned.received(planned).into_iter().enumerate() {
            let state = states.map(|states| match states.and_then(|states| states.get(&table)) {
                Some('r') => "ready",
                Some('s') => "synchronized",
                Some('f') => "copied",
                Some('d') => "copying",
                Some(_) => "waiting",
                None => "not subscribed",
            });
            found.push(TableState {
                copied_bytes: to.copies.get(&(watched.subscription.clone(), table.clone())).copied(),
                table,
                state,
                copy_bytes: if number == 0 { planned.copy_bytes } else { 0 },
            });
        }
    }
    found.sort_by(|a, b| {
        let order = |state: &TableState| (state.state == Some("ready"), u64::MAX - state.copy_bytes);
        (order(a), &a.table).cmp(&(order(b), &b.table))
    });
    found
}
