//! Snapshots into rates: the only place that knows of counter resets, restarts, failovers and tables that come and go.
//!
//! Snapshots are pushed one by one and forgotten; what is kept is one sum of row changes per table and bucket in which it
//! was written. Bytes follow from the sums at the end (`summary`), by `record_model` as `learn` corrects it. An interval in
//! which counters cannot be trusted is left out, so that no rate is ever negative; a bucket of which nothing is left is null
//! and named in `gaps`.

mod packed;
mod summary;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use packed::Packed;
pub use summary::Outline;

use super::{
    Workload,
    record_model::RowCosts,
    snapshot::{Catalog, CounterSnapshot, RowCounters, SampleLine, SampleStart, replay},
    tally::{DecodeTally, Peek, WalTally},
};
use crate::{lsn::Lsn, names::TableName, units::Seconds};

/// A last bucket of which less was observed is dropped: a few seconds are no mean of an hour.
const SHORTEST_LAST_BUCKET: f64 = 0.1;
/// Intervals up to this many times the planned one may count as bursts.
const LONGEST_BURST_INTERVALS: f64 = 3.0;
/// Pairs of tables written together that are kept: the rarer ones bind nothing.
const MOST_PAIRS: usize = 20_000;
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
    /// Buckets that are over.
    done: Packed,
    /// The bucket that still grows.
    current: Option<(u32, Changes)>,
    /// The interval with the most WAL, and its length.
    burst: Option<(Changes, f32)>,
}

impl Observed {
    /// Buckets come in order.
    fn add(&mut self, bucket: usize, changes: &Changes, weight: f64) {
        let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
        if let Some((last, sum)) = &mut self.current {
            if *last == bucket {
                return sum.add(changes, weight);
            }
            self.done.push(*last, &sum.0);
        }
        let mut sum = Changes::default();
        sum.add(changes, weight);
        self.current = Some((bucket, sum));
    }

    /// The sums of the first `count` buckets.
    fn buckets(&self, count: usize) -> Vec<Changes> {
        let mut all = vec![Changes::default(); count];
        let current = self.current.map(|(bucket, changes)| (bucket, changes.0));
        for (bucket, sum) in self.done.iter().chain(current) {
            if let Some(changes) = all.get_mut(bucket as usize) {
                *changes = Changes(sum);
            }
        }
        all
    }

    fn all(&self) -> Changes {
        let mut sum = self.current.map_or(Changes::default(), |(_, changes)| changes);
        for (_, changes) in self.done.iter() {
            sum.add(&Changes(changes), 1.0);
        }
        sum
    }
}

/// Folds snapshots into a workload.
#[derive(Debug, Clone, Default)]
pub struct Deriver {
    start: Option<SampleStart>,
    catalog: Option<Catalog>,
    /// Tables of the last catalog by oid.
    names: Option<BTreeMap<u32, TableName>>,
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
    /// What was read of WAL, by table, and how much WAL that was.
    seen: BTreeMap<u32, WalTally>,
    seen_bytes: u64,
    /// What slots showed, by table, and over how many seconds.
    decoded: BTreeMap<u32, DecodeTally>,
    decoded_s: f64,
    pairs: BTreeMap<(u32, u32), u64>,
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
            SampleLine::Wal { from, to, tables } => self.push_wal(from, to, &tables),
            SampleLine::Peek(peek) => self.push_peek(&peek),
            SampleLine::Note { note } => self.note(note),
        }
    }

    /// Takes what was read of WAL between two positions.
    pub fn push_wal(&mut self, from: Lsn, to: Lsn, tables: &[(u32, WalTally)]) {
        self.seen_bytes += to.distance(from);
        for (oid, tally) in tables {
            self.seen.entry(*oid).or_default().add(tally);
        }
    }

    /// Takes what a slot showed.
    pub fn push_peek(&mut self, peek: &Peek) {
        self.decoded_s += peek.seconds;
        for (oid, tally) in &peek.tables {
            self.decoded.entry(*oid).or_default().add(tally);
        }
        for (a, b, count) in &peek.pairs {
            *self.pairs.entry((*a, *b)).or_default() += count;
        }
        if self.pairs.len() > 2 * MOST_PAIRS {
            let mut by_count: Vec<(u64, (u32, u32))> = self.pairs.iter().map(|(pair, count)| (*count, *pair)).collect();
            by_count.sort_unstable_by(|a, b| b.cmp(a));
            by_count.truncate(MOST_PAIRS);
            self.pairs = by_count.into_iter().map(|(count, pair)| (pair, count)).collect();
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
        let named: BTreeMap<u32, TableName> =
            catalog.tables.iter().map(|table| (table.oid, table.table.table_name())).collect();
        if let Some(before) = self.names.replace(named) {
            let after = self.names.iter().flatten();
            for (oid, name) in after {
                match before.get(oid) {
                    None => drop(self.created.insert(name.clone())),
                    Some(old) if old != name => self.notes.push(format!("table {old} was renamed to {name}")),
                    Some(_) => {}
                }
            }
            let is_there = |oid: &u32| self.names.iter().any(|names| names.contains_key(oid));
            self.dropped.extend(before.into_iter().filter(|(oid, _)| !is_there(oid)).map(|(_, name)| name));
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
            for (bucket, share) in spans {
                observed.add(*bucket, &changes, *share);
            }
            if let Some(costs) = self.costs.get(oid).filter(|_| may_be_burst) {
                let most = observed.burst.map_or(0.0, |(burst, _)| burst.wal_bytes(costs));
                if changes.wal_bytes(costs) > most {
                    observed.burst = Some((changes, seconds as f32));
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

    /// Keeps something that the workload should say, once.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The workload as observed so far.
    ///
    /// # Errors
    /// [`DeriveError`] when there is not enough to make one.
    pub fn workload(&self) -> Result<Workload, DeriveError> {
        let outline = self.outline()?;
        let tables = outline.tables().collect();
        Ok(Workload { tables, ..outline.frame })
    }

    /// Takes the catalog out, for it to be packed away while a newer one is read.
    pub fn take_catalog(&mut self) -> Option<Catalog> {
        self.catalog.take()
    }

    /// Puts back what [`Self::take_catalog`] took out.
    pub fn restore_catalog(&mut self, catalog: Catalog) {
        self.catalog = Some(catalog);
    }
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
