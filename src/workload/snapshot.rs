//! What a server says at one instant: the catalog and the counters, raw. No arithmetic but telling what changed since
//! the last snapshot, which keeps the sample file small.
//!
//! One JSON line each in `<output>.samples.jsonl`: first a [`SampleLine::Start`], then a catalog, then counters with
//! another catalog now and then. `derive` folds them into rates.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Excluded, ForeignKey, Table,
    packed::Packed,
    tally::{Peek, WalTally},
};
use crate::{lsn::Lsn, server::ServerFacts};

/// Row counters since the last reset, of a table and of its TOAST relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "[u64; 6]", into = "[u64; 6]")]
pub struct RowCounters {
    /// Rows inserted, those of rolled-back transactions too.
    pub inserted: u64,
    /// Rows updated, HOT ones included.
    pub updated: u64,
    /// Rows updated without touching an index.
    pub hot_updated: u64,
    /// Rows deleted.
    pub deleted: u64,
    /// TOAST chunks inserted.
    pub chunks_inserted: u64,
    /// TOAST chunks deleted.
    pub chunks_deleted: u64,
}

impl From<[u64; 6]> for RowCounters {
    fn from([inserted, updated, hot_updated, deleted, chunks_inserted, chunks_deleted]: [u64; 6]) -> Self {
        RowCounters { inserted, updated, hot_updated, deleted, chunks_inserted, chunks_deleted }
    }
}

impl From<RowCounters> for [u64; 6] {
    fn from(c: RowCounters) -> [u64; 6] {
        [c.inserted, c.updated, c.hot_updated, c.deleted, c.chunks_inserted, c.chunks_deleted]
    }
}

/// The cluster at one instant, by its own clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instant {
    /// The server's clock.
    pub at: Timestamp,
    /// Where its WAL ends.
    pub lsn: Lsn,
    /// Raised by every promotion.
    pub timeline: u32,
    /// When the server was started.
    pub started: Timestamp,
    /// When the database's counters were last reset, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats_reset: Option<Timestamp>,
    /// The next transaction id to be given: only writing transactions take one.
    pub next_transaction: u64,
}

/// All counters at one instant. A table that is not there does not exist.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterSnapshot {
    /// When, and the cluster's own counters.
    pub instant: Instant,
    /// By the table's oid.
    pub tables: BTreeMap<u32, RowCounters>,
}

/// An index as WAL sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexShape {
    /// Access method: `btree`, `gin`, …
    pub method: String,
    /// Mean width of its columns, bytes.
    pub key_width_bytes: f64,
    /// Whether rows come in the order of its first column, as those of a sequence do: new entries go to the right end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ordered: bool,
}

/// Where a row's width comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WidthSource {
    /// Measured by ANALYZE, all columns.
    Statistics,
    /// Some columns measured, some guessed.
    Mixed,
    /// Guessed from the column types.
    Types,
}

/// A table as the catalog has it, with what its WAL records depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogTable {
    /// Stays the same when the table is renamed.
    pub oid: u32,
    /// All that the workload file says of it; its load is empty.
    pub table: Table,
    /// Its indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<IndexShape>,
    /// Mean width of the identity columns, bytes; 0 without any.
    #[serde(default)]
    pub identity_width_bytes: f64,
    /// Bytes that alignment and the null bitmap add to a row, on average.
    #[serde(default)]
    pub padding_bytes: f64,
    /// Text of large values over their stored size, by a few that were read; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toast_ratio: Option<f64>,
    /// How full the TOAST chunks of these are, 0 to 1: the last one of a value seldom is. Absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toast_fill: Option<f64>,
    /// Mean width of a row's values as text, bytes; a null takes four less than nothing, as it has no length. Absent: not
    /// known, and about `table.row_width_bytes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_width_bytes: Option<f64>,
    /// Where `table.row_width_bytes` comes from.
    pub width_source: WidthSource,
}

impl CatalogTable {
    /// The same with every number one that a file can hold: a server may estimate infinitely many rows, or lie.
    #[must_use]
    pub fn with_finite_numbers(mut self) -> Self {
        let finite = |value: &mut f64| *value = if value.is_finite() { value.clamp(-MOST, MOST) } else { 0.0 };
        let table = &mut self.table;
        table.rows_estimate = table.rows_estimate.max(0.0);
        table.row_width_bytes = table.row_width_bytes.max(0.0);
        [&mut table.rows_estimate, &mut table.row_width_bytes].into_iter().for_each(finite);
        [&mut self.identity_width_bytes, &mut self.padding_bytes].into_iter().for_each(finite);
        let known = [&mut self.toast_ratio, &mut self.toast_fill, &mut self.text_width_bytes];
        known.into_iter().flatten().for_each(finite);
        self.indexes.iter_mut().for_each(|index| finite(&mut index.key_width_bytes));
        self
    }
}

/// More of rows or bytes no table has.
const MOST: f64 = 1e15;

/// What the catalog says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// When it was read, by the server's clock.
    pub at: Timestamp,
    /// Tables that could be published, partition roots among them.
    pub tables: Packed<CatalogTable>,
    /// Foreign keys between them.
    pub foreign_keys: Packed<ForeignKey>,
    /// What is left out, and why.
    pub excluded: Vec<Excluded>,
    /// Sequences: never replicated before 19.
    pub sequence_count: u64,
    /// Large objects: never replicated.
    pub large_object_count: u64,
    /// What could not be read, and what that costs.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What a run observes, so that `--resume` continues the same thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleStart {
    /// Always `samples`.
    pub kind: String,
    /// Format version.
    pub version: u64,
    /// Who wrote it.
    pub tool: String,
    /// The database.
    pub database: String,
    /// Its oid: another database of the same name has another.
    pub database_oid: u32,
    /// The server.
    pub server: ServerFacts,
    /// Length of a bucket, seconds.
    pub bucket_s: u32,
    /// Time between two snapshots, seconds.
    pub interval_s: f64,
}

impl SampleStart {
    /// The `kind` field.
    pub const KIND: &'static str = "samples";
    /// The `version` field: the one that is written, and the only one that is read.
    pub const VERSION: u64 = 2;

    /// Whether its buckets and intervals have a length that a run can have.
    pub fn is_plausible(&self) -> bool {
        (1..=super::check::MOST_BUCKET_S).contains(&self.bucket_s) && self.interval_s >= 0.0 && self.interval_s <= 1e9
    }
}

/// One line of a sample file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase", deny_unknown_fields)]
pub enum SampleLine {
    /// The first line.
    Start(SampleStart),
    /// The catalog, whole.
    Catalog(Catalog),
    /// The counters that changed since the last line of this kind; the first has all.
    Counters {
        /// When.
        instant: Instant,
        /// New and changed tables, by oid.
        changed: Vec<(u32, RowCounters)>,
        /// Tables that are gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<u32>,
    },
    /// WAL that was read.
    Wal {
        /// From here,
        from: Lsn,
        /// to here,
        to: Lsn,
        /// by the table's oid.
        tables: Vec<(u32, WalTally)>,
    },
    /// What a slot showed.
    Peek(Peek),
    /// Something that the workload should say.
    Note {
        /// What.
        note: String,
    },
}

impl SampleLine {
    /// What changed from one snapshot to the next.
    pub fn between(previous: Option<&CounterSnapshot>, current: &CounterSnapshot) -> Self {
        let empty = BTreeMap::new();
        let before = previous.map_or(&empty, |snapshot| &snapshot.tables);
        let changed = current.tables.iter().filter(|(oid, counters)| before.get(oid) != Some(counters));
        SampleLine::Counters {
            instant: current.instant.clone(),
            changed: changed.map(|(oid, counters)| (*oid, *counters)).collect(),
            dropped: before.keys().filter(|oid| !current.tables.contains_key(oid)).copied().collect(),
        }
    }
}

/// The snapshot that a line of counters stands for, given the one before it.
pub fn replay(
    previous: Option<CounterSnapshot>,
    instant: Instant,
    changed: Vec<(u32, RowCounters)>,
    dropped: &[u32],
) -> CounterSnapshot {
    let mut tables = previous.map(|snapshot| snapshot.tables).unwrap_or_default();
    tables.extend(changed);
    for oid in dropped {
        tables.remove(oid);
    }
    CounterSnapshot { instant, tables }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(tables: &[(u32, u64)]) -> CounterSnapshot {
        let time: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
        let instant =
            Instant { at: time, lsn: Lsn(5), timeline: 1, started: time, stats_reset: None, next_transaction: 7 };
        let counters = |inserted| RowCounters { inserted, ..RowCounters::default() };
        CounterSnapshot { instant, tables: tables.iter().map(|(oid, count)| (*oid, counters(*count))).collect() }
    }

    #[test]
    fn a_line_holds_only_what_changed_and_replays_to_the_whole() {
        let (first, second) = (snapshot(&[(1, 10), (2, 0), (3, 5)]), snapshot(&[(1, 10), (2, 4), (4, 0)]));
        let line = SampleLine::between(Some(&first), &second);
        let text = serde_json::to_string(&line).unwrap();
        assert!(text.contains(r#""changed":[[2,[4,0,0,0,0,0]],[4,[0,0,0,0,0,0]]],"dropped":[3]"#), "{text}");
        let SampleLine::Counters { instant, changed, dropped } = serde_json::from_str(&text).unwrap() else {
            panic!("another kind of line")
        };
        assert_eq!(replay(Some(first), instant, changed, &dropped), second);
    }
}
