//! Statements that make and drop replication slots, of both directions.

use super::ddl::{do_block, only_if, until_gone};
use crate::names::{SlotName, quote_literal};

/// Makes those that are missing, a part each: the first, then copies of it. A copy is made at once and at the same
/// position, where a second creation would wait for open transactions again (postgres.md §2.1).
pub(super) fn create<'a>(names: impl IntoIterator<Item = &'a SlotName>) -> Vec<String> {
    let mut first = None;
    let mut parts = Vec::new();
    for (number, name) in names.into_iter().enumerate() {
        let name = quote_literal(name.as_str());
        let first = first.get_or_insert_with(|| name.clone());
        let create = if number == 0 {
            format!("SELECT FROM pg_create_logical_replication_slot({name}, 'pgoutput');")
        } else {
            format!("SELECT FROM pg_copy_logical_replication_slot({first}, {name}, false, 'pgoutput');")
        };
        parts.push(only_if(
            &format!("slot_{number}_is_missing"),
            &format!("NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = {name})"),
            &format!("\\o /dev/null\n{create}\n\\o"),
        ));
    }
    parts
}

/// Drops those of this database as soon as nobody uses them. `relation` is a VALUES list named `alias` with a column
/// `slot_name`.
pub(super) fn drop(relation: &str, alias: &str, in_use: &str, hint: &str) -> String {
    let ours = format!(
        "{relation} JOIN pg_replication_slots AS s ON s.slot_name = {alias}.slot_name AND s.plugin = 'pgoutput' AND s.database = current_database()"
    );
    do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
  item record;
BEGIN
  -- a walsender that just lost its subscription needs a moment to end
{}
  FOR item IN SELECT s.slot_name FROM {ours} ORDER BY s.slot_name LOOP
    PERFORM pg_drop_replication_slot(item.slot_name);
  END LOOP;
END",
        until_gone(&format!("FROM {ours} WHERE s.active"), "0.05", in_use, hint)
    ))
}
