//! The counters of all tables at one instant.

use jiff::Timestamp;

use super::{
    connect::Session,
    error::PgError,
    row::{get, unsigned},
};
use crate::workload::snapshot::{CounterSnapshot, Instant, RowCounters};

const PURPOSE: &str = "read the counters";

/// Reads one snapshot: two statements, no locks.
///
/// # Errors
/// [`PgError`] when the server refuses or the session breaks off.
pub async fn read_counters(session: &Session) -> Result<CounterSnapshot, PgError> {
    let instant = read_instant(session).await?;
    let mut tables = Vec::new(); // a map made at once is half as large as one that grew
    let take = |row: &tokio_postgres::Row| {
        let count = |column: &str| -> Result<u64, PgError> { Ok(unsigned(get(PURPOSE, row, column)?)) };
        let counters = RowCounters {
            inserted: count("inserted")?,
            updated: count("updated")?,
            hot_updated: count("hot_updated")?,
            deleted: count("deleted")?,
            chunks_inserted: count("chunks_inserted")?,
            chunks_deleted: count("chunks_deleted")?,
        };
        tables.push((get(PURPOSE, row, "oid")?, counters));
        Ok(())
    };
    session.each(PURPOSE, include_str!("sql/counters.sql"), &[], take).await?;
    Ok(CounterSnapshot { instant, tables: tables.into_iter().collect() })
}

async fn read_instant(session: &Session) -> Result<Instant, PgError> {
    let answer = |reason: String| PgError::Answer { purpose: PURPOSE, reason };
    let rows = session.query(PURPOSE, include_str!("sql/instant.sql"), &[]).await?;
    let row = rows.first().ok_or_else(|| answer("no row".to_owned()))?;
    let lsn: String = get(PURPOSE, row, "lsn")?;
    let timeline: i64 = get(PURPOSE, row, "timeline")?;
    let stats_reset: Option<Timestamp> = get(PURPOSE, row, "stats_reset")?;
    Ok(Instant {
        at: get(PURPOSE, row, "at")?,
        lsn: lsn.parse().map_err(|error: crate::lsn::LsnError| answer(error.to_string()))?,
        timeline: u32::try_from(timeline).map_err(|_| answer(format!("timeline {timeline}")))?,
        started: get(PURPOSE, row, "started")?,
        stats_reset,
        next_transaction: unsigned(get(PURPOSE, row, "next_transaction")?),
    })
}
