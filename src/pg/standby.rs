//! What a standby needs to keep copies of slots, and the copies that it has.

use super::{connect::Session, error::PgError, row::get};
use crate::preflight::standbys::StandbyFacts;

const PURPOSE: &str = "read a standby";

/// Asks a server of version 17 or later; none when it is no standby.
///
/// # Errors
/// As any query.
pub async fn read_standby(session: &Session) -> Result<Option<StandbyFacts>, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/preflight/standby.sql"), &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(StandbyFacts {
        synchronizes: get(PURPOSE, row, "synchronizes")?,
        sends_feedback: get(PURPOSE, row, "sends_feedback")?,
        slot_name: get(PURPOSE, row, "slot_name")?,
        names_database: get(PURPOSE, row, "names_database")?,
        usable: get(PURPOSE, row, "usable")?,
        own: get(PURPOSE, row, "own")?,
    }))
}
