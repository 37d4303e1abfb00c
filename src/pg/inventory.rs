//! Reads what a database holds: the statements of the inventory, row by row.

use super::{connect::Session, error::PgError, row::get};
use crate::inventory::{HELD_SQL, Inventory, Kind, PASSWORDS_SQL, SQL};

const PURPOSE: &str = "read what the database holds";

/// Reads one side.
///
/// # Errors
/// [`PgError`] when the server refuses what everybody may read, or the session breaks off.
pub async fn read_inventory(session: &Session) -> Result<Inventory, PgError> {
    let mut inventory = Inventory::new(session.version);
    for (_, sql) in SQL {
        session.copy_rows(PURPOSE, sql, |row| inventory.take_row(row)).await?;
    }
    let sql = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS may";
    let may: bool = match session.query(PURPOSE, sql, &[]).await?.first() {
        Some(row) => get(PURPOSE, row, "may")?,
        None => false,
    };
    if may {
        session.copy_rows(PURPOSE, PASSWORDS_SQL, |row| inventory.take_row(row)).await?;
    } else {
        inventory.unseen.insert(Kind::Password);
    }
    if has_held(session).await? {
        let mut held = Inventory::new(session.version);
        session.copy_rows(PURPOSE, HELD_SQL, |row| held.take_row(row)).await?;
        inventory.put_over(held);
    }
    Ok(inventory)
}

/// Whether something rests here until the opening, and the notes of it are ours. The kit asks the same before it reads them.
async fn has_held(session: &Session) -> Result<bool, PgError> {
    let sql = "SELECT pg_catalog.set_config('pgslotplan.state_owner', coalesce(pg_catalog.current_setting('pgslotplan.state_owner', true), ''), false),
        EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = 'pgslotplan' AND c.relname = 'held' AND c.relkind = 'r'
                  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')) AS is_there";
    let is_there: bool = match session.query(PURPOSE, sql, &[]).await?.first() {
        Some(row) => get(PURPOSE, row, "is_there")?,
        None => false,
    };
    let reasons = include_str!("../emit/assets/lib/foreign_state.sql").split("$pgslotplan$").nth(1).unwrap_or_default();
    Ok(is_there && session.query(PURPOSE, reasons, &[]).await?.is_empty())
}
