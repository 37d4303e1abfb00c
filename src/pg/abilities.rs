//! What the role may do to see WAL itself. Facts; what follows from them is decided in `workload::method`.

use super::{
    connect::Session,
    error::PgError,
    row::{get, unsigned},
    wal::WalReader,
};

use tokio_postgres::types::Type;

use crate::workload::method::Abilities;

const PURPOSE: &str = "read what the role may do";

/// Reads them, and how WAL is read where the role may do so.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn read_abilities(session: &Session) -> Result<(Abilities, Option<WalReader>), PgError> {
    let rows = session
        .query(PURPOSE, include_str!("sql/abilities.sql"), &[(&session.version.wal_function(), Type::TEXT)])
        .await?;
    let row = rows.first().ok_or_else(|| PgError::Answer { purpose: PURPOSE, reason: "no row".to_owned() })?;
    let count = |column: &str| -> Result<u64, PgError> { Ok(unsigned(get(PURPOSE, row, column)?)) };
    let truth =
        |column: &str| -> Result<bool, PgError> { Ok(get::<Option<bool>>(PURPOSE, row, column)?.unwrap_or_default()) };
    let schema: Option<String> = get(PURPOSE, row, "wal_schema")?;
    let superuser = truth("superuser")?;
    let wal = match schema.as_deref().filter(|_| session.version.has_walinspect()) {
        Some(schema) if truth("reads_wal")? && truth("wal_is_trusted")? => {
            Some(WalReader::new(session.version, schema))
        }
        _ => None,
    };
    let abilities = Abilities {
        version: session.version,
        role: get(PURPOSE, row, "role_name")?,
        wal_available: truth("wal_available")?,
        wal_installed: schema.is_some(),
        wal_trusted: truth("wal_is_trusted")?,
        reads_wal: wal.is_some(),
        replicates: superuser || truth("replicates")?,
        wal_level: get(PURPOSE, row, "wal_level")?,
        slot_limit: count("slot_limit")?,
        free_slots: count("slot_limit")?.saturating_sub(count("slots")?),
    };
    Ok((abilities, wal))
}
