//! What the role may do to see WAL itself. Facts; what follows from them is decided by whoever asks.

use super::{
    connect::Session,
    error::PgError,
    row::{get, unsigned},
    wal::WalReader,
};

use crate::server::ServerVersion;

const PURPOSE: &str = "read what the role may do";

/// What can be used to see WAL.
#[derive(Debug, Clone)]
pub struct Abilities {
    /// The server's version.
    pub version: ServerVersion,
    /// The role, for hints.
    pub role: String,
    /// Whether `CREATE EXTENSION pg_walinspect` would find it.
    pub wal_available: bool,
    /// Whether it is installed in this database.
    pub wal_installed: bool,
    /// Its schema and functions belong to superusers or the session's role: others could put theirs in their place.
    pub wal_trusted: bool,
    /// Reads WAL, if installed, permitted and trusted.
    pub wal: Option<WalReader>,
    /// Whether the role may make slots.
    pub replicates: bool,
    /// `wal_level`.
    pub wal_level: String,
    /// `max_replication_slots`.
    pub slot_limit: u64,
    /// Slots that can still be made.
    pub free_slots: u64,
}

/// Reads them.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn read_abilities(session: &Session) -> Result<Abilities, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/abilities.sql"), &[]).await?;
    let row = rows.first().ok_or_else(|| PgError::Answer { purpose: PURPOSE, reason: "no row".to_owned() })?;
    let count = |column: &str| -> Result<u64, PgError> { Ok(unsigned(get(PURPOSE, row, column)?)) };
    let truth =
        |column: &str| -> Result<bool, PgError> { Ok(get::<Option<bool>>(PURPOSE, row, column)?.unwrap_or_default()) };
    let schema: Option<String> = get(PURPOSE, row, "wal_schema")?;
    let superuser = truth("superuser")?;
    let wal = schema.as_deref().filter(|_| session.version.has_walinspect());
    Ok(Abilities {
        version: session.version,
        role: get(PURPOSE, row, "role_name")?,
        wal_available: truth("wal_available")?,
        wal_installed: schema.is_some(),
        wal_trusted: truth("wal_is_trusted")?,
        wal: wal
            .filter(|_| truth("reads_wal").unwrap_or_default() && truth("wal_is_trusted").unwrap_or_default())
            .map(|schema| WalReader::new(session.version, schema)),
        replicates: superuser || truth("replicates")?,
        wal_level: get(PURPOSE, row, "wal_level")?,
        slot_limit: count("slot_limit")?,
        free_slots: count("slot_limit")?.saturating_sub(count("slots")?),
    })
}
