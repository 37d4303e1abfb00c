//! Reads how slots and subscriptions stand; what it means is judged in `health`.

use super::{connect::Session, error::PgError, row::get};
use crate::health::{ERRORS_SQL, Look, PUBLISHER_SQL, SUBSCRIBER_SQL, TABLES_SQL};

const PURPOSE: &str = "read the state of the slots";

/// One look at both servers.
///
/// # Errors
/// [`PgError`] when a server refuses what everybody may read, or a session breaks off.
pub async fn look(publisher: &Session, subscriber: &Session) -> Result<Look, PgError> {
    let mut look = Look::default();
    publisher.copy_rows(PURPOSE, PUBLISHER_SQL, |row| look.take_row(row)).await?;
    subscriber.copy_rows(PURPOSE, SUBSCRIBER_SQL, |row| look.take_row(row)).await?;
    let sql = "SELECT pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'oid', 'SELECT') AS may";
    let may: bool = match subscriber.query(PURPOSE, sql, &[]).await?.first() {
        Some(row) => get(PURPOSE, row, "may")?,
        None => false,
    };
    if may {
        look.sees_tables();
        subscriber.copy_rows(PURPOSE, TABLES_SQL, |row| look.take_row(row)).await?;
        if subscriber.version.counts_subscription_errors() {
            subscriber.copy_rows(PURPOSE, ERRORS_SQL, |row| look.take_row(row)).await?;
        }
    }
    Ok(look)
}
