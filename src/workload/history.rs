//! Row counts of weeks, joined with one reading of the catalog, into a workload.
//!
//! What history lacks is taken from the live reading: TOAST chunks by each table's ratio of chunks to rows since its
//! statistics began, rows of a partition root (some collectors know no leaves) by its leaves' activity. Bytes follow from
//! `record_model`, as for `counters`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Gap, Load, Method, Series, TableKind, Workload,
    record_model::RowCosts,
    snapshot::{Catalog, CatalogTable, CounterSnapshot, RowCounters},
};
use crate::{
    format::{self, Document},
    names::TableName,
    server::ServerFacts,
};

/// A bucket with a smaller share of the usual number of readings is a gap.
const LEAST_READINGS: f64 = 0.5;

/// Row changes by table and bucket, as a monitoring server has them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowHistory {
    /// Whose series they are.
    pub exporter: String,
    /// Rows inserted, updated, HOT-updated and deleted in each bucket.
    pub rows: BTreeMap<TableName, [Vec<f64>; 4]>,
    /// Readings of the counters in each bucket; 0 where there was none.
    pub readings: Vec<f64>,
    /// WAL of the cluster in each bucket, bytes; `None` where nobody recorded it.
    pub wal_bytes: Option<Vec<f64>>,
    /// Committed transactions in each bucket, reading ones included; `None` where nobody recorded them.
    pub commits: Option<Vec<f64>>,
}

/// The live side of the join.
#[derive(Debug, Clone)]
pub struct LiveReading {
    /// The server.
    pub server: ServerFacts,
    /// The database.
    pub database: String,
    /// Its catalog.
    pub catalog: Catalog,
    /// Its counters.
    pub counters: CounterSnapshot,
}

/// Why there is no workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Every bucket has too few readings.
    #[error("no bucket has enough readings: the counters were read less than twice in each")]
    NothingObserved,
    /// Series and catalog share no table.
    #[error("none of the {0} tables that have history exists in the database")]
    OtherDatabase(usize),
    /// No table that could be published.
    #[error("database \"{0}\" has no table that could be replicated")]
    NoTable(String),
}

/// Makes the workload. `start` is that of the first bucket of `history`; buckets without readings at both ends are cut off.
///
/// # Errors
/// [`HistoryError`] when nothing can be joined.
pub fn to_workload(
    live: &LiveReading,
    history: &RowHistory,
    start: jiff::Timestamp,
    bucket_s: u32,
) -> Result<Workload, HistoryError> {
    if live.catalog.tables.is_empty() {
        return Err(HistoryError::NoTable(live.database.clone()));
    }
    let coverage = Coverage::new(&history.readings).ok_or(HistoryError::NothingObserved)?;
    let known: Vec<CatalogTable> = live.catalog.tables.iter().collect();
    let joined = Joined::new(live, &known, history);
    if joined.rows.is_empty() && !history.rows.is_empty() {
        return Err(HistoryError::OtherDatabase(history.rows.len()));
    }
    let seconds = f64::from(bucket_s);
    let start = start + jiff::SignedDuration::from_secs((coverage.first as i64).saturating_mul(i64::from(bucket_s)));
    let rate = |values: &dyn Fn(usize) -> f64| coverage.series(seconds, values);
    let mut modelled = vec![0.0; history.readings.len()];
    let mut changed = vec![0.0; history.readings.len()];
    let mut tables = Vec::with_capacity(known.len());
    for table in &known {
        let mut result = table.table.clone();
        if result.kind != TableKind::Partitioned {
            let rows = joined.rows.get(&table.oid);
            let at = |field: usize, bucket: usize| rows.map_or(0.0, |rows| rows[field][bucket]);
            let costs = RowCosts::of(table);
            let chunks = chunks_per_row(live.counters.tables.get(&table.oid).copied().unwrap_or_default());
            let hot = |bucket: usize| at(2, bucket).min(at(1, bucket));
            let chunk_count = |bucket: usize| chunks * (at(0, bucket) + at(1, bucket));
            let wal = |bucket: usize| {
                at(0, bucket) * costs.insert_wal
                    + hot(bucket) * costs.hot_update_wal
                    + (at(1, bucket) - hot(bucket)) * costs.update_wal
                    + at(3, bucket) * costs.delete_wal
                    + chunk_count(bucket) * costs.chunk_insert_wal
            };
            let logical = |bucket: usize| {
                at(0, bucket) * costs.insert_logical
                    + at(1, bucket) * costs.update_logical
                    + at(3, bucket) * costs.delete_logical
                    + chunk_count(bucket) * costs.chunk_logical
            };
            for bucket in 0..modelled.len() {
                modelled[bucket] += wal(bucket);
                changed[bucket] += at(0, bucket) + at(1, bucket) + at(3, bucket);
            }
            result.load = Load {
                inserts_per_s: rate(&|bucket| at(0, bucket)),
                updates_per_s: rate(&|bucket| at(1, bucket)),
                hot_updates_per_s: rate(&hot),
                deletes_per_s: rate(&|bucket| at(3, bucket)),
                toast_chunks_per_s: rate(&chunk_count),
                wal_bytes_per_s: rate(&wal),
                logical_bytes_per_s: rate(&logical),
                ..Load::default()
            };
        }
        tables.push(result);
    }
    // The cluster writes at least what its tables do; commits that changed no row have no place in WAL.
    let cluster_wal =
        |bucket: usize| history.wal_bytes.as_ref().map_or(0.0, |bytes| bytes[bucket]).max(modelled[bucket]);
    let transactions = |bucket: usize| {
        history.commits.as_ref().map_or(changed[bucket], |commits| commits[bucket].min(changed[bucket]))
    };
    let mut workload = Workload {
        kind: "workload".to_owned(),
        version: Workload::VERSION,
        tool: format::TOOL.to_owned(),
        server: live.server.clone(),
        database: live.database.clone(),
        method: Method::Prometheus,
        start,
        bucket_s,
        bucket_count: u32::try_from(coverage.count).unwrap_or(u32::MAX),
        cluster_wal_bytes_per_s: rate(&cluster_wal),
        cluster_transactions_per_s: rate(&transactions),
        tables,
        foreign_keys: live.catalog.foreign_keys.iter().collect(),
        co_writes: Vec::new(),
        excluded: live.catalog.excluded.clone(),
        gaps: coverage.gaps(),
        validity: None, // a bucket is covered or a gap
        notes: notes(live, history, &joined, &coverage),
    };
    workload.canonicalize();
    Ok(workload)
}

/// TOAST chunks for each row inserted or updated, over all that the statistics have counted.
fn chunks_per_row(counters: RowCounters) -> f64 {
    let rows = counters.inserted.saturating_add(counters.updated);
    if rows == 0 { 0.0 } else { counters.chunks_inserted as f64 / rows as f64 }
}

/// History by the oid of its table.
struct Joined {
    rows: BTreeMap<u32, [Vec<f64>; 4]>,
    /// Tables of the history that the catalog does not have.
    gone: BTreeSet<TableName>,
    /// Partition roots whose rows were shared out.
    shared_out: BTreeSet<TableName>,
}

impl Joined {
    fn new(live: &LiveReading, known: &[CatalogTable], history: &RowHistory) -> Self {
        let by_name: BTreeMap<TableName, &CatalogTable> =
            known.iter().map(|table| (table.table.table_name(), table)).collect();
        let excluded: BTreeSet<TableName> = live
            .catalog
            .excluded
            .iter()
            .map(|excluded| TableName::new(excluded.schema.clone(), excluded.name.clone()))
            .collect();
        let mut joined = Joined { rows: BTreeMap::new(), gone: BTreeSet::new(), shared_out: BTreeSet::new() };
        for (name, rows) in &history.rows {
            match by_name.get(name) {
                None if excluded.contains(name) => {}
                None => drop(joined.gone.insert(name.clone())),
                Some(table) if table.table.kind == TableKind::Partitioned => {
                    let leaves: Vec<&CatalogTable> =
                        known.iter().filter(|leaf| leaf.table.partition_root.as_ref() == Some(name)).collect();
                    joined.share_out(live, &leaves, history, name, rows);
                }
                Some(table) => drop(joined.rows.insert(table.oid, rows.clone())),
            }
        }
        joined
    }

    /// A root's rows go to its leaves, unless these have a history of their own.
    fn share_out(
        &mut self,
        live: &LiveReading,
        leaves: &[&CatalogTable],
        history: &RowHistory,
        root: &TableName,
        rows: &[Vec<f64>; 4],
    ) {
        if leaves.is_empty() || leaves.iter().any(|leaf| history.rows.contains_key(&leaf.table.table_name())) {
            return;
        }
        let activity = |leaf: &CatalogTable| {
            let counters = live.counters.tables.get(&leaf.oid).copied().unwrap_or_default();
            counters.inserted.saturating_add(counters.updated).saturating_add(counters.deleted) as f64
        };
        let all: f64 = leaves.iter().map(|leaf| activity(leaf)).sum();
        for leaf in leaves {
            let share = if all > 0.0 { activity(leaf) / all } else { 1.0 / leaves.len() as f64 };
            self.rows.insert(leaf.oid, rows.clone().map(|field| field.iter().map(|value| value * share).collect()));
        }
        self.shared_out.insert(root.clone());
    }
}

/// Which buckets were observed, and how much of each.
struct Coverage {
    first: usize,
    count: usize,
    /// Share of each bucket, from `first` on; `None` for a gap.
    shares: Vec<Option<f64>>,
    /// Readings of a whole bucket.
    usual: f64,
}

impl Coverage {
    /// `None` when no bucket has two readings.
    fn new(readings: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = readings.iter().copied().filter(|count| *count >= 2.0).collect();
        sorted.sort_by(f64::total_cmp);
        let usual = *sorted.get(sorted.len().checked_sub(1)? * 3 / 4)?;
        let share = |count: &f64| {
            let share = (count / usual).min(1.0);
            (*count >= 2.0 && share >= LEAST_READINGS).then_some(share)
        };
        let shares: Vec<Option<f64>> = readings.iter().map(share).collect();
        let first = shares.iter().position(Option::is_some)?;
        let last = shares.iter().rposition(Option::is_some)?;
        Some(Coverage { first, count: last - first + 1, shares: shares[first..=last].to_vec(), usual })
    }

    /// Rates from sums by bucket of the history.
    fn series(&self, seconds: f64, sum: &dyn Fn(usize) -> f64) -> Series {
        let rate = |(position, share): (usize, &Option<f64>)| match share {
            Some(share) => rounded(sum(self.first + position) / (seconds * share)),
            None => f64::NAN,
        };
        Series::Buckets(self.shares.iter().enumerate().map(rate).collect()).compact()
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        for (position, _) in self.shares.iter().enumerate().filter(|(_, share)| share.is_none()) {
            let at = u32::try_from(position).unwrap_or(u32::MAX);
            match gaps.last_mut().filter(|gap| gap.to_bucket + 1 == at) {
                Some(gap) => gap.to_bucket = at,
                None => gaps.push(Gap { from_bucket: at, to_bucket: at, reason: "too few readings".to_owned() }),
            }
        }
        gaps
    }
}

fn notes(live: &LiveReading, history: &RowHistory, joined: &Joined, coverage: &Coverage) -> Vec<String> {
    let mut notes = live.catalog.notes.clone();
    notes.push(format!(
        "rows per second are those of {} in Prometheus, about {:.0} readings a bucket: increase() is off by up to {:.1} % of a \
         bucket",
        history.exporter,
        coverage.usual,
        100.0 / coverage.usual
    ));
    notes.push(
        "bytes are rows times the record model of WAL: where TOAST was counted, 5 to 8 % of the WAL is booked on the wrong \
         table; here TOAST follows each table's mean since its statistics were reset, which adds to that, and up to 12 % was \
         measured without TOAST. Bursts within a bucket are not seen"
            .to_owned(),
    );
    match history.wal_bytes {
        Some(_) => {}
        None => notes.push(
            "nobody recorded the WAL of the cluster: it is taken as that of the tables, without full-page images and \
             overhead; retained WAL is underestimated"
                .to_owned(),
        ),
    }
    let named = |names: &BTreeSet<TableName>, what: &str| {
        let shown: Vec<String> = names.iter().take(5).map(TableName::to_string).collect();
        let more = if names.len() > 5 { ", …" } else { "" };
        (!names.is_empty()).then(|| format!("{what}: {}{more} ({})", shown.join(", "), names.len()))
    };
    notes.extend(named(&joined.gone, "tables with history that do not exist any more; their load is left out"));
    notes.extend(named(
        &joined.shared_out,
        "partitioned tables of which only the sum is recorded; it is shared out by the partitions' activity so far",
    ));
    let silent: BTreeSet<TableName> = live
        .catalog
        .tables
        .iter()
        .filter(|table| table.table.kind != TableKind::Partitioned && !joined.rows.contains_key(&table.oid))
        .map(|table| table.table.table_name())
        .collect();
    notes.extend(named(&silent, "tables without a change in the history; their load is zero"));
    if live.catalog.sequence_count > 0 {
        notes.push(format!("{} sequences: their values are not replicated", live.catalog.sequence_count));
    }
    if live.catalog.large_object_count > 0 {
        notes.push(format!("{} large objects: they are not replicated", live.catalog.large_object_count));
    }
    notes
}

/// Seven significant digits, as for counters.
fn rounded(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::super::{
        packed::Packed,
        snapshot::{Instant, WidthSource},
        tests::table,
    };
    use super::*;
    use crate::lsn::Lsn;

    const START: &str = "2026-01-05T00:00:00Z";

    fn live(tables: Vec<CatalogTable>) -> LiveReading {
        let at: jiff::Timestamp = START.parse().unwrap();
        let instant = Instant { at, lsn: Lsn(0), timeline: 1, started: at, stats_reset: None, next_transaction: 0 };
        let counters = RowCounters { inserted: 100, chunks_inserted: 250, ..RowCounters::default() };
        let counters = tables.iter().map(|table| (table.oid, counters)).collect();
        LiveReading {
            server: ServerFacts::of_major(15),
            database: "shop".into(),
            catalog: Catalog {
                at,
                tables: tables.into_iter().collect(),
                foreign_keys: Packed::default(),
                excluded: Vec::new(),
                sequence_count: 0,
                large_object_count: 0,
                notes: Vec::new(),
            },
            counters: CounterSnapshot { instant, tables: counters },
        }
    }

    fn catalog_table(oid: u32, name: &str) -> CatalogTable {
        CatalogTable {
            oid,
            table: table(name, 0.0),
            indexes: Vec::new(),
            identity_width_bytes: 8.0,
            padding_bytes: 0.0,
            toast_ratio: None,
            toast_fill: None,
            text_width_bytes: None,
            width_source: WidthSource::Statistics,
        }
    }

    fn history(rows: &[(&str, [f64; 4])], readings: &[f64]) -> RowHistory {
        let series = |values: [f64; 4]| values.map(|value| vec![value; readings.len()]);
        RowHistory {
            exporter: "postgres_exporter".into(),
            rows: rows.iter().map(|(name, values)| (TableName::new("public", *name), series(*values))).collect(),
            readings: readings.to_vec(),
            wal_bytes: None,
            commits: Some(vec![1e9; readings.len()]),
        }
    }

    fn made(live: &LiveReading, history: &RowHistory) -> Workload {
        to_workload(live, history, START.parse().unwrap(), 100).unwrap()
    }

    #[test]
    fn rates_by_hand() {
        // 1000 inserts and 500 updates in 100 s; 2.5 chunks a row; at the ends nothing was read, in the middle too little.
        let live = live(vec![catalog_table(1, "a"), catalog_table(2, "idle")]);
        let workload = made(&live, &history(&[("a", [1000.0, 500.0, 600.0, 0.0])], &[0.0, 10.0, 3.0, 5.0, 10.0, 0.0]));
        assert_eq!(workload.start.to_string(), "2026-01-05T00:01:40Z");
        assert_eq!(workload.bucket_count, 4);
        let a = &workload.tables[0].load;
        assert_eq!(a.inserts_per_s.at(0), Some(10.0));
        assert_eq!(a.inserts_per_s.at(2), Some(20.0)); // half of the bucket was read
        assert_eq!(a.inserts_per_s.at(1), None);
        assert_eq!(a.hot_updates_per_s.at(0), Some(5.0)); // never more than updates
        assert_eq!(a.toast_chunks_per_s.at(0), Some(37.5));
        assert_eq!((workload.gaps[0].from_bucket, workload.gaps[0].to_bucket), (1, 1));
        assert_eq!(workload.tables[1].load.inserts_per_s.at(0), Some(0.0));
        // commits that read are not transactions of the WAL: 1500 rows in 100 s
        assert_eq!(workload.cluster_transactions_per_s.at(0), Some(15.0));
        assert_eq!(workload.cluster_wal_bytes_per_s.at(0), a.wal_bytes_per_s.at(0));
        crate::workload::check::validate(&workload).unwrap();
    }

    #[test]
    fn roots_are_shared_out_only_where_leaves_have_no_series() {
        let root = TableName::new("public", "events");
        let leaf = |oid, name: &str| {
            let mut leaf = catalog_table(oid, name);
            leaf.table.kind = TableKind::Partition;
            leaf.table.partition_root = Some(root.clone());
            leaf
        };
        let mut events = catalog_table(1, "events");
        events.table.kind = TableKind::Partitioned;
        let live = live(vec![events, leaf(2, "events_1"), leaf(3, "events_2")]);
        let inserts = |workload: &Workload, at: usize| workload.tables[at].load.inserts_per_s.at(0);
        let workload = made(&live, &history(&[("events", [1000.0, 0.0, 0.0, 0.0])], &[10.0]));
        assert_eq!((inserts(&workload, 1), inserts(&workload, 2)), (Some(5.0), Some(5.0)));
        assert!(workload.notes.iter().any(|note| note.contains("shared out")));
        let both = [("events", [1000.0, 0.0, 0.0, 0.0]), ("events_1", [1000.0, 0.0, 0.0, 0.0])];
        let workload = made(&live, &history(&both, &[10.0]));
        assert_eq!((inserts(&workload, 1), inserts(&workload, 2)), (Some(10.0), Some(0.0)));
    }

    #[test]
    fn what_cannot_be_joined_is_an_error() {
        let live = live(vec![catalog_table(1, "a")]);
        let start = START.parse().unwrap();
        let other = history(&[("x", [1.0; 4]), ("y", [1.0; 4])], &[10.0]);
        assert_eq!(to_workload(&live, &other, start, 100), Err(HistoryError::OtherDatabase(2)));
        let unread = history(&[("a", [1.0; 4])], &[1.0, 0.0]);
        assert_eq!(to_workload(&live, &unread, start, 100), Err(HistoryError::NothingObserved));
    }
}
