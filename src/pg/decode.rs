//! Peeking: a temporary slot of `test_decoding` in a session of its own, read now and then, summed up by the server.
//!
//! The slot lives and dies with its session, so nothing is left when this program ends, however it ends. It needs no
//! publication, so no table without replica identity can be broken. What its text is longer than pgoutput's messages is
//! known by column, which makes exact bytes of one out of the other.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::{
    connect::Session,
    error::PgError,
    row::{get, unsigned},
};
use crate::{
    lsn::Lsn,
    workload::tally::{DecodeTally, Peek},
};

const PURPOSE: &str = "read changes from a temporary slot";
/// No further transaction is begun after so many changes in one read.
const CHANGES_A_READ: i32 = 100_000;
/// A read that takes longer is given up, and the slot with it: one huge transaction shall not fill the server's disk.
const READ_LIMIT_MS: u32 = 10_000;
/// More of anything is not in one read, and would not add up.
const LARGEST_COUNT: i64 = 1 << 40;
/// Names of 1,600 columns and what stands around them take less.
const LARGEST_FRAME: i64 = 1 << 18;
/// Most pairs that one read brings back.
const MOST_PAIRS: usize = 10_000;

/// A temporary slot and its session.
#[derive(Debug)]
pub struct PeekSlot {
    session: Session,
    name: String,
    position: Lsn,
    frames: BTreeMap<u32, Frame>,
}

/// What `test_decoding` adds around the values of a table's row.
#[derive(Debug, Clone, Copy)]
struct Frame {
    columns: i64,
    frame: i64,
    key_columns: i64,
    key_frame: i64,
    is_full: bool,
}

/// One group of changes as the server sums them up.
#[derive(Debug, Clone, Copy)]
struct Changes {
    operation: usize,
    has_old: bool,
    rows: i64,
    octets: i64,
    nulls: i64,
    unchanged: i64,
}

impl Frame {
    /// Bytes of pgoutput's messages (protocol 1, text) for a group of changes.
    fn message_bytes(&self, changes: &Changes) -> u64 {
        // A value has a kind and four bytes of length; a null or an unchanged TOAST value the kind alone.
        let (new, full) = (self.columns, self.is_full);
        let (old_columns, old_frame) =
            if full { (self.columns, self.frame) } else { (self.key_columns, self.key_frame) };
        // Columns outside the key are sent as nulls in a key tuple.
        let key_nulls = if full { 0 } else { self.columns - self.key_columns };
        let (head, frames, columns) = match (changes.operation, changes.has_old) {
            // operation, relation, kind of tuple, number of columns
            (0 | 1, false) => (8, self.frame, 5 * new),
            // and another tuple; the text has " old-key:" and " new-tuple:"
            (0 | 1, true) => (8 + 3 - 20, self.frame + old_frame, 5 * (new + old_columns) + key_nulls),
            _ => (8, old_frame, 5 * old_columns + key_nulls),
        };
        let values = changes.octets - 8 * changes.nulls - 25 * changes.unchanged;
        u64::try_from(values + changes.rows * (head - frames + columns)).unwrap_or(0)
    }
}

impl PeekSlot {
    /// Makes the slot. Waits until the transactions that run now are over, at most some seconds.
    ///
    /// # Errors
    /// [`PgError`] when the role may not, no slot is free, or a long transaction keeps it from starting.
    pub async fn create(session: Session) -> Result<Self, PgError> {
        let purpose = "make a temporary slot";
        // The server ends a session, and with it the slot, whose client has gone without a word.
        let mut settings = format!(
            "SET application_name = 'pgslotplan peek'; SET statement_timeout = {READ_LIMIT_MS};
             SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;"
        );
        if session.version.has_streaming() {
            settings.push_str("SET client_connection_check_interval = 5000;");
        }
        session.execute(purpose, &settings).await?;
        let sql = "SELECT slot_name::text AS name, lsn::text AS lsn FROM pg_catalog.pg_create_logical_replication_slot(
                       ('pgslotplan_peek_' || pg_catalog.pg_backend_pid())::name, 'test_decoding', true)";
        let rows = session.query(purpose, sql, &[]).await?;
        let row = rows.first().ok_or_else(|| PgError::Answer { purpose, reason: "no row".to_owned() })?;
        let (name, lsn): (String, String) = (get(purpose, row, "name")?, get(purpose, row, "lsn")?);
        let position = lsn
            .parse()
            .map_err(|error: crate::lsn::LsnError| PgError::Answer { purpose, reason: error.to_string() })?;
        Ok(PeekSlot { session, name, position, frames: BTreeMap::new() })
    }

    /// WAL that the slot keeps from being recycled, bytes.
    ///
    /// # Errors
    /// [`PgError`] when the session breaks off.
    pub async fn retained_bytes(&self) -> Result<u64, PgError> {
        let sql = "SELECT coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn), 0)::int8 AS bytes
                     FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1";
        let rows = self.session.query(PURPOSE, sql, &[(&self.name, Type::TEXT)]).await?;
        rows.first().map_or(Ok(0), |row| Ok(unsigned(get(PURPOSE, row, "bytes")?)))
    }

    /// What was committed since the last read, up to a position. The time that it covers is for the caller to fill in.
    ///
    /// # Errors
    /// [`PgError`] when the read takes too long or the session breaks off; the slot is of no use then.
    pub async fn read(&mut self, to: Lsn) -> Result<Peek, PgError> {
        let text = to.to_string();
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
            [(&self.name, Type::TEXT), (&text, Type::TEXT), (&CHANGES_A_READ, Type::INT4)];
        let rows = self.session.query(PURPOSE, include_str!("sql/decode.sql"), &parameters).await?;
        let mut peek = Peek { from: self.position, to, ..Peek::default() };
        self.position = to;
        let mut changes: Vec<(u32, Changes)> = Vec::new();
        let mut tables: BTreeMap<u32, DecodeTally> = BTreeMap::new();
        for row in &rows {
            let count = get::<i64>(PURPOSE, row, "count")?.clamp(0, LARGEST_COUNT);
            let oid = |column: &str| get::<u32>(PURPOSE, row, column);
            let number = |column: &str| get::<i64>(PURPOSE, row, column).map(|number| number.clamp(0, LARGEST_COUNT));
            match get::<&str>(PURPOSE, row, "line")? {
                "all" => peek.transactions = unsigned(count),
                "transactions" => tables.entry(oid("a")?).or_default().transactions = unsigned(count),
                "pair" => peek.pairs.push((oid("a")?, oid("b")?, unsigned(count))),
                _ => {
                    let operation = match get::<&str>(PURPOSE, row, "operation")? {
                        "INSERT" => 0,
                        "UPDATE" => 1,
                        _ => 2,
                    };
                    let group = Changes {
                        operation,
                        has_old: get(PURPOSE, row, "has_old")?,
                        rows: count,
                        octets: number("octets")?,
                        nulls: number("nulls")?,
                        unchanged: number("unchanged")?,
                    };
                    changes.push((oid("a")?, group));
                }
            }
        }
        self.learn_frames(&changes).await?;
        for (oid, group) in changes {
            let tally = tables.entry(oid).or_default();
            tally.rows[group.operation] += unsigned(group.rows);
            if let Some(frame) = self.frames.get(&oid) {
                tally.bytes[group.operation] += frame.message_bytes(&group);
            }
        }
        peek.tables = tables.into_iter().collect();
        peek.pairs.sort_unstable_by_key(|(a, b, count)| (std::cmp::Reverse(*count), *a, *b));
        peek.pairs.truncate(MOST_PAIRS);
        peek.pairs.sort_unstable();
        Ok(peek)
    }

    async fn learn_frames(&mut self, changes: &[(u32, Changes)]) -> Result<(), PgError> {
        let mut unknown: Vec<u32> =
            changes.iter().map(|(oid, _)| *oid).filter(|oid| !self.frames.contains_key(oid)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if unknown.is_empty() {
            return Ok(());
        }
        let sql = include_str!("sql/decode_columns.sql");
        for row in self.session.query(PURPOSE, sql, &[(&unknown, Type::OID_ARRAY)]).await? {
            let number = |column: &str| get::<i64>(PURPOSE, &row, column).map(|number| number.clamp(0, LARGEST_FRAME));
            let frame = Frame {
                columns: number("columns")?,
                frame: number("frame")?,
                key_columns: number("key_columns")?,
                key_frame: number("key_frame")?,
                is_full: get(PURPOSE, &row, "is_full")?,
            };
            self.frames.insert(get(PURPOSE, &row, "oid")?, frame);
        }
        Ok(())
    }

    /// Drops the slot at once, rather than when the server notices that the session is over.
    ///
    /// # Errors
    /// [`PgError`] when the session breaks off, which drops it as well.
    pub async fn drop_slot(self) -> Result<(), PgError> {
        let sql = "SELECT pg_catalog.pg_drop_replication_slot($1)";
        self.session.query("drop the temporary slot", sql, &[(&self.name, Type::TEXT)]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_messages() {
        // id integer, name text: ` id[integer]:` is 13, ` name[text]:''` is 14
        let frame = Frame { columns: 2, frame: 27, key_columns: 1, key_frame: 13, is_full: false };
        let group = |operation, has_old, text: &str, nulls| Changes {
            operation,
            has_old,
            rows: 1,
            octets: text.len() as i64,
            nulls,
            unchanged: 0,
        };
        // 8 + (5 + 1) + (5 + 3)
        assert_eq!(frame.message_bytes(&group(0, false, " id[integer]:7 name[text]:'abc'", 0)), 22);
        let delete = group(2, false, " id[integer]:7", 0);
        assert_eq!(frame.message_bytes(&delete), 8 + 6 + 1); // the other column as a null
        let moved = group(1, true, " old-key: id[integer]:7 new-tuple: id[integer]:81 name[text]:'abc'", 0);
        assert_eq!(frame.message_bytes(&moved), 8 + 3 + (6 + 1) + 7 + 8);
    }
}
