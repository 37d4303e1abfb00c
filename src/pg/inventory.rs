//! Reads what a database holds: the statements of the inventory, row by row.

use super::{connect::Session, error::PgError, row::get};
use crate::inventory::{Inventory, Kind, PASSWORDS_SQL, SQL};

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
    Ok(inventory)
}
