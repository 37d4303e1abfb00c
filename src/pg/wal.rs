//! Reading WAL through `pg_walinspect`: bytes by table and kind of record between two positions.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::{
    connect::Session,
    error::PgError,
    row::{get, size},
};
use crate::{
    lsn::Lsn,
    server::ServerVersion,
    workload::tally::{WalPart, WalRecords, WalTally},
};

const PURPOSE: &str = "read WAL with pg_walinspect";

/// How WAL is read on this server: which functions, and in which schema the extension lies.
#[derive(Debug, Clone)]
pub struct WalReader {
    sql: String,
}

impl WalReader {
    /// For a server of this version with the extension in this schema (quoted).
    pub fn new(version: ServerVersion, schema: &str) -> Self {
        let records = match version.has_wal_block_info() {
            false => include_str!("sql/wal_records_15.sql"),
            true => include_str!("sql/wal_records_16.sql"),
        };
        WalReader { sql: format!("{records}{}", include_str!("sql/wal_tables.sql")).replace("@schema@", schema) }
    }

    /// Bytes of WAL by table between two positions, of which the second must be flushed. One statement.
    ///
    /// # Errors
    /// [`PgError`] when the server refuses, when WAL was recycled since, or when the session breaks off.
    pub async fn read(&self, session: &Session, from: Lsn, to: Lsn) -> Result<BTreeMap<u32, WalTally>, PgError> {
        let (from, to) = (from.to_string(), to.to_string());
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&from, Type::TEXT), (&to, Type::TEXT)];
        let mut tables: BTreeMap<u32, WalTally> = BTreeMap::new();
        for row in session.query(PURPOSE, &self.sql, &parameters).await? {
            let count = |column: &str| -> Result<u64, PgError> { Ok(size(get(PURPOSE, &row, column)?)) };
            let part = match get::<&str>(PURPOSE, &row, "part")? {
                "toast" => WalPart::Toast,
                "toast index" => WalPart::ToastIndex,
                "index" => WalPart::Index,
                _ => WalPart::Heap,
            };
            let records = WalRecords {
                part,
                record_type: get(PURPOSE, &row, "record_type")?,
                records: count("records")?,
                rows: count("row_changes")?,
                bytes: count("bytes")?,
                image_bytes: count("image_bytes")?,
            };
            tables.entry(get(PURPOSE, &row, "oid")?).or_default().add_records(&records);
        }
        Ok(tables)
    }
}

/// Where the flushed WAL ends.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn read_flushed(session: &Session) -> Result<Lsn, PgError> {
    let purpose = "read the position of the WAL";
    let rows = session.query(purpose, "SELECT pg_catalog.pg_current_wal_flush_lsn()::text AS lsn", &[]).await?;
    let row = rows.first().ok_or_else(|| PgError::Answer { purpose, reason: "no row".to_owned() })?;
    let text: String = get(purpose, row, "lsn")?;
    text.parse().map_err(|error: crate::lsn::LsnError| PgError::Answer { purpose, reason: error.to_string() })
}
