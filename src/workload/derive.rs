//! Snapshots into rates: the only place that knows of counter resets, restarts, failovers and tables that come and go.
//!
//! Snapshots are pushed one by one and forgotten; what is kept is one sum of row changes per table and bucket. Bytes
//! follow from the sums at the end, by `record_model`. An interval in which counters cannot be trusted is left out, so
//! that no rate is ever negative; a bucket of which nothing is left is null and named in `gaps`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Gap, Load, Method, Series, Table, TableKind, Workload,
    record_model::RowCosts,
    snapshot::{Catalog, CatalogTable, CounterSnapshot, RowCounters, SampleLine, SampleStart, WidthSource, replay},
};
use crate::{
    format,
    names::TableName,
    units::{Bytes, Seconds},
};

/// A last bucket of which less was observed is dropped: a few seconds are no mean of an hour.
const SHORTEST_LAST_BUCKET: f64 = 0.1;
/// Intervals up to this many times the planned one may count as bursts.
const LONGEST_BURST_INTERVALS: f64 = 3.0;
/// So many names are spelled out in one note.
const NAMES_IN_NOTE: usize = 5;

/// Why there is no workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// The first line was not the start, or there was none.
    #[error("there is no start line")]
    NoStart,
    /// No catalog was read.
    #[error("no catalog was read")]
    NoCatalog,
    /// No two snapshots that could be compared.
    #[error("nothing was observed: there are no two snapshots that can be compared")]
    NothingObserved,
    /// No table that could be published.
    #[error("database \"{0}\" has no table that could be replicated")]
    NoTable(String),
}

/// Row changes, as rates can be made of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Changes([f64; 6]);

impl Changes {
    /// From one snapshot to the next; `None` if a counter fell.
    fn between(before: RowCounters, after: RowCounters) -> Option<Self> {
        let (before, after): ([u64; 6], [u64; 6]) = (before.into(), after.into());
        let mut changes = [0.0; 6];
        for ((change, before), after) in changes.iter_mut().zip(before).zip(after) {
            *change = after.checked_sub(before)? as f64;
        }
        Some(Changes(changes))
    }

    fn is_none(&self) -> bool {
        self.0.iter().all(|change| *change == 0.0)
    }

    fn add(&mut self, other: &Changes, weight: f64) {
        for (sum, change) in self.0.iter_mut().zip(other.0) {
            *sum += change * weight;
        }
    }

    fn wal_bytes(&self, costs: &RowCosts) -> f64 {
        let [inserts, updates, hot, deletes, chunks, chunks_deleted] = self.0;
        inserts * costs.insert_wal
            + hot * costs.hot_update_wal
            + (updates - hot).max(0.0) * costs.update_wal
            + deletes * costs.delete_wal
            + chunks * costs.chunk_insert_wal
            + chunks_deleted * costs.chunk_delete_wal
    }

    fn logical_bytes(&self, costs: &RowCosts) -> f64 {
        let [inserts, updates, _, deletes, chunks, _] = self.0;
        inserts * costs.insert_logical
            + updates * costs.update_logical
            + deletes * costs.delete_logical
            + chunks * costs.chunk_logical
    }
}

/// What was seen of one table.
#[derive(Debug, Clone, Default)]
struct Observed {
    /// By bucket; shorter than the run where nothing happened since.
    buckets: Vec<Changes>,
    /// The interval with the most WAL, and its length.
    burst: Option<(Changes, f64)>,
}

/// Folds snapshots into a workload.
#[derive(Debug, Clone, Default)]
pub struct Deriver {
    start: Option<SampleStart>,
    catalog: Option<Catalog>,
    costs: BTreeMap<u32, RowCosts>,
    origin: Option<Timestamp>,
    previous: Option<CounterSnapshot>,
    tables: BTreeMap<u32, Observed>,
    /// Seconds of each bucket that count.
    observed_s: Vec<f64>,
    wal_bytes: Vec<f64>,
    transactions: Vec<f64>,
    /// Why buckets lack seconds.
    losses: BTreeMap<usize, String>,
    created: BTreeSet<TableName>,
    dropped: BTreeSet<TableName>,
    notes: Vec<String>,
}

impl Deriver {
    /// Nothing observed yet.
    pub fn new(start: SampleStart) -> Self {
        Deriver { start: Some(start), ..Deriver::default() }
    }

    /// Takes one line of a sample file, for folding it again.
    pub fn push_line(&mut self, line: SampleLine) {
        match line {
            SampleLine::Start(start) => self.start = Some(start),
            SampleLine::Catalog(catalog) => self.push_catalog(catalog),
            SampleLine::Counters { instant, changed, dropped } => {
                let snapshot = replay(self.previous.clone(), instant, changed, &dropped);
                self.push(snapshot);
            }
        }
    }

    /// How the run began.
    pub fn start(&self) -> Option<&SampleStart> {
        self.start.as_ref()
    }

    /// The last snapshot.
    pub fn previous(&self) -> Option<&CounterSnapshot> {
        self.previous.as_ref()
    }

    /// Seconds observed so far.
    pub fn observed_s(&self) -> f64 {
        self.observed_s.iter().sum()
    }

    /// WAL of the cluster so far; `None` before anything was observed.
    pub fn mean_wal_bytes_per_s(&self) -> Option<f64> {
        let seconds = self.observed_s();
        (seconds > 0.0).then(|| self.wal_bytes.iter().sum::<f64>() / seconds)
    }

    /// Takes a newer catalog; what changed since the last one is noted.
    pub fn push_catalog(&mut self, catalog: Catalog) {
        if let Some(before) = &self.catalog {
            let named = |catalog: &Catalog| -> BTreeMap<u32, TableName> {
                catalog.tables.iter().map(|table| (table.oid, table.table.table_name())).collect()
            };
            let (before, after) = (named(before), named(&catalog));
            for (oid, name) in &after {
                match before.get(oid) {
                    None => drop(self.created.insert(name.clone())),
                    Some(old) if old != name => self.notes.push(format!("table {old} was renamed to {name}")),
                    Some(_) => {}
                }
            }
            self.dropped
                .extend(before.iter().filter(|(oid, _)| !after.contains_key(oid)).map(|(_, name)| name.clone()));
        }
        self.costs = catalog.tables.iter().map(|table| (table.oid, RowCosts::of(table))).collect();
        self.catalog = Some(catalog);
    }

    /// Whether the counters hold a table that the catalog at hand does not: time to read it again.
    pub fn catalog_is_stale(&self, snapshot: &CounterSnapshot) -> bool {
        let Some(before) = &self.previous else { return false };
        snapshot.tables.len() != before.tables.len()
            || snapshot.tables.keys().any(|oid| !before.tables.contains_key(oid))
    }

    /// Takes the next snapshot. One that is not later than the last is ignored.
    pub fn push(&mut self, snapshot: CounterSnapshot) {
        let at = snapshot.instant.at;
        let Some(previous) = self.previous.take() else {
            self.origin = Some(at);
            self.previous = Some(snapshot);
            return;
        };
        let seconds = seconds_between(previous.instant.at, at);
        if seconds <= 0.0 {
            self.previous = Some(previous);
            return;
        }
        let spans = self.spans(previous.instant.at, at);
        if previous.instant.started != snapshot.instant.started {
            self.note(format!("the server was started again at {}", whole_second(snapshot.instant.started)));
        }
        match self.break_between(&previous, &snapshot, seconds) {
            Some(reason) => {
                for (bucket, _) in spans {
                    self.losses.entry(bucket).or_insert_with(|| reason.clone());
                }
                self.note(format!("{reason} before {}; the interval is left out", whole_second(at)));
            }
            None => self.add(&previous, &snapshot, seconds, &spans),
        }
        self.previous = Some(snapshot);
    }

    /// Why the difference of two snapshots means nothing, if so.
    fn break_between(&self, before: &CounterSnapshot, after: &CounterSnapshot, seconds: f64) -> Option<String> {
        let (then, now) = (&before.instant, &after.instant);
        let start = self.start.as_ref()?;
        let longest = f64::from(start.bucket_s).max(LONGEST_BURST_INTERVALS * start.interval_s);
        if then.timeline != now.timeline {
            return Some(format!("a failover (timeline {} to {})", then.timeline, now.timeline));
        }
        if now.lsn < then.lsn || now.next_transaction < then.next_transaction {
            return Some("the server went back in its history".to_owned());
        }
        let fell = || {
            after.tables.iter().any(|(oid, counters)| {
                before.tables.get(oid).is_some_and(|old| Changes::between(*old, *counters).is_none())
            })
        };
        if then.stats_reset != now.stats_reset || fell() {
            return Some("a reset of the statistics".to_owned());
        }
        (seconds > longest).then(|| format!("no snapshot for {}", Seconds(seconds)))
    }

    fn add(&mut self, before: &CounterSnapshot, after: &CounterSnapshot, seconds: f64, spans: &[(usize, f64)]) {
        let buckets = spans.last().map_or(0, |(bucket, _)| bucket + 1);
        for sums in [&mut self.observed_s, &mut self.wal_bytes, &mut self.transactions] {
            sums.resize(sums.len().max(buckets), 0.0);
        }
        let wal = after.instant.lsn.distance(before.instant.lsn) as f64;
        let transactions = (after.instant.next_transaction - before.instant.next_transaction) as f64;
        for (bucket, share) in spans {
            self.observed_s[*bucket] += seconds * share;
            self.wal_bytes[*bucket] += wal * share;
            self.transactions[*bucket] += transactions * share;
        }
        let start = self.start.as_ref().map_or(f64::INFINITY, |start| start.interval_s);
        let may_be_burst = seconds <= LONGEST_BURST_INTERVALS * start;
        for (oid, counters) in &after.tables {
            // A table that was not there has counted from zero since it was made.
            let old = before.tables.get(oid).copied().unwrap_or_default();
            let Some(changes) = Changes::between(old, *counters).filter(|changes| !changes.is_none()) else { continue };
            let observed = self.tables.entry(*oid).or_default();
            observed.buckets.resize(observed.buckets.len().max(buckets), Changes::default());
            for (bucket, share) in spans {
                observed.buckets[*bucket].add(&changes, *share);
            }
            if let Some(costs) = self.costs.get(oid).filter(|_| may_be_burst) {
                let most = observed.burst.map_or(0.0, |(burst, _)| burst.wal_bytes(costs));
                if changes.wal_bytes(costs) > most {
                    observed.burst = Some((changes, seconds));
                }
            }
        }
    }

    /// The buckets that an interval touches, each with its share of the interval.
    fn spans(&self, from: Timestamp, to: Timestamp) -> Vec<(usize, f64)> {
        let (Some(origin), Some(start)) = (self.origin, &self.start) else { return Vec::new() };
        let length = f64::from(start.bucket_s);
        let (from, to) = (seconds_between(origin, from).max(0.0), seconds_between(origin, to));
        let (first, last) = ((from / length) as usize, (to / length) as usize);
        (first..=last)
            .map(|bucket| {
                let begin = bucket as f64 * length;
                (bucket, (to.min(begin + length) - from.max(begin)).max(0.0) / (to - from))
            })
            .filter(|(_, share)| *share > 0.0)
            .collect()
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The workload as observed so far.
    ///
    /// # Errors
    /// [`DeriveError`] when there is not enough to make one.
    pub fn workload(&self) -> Result<Workload, DeriveError> {
        let start = self.start.as_ref().ok_or(DeriveError::NoStart)?;
        let catalog = self.catalog.as_ref().ok_or(DeriveError::NoCatalog)?;
        if catalog.tables.is_empty() {
            return Err(DeriveError::NoTable(start.database.clone()));
        }
        let origin = self.origin.filter(|_| self.observed_s() > 0.0).ok_or(DeriveError::NothingObserved)?;
        let count = self.bucket_count(f64::from(start.bucket_s));
        let mut workload = Workload {
            kind: "workload".to_owned(),
            version: format::FORMAT_VERSION,
            tool: format::TOOL.to_owned(),
            server: start.server.clone(),
            database: start.database.clone(),
            method: Method::Counters,
            start: whole_second(origin),
            bucket_s: start.bucket_s,
            bucket_count: u32::try_from(count).unwrap_or(u32::MAX),
            cluster_wal_bytes_per_s: self.series(count, |bucket| self.wal_bytes.get(bucket).copied().unwrap_or(0.0)),
            cluster_transactions_per_s: self
                .series(count, |bucket| self.transactions.get(bucket).copied().unwrap_or(0.0)),
            tables: catalog.tables.iter().map(|table| self.table(table, count)).collect(),
            foreign_keys: catalog.foreign_keys.clone(),
            co_writes: Vec::new(),
            excluded: catalog.excluded.clone(),
            gaps: self.gaps(count),
            notes: self.all_notes(catalog),
        };
        workload.canonicalize();
        Ok(workload)
    }

    /// Buckets that are worth keeping.
    fn bucket_count(&self, bucket_s: f64) -> usize {
        let mut count = self.observed_s.len();
        while count > 1 && self.observed_s[count - 1] < SHORTEST_LAST_BUCKET * bucket_s {
            count -= 1;
        }
        count.max(1)
    }

    /// A rate per bucket from a sum per bucket; null where nothing was observed.
    fn series(&self, count: usize, sum: impl Fn(usize) -> f64) -> Series {
        let rate = |bucket: usize| match self.observed_s.get(bucket) {
            Some(seconds) if *seconds > 0.0 => rounded(sum(bucket) / seconds),
            _ => f64::NAN,
        };
        Series::Buckets((0..count).map(rate).collect()).compact()
    }

    fn table(&self, table: &CatalogTable, count: usize) -> Table {
        let mut result = table.table.clone();
        if result.kind == TableKind::Partitioned {
            return result;
        }
        let none = Observed::default();
        let observed = self.tables.get(&table.oid).unwrap_or(&none);
        let costs = RowCosts::of(table);
        let changes = |bucket: usize| observed.buckets.get(bucket).copied().unwrap_or_default();
        let field = |index: usize| self.series(count, |bucket| changes(bucket).0[index]);
        result.load = Load {
            inserts_per_s: field(0),
            updates_per_s: field(1),
            hot_updates_per_s: field(2),
            deletes_per_s: field(3),
            toast_chunks_per_s: field(4),
            wal_bytes_per_s: self.series(count, |bucket| changes(bucket).wal_bytes(&costs)),
            logical_bytes_per_s: self.series(count, |bucket| changes(bucket).logical_bytes(&costs)),
            transactions_per_s: None,
            burst_wal_bytes: observed.burst.map(|(burst, _)| rounded(burst.wal_bytes(&costs))),
            burst_s: observed.burst.map(|(_, seconds)| rounded(seconds)),
        };
        result
    }

    /// Stretches of buckets of which nothing was observed.
    fn gaps(&self, count: usize) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        for bucket in 0..count {
            if self.observed_s.get(bucket).is_some_and(|seconds| *seconds > 0.0) {
                continue;
            }
            let reason = self.losses.get(&bucket).cloned().unwrap_or_else(|| "not observed".to_owned());
            let at = u32::try_from(bucket).unwrap_or(u32::MAX);
            match gaps.last_mut().filter(|gap| gap.to_bucket + 1 == at && gap.reason == reason) {
                Some(gap) => gap.to_bucket = at,
                None => gaps.push(Gap { from_bucket: at, to_bucket: at, reason }),
            }
        }
        gaps
    }

    fn all_notes(&self, catalog: &Catalog) -> Vec<String> {
        let mut notes = catalog.notes.clone();
        notes.extend(self.notes.iter().cloned());
        notes.extend(note_of_names(&self.created, "created while sampling; their load before that is zero"));
        notes.extend(note_of_names(&self.dropped, "dropped while sampling; their load is left out"));
        let guessed: BTreeSet<TableName> = catalog
            .tables
            .iter()
            .filter(|table| table.width_source != WidthSource::Statistics && self.tables.contains_key(&table.oid))
            .map(|table| table.table.table_name())
            .collect();
        notes.extend(note_of_names(
            &guessed,
            "written, but their row width is guessed from column types; ANALYZE them and grant SELECT on them (or \
             pg_read_all_data) to halve the error of their WAL rate",
        ));
        notes.extend(self.note_of_share(catalog));
        if catalog.sequence_count > 0 {
            notes.push(format!("{} sequences: their values are not replicated", catalog.sequence_count));
        }
        if catalog.large_object_count > 0 {
            notes.push(format!("{} large objects: they are not replicated", catalog.large_object_count));
        }
        notes
    }

    /// How much of the cluster's WAL the tables explain.
    fn note_of_share(&self, catalog: &Catalog) -> Option<String> {
        let modelled: f64 = catalog
            .tables
            .iter()
            .filter_map(|table| {
                let costs = RowCosts::of(table);
                let observed = self.tables.get(&table.oid)?;
                Some(observed.buckets.iter().map(|changes| changes.wal_bytes(&costs)).sum::<f64>())
            })
            .sum();
        let all: f64 = self.wal_bytes.iter().sum();
        (all > 0.0).then(|| {
            format!(
                "{} of {} WAL is attributed to tables; the rest is full-page images, commits, catalogs and what is excluded",
                Bytes(modelled.min(all) + 0.0), // an empty sum is -0.0
                Bytes(all)
            )
        })
    }
}

fn note_of_names(names: &BTreeSet<TableName>, what: &str) -> Option<String> {
    let shown: Vec<String> = names.iter().take(NAMES_IN_NOTE).map(TableName::to_string).collect();
    let more = if names.len() > NAMES_IN_NOTE { ", …" } else { "" };
    (!names.is_empty()).then(|| format!("tables {what}: {}{more} ({})", shown.join(", "), names.len()))
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Seven significant digits: more than any counter carries, and short in the file.
fn rounded(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

#[cfg(test)]
#[path = "derive_tests.rs"]
mod tests;
