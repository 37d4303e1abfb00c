//! Snapshots into rates: the only place that knows of counter resets, restarts, failovers and tables that come and go.
//!
//! Snapshots are pushed one by one and forgotten; what is kept is one sum of row changes per table and bucket in which it
//! was written. Bytes follow from the sums at the end (`summary`), by `record_model` as `learn` corrects it. An interval in
//! which counters cannot be trusted is left out, so that no rate is ever negative; a bucket of which nothing is left is null
//! and named in `gaps`.

mod done;
mod summary;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use done::DoneBuckets;
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
/// A peek and an interval between two snapshots that have so much WAL in common are the same stretch.
const COVERED: f64 = 0.9;
/// Pairs of tables written together that are kept: the rarer ones bind nothing.
const MOST_PAIRS: usize = 20_000;
/// A pause of the sampling is a gap; a longer one, in seconds and in buckets, is taken for a clock that was set, and left out.
const LONGEST_GAP: (f64, f64) = (92.0 * DAY_S, 10_000.0);
/// A clock that was set is followed by whole days, so that the time of day stays what it is.
const DAY_S: f64 = 86_400.0;
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

    /// Rows inserted, updated and deleted.
    fn rows(&self) -> f64 {
        self.0[0] + self.0[1] + self.0[3]
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

/// WAL by the model of one of each of the [`Changes`], bytes: enough to tell which interval had most, in a quarter of the
/// room that all costs take.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Weights([f32; 6]);

impl Weights {
    fn of(costs: &RowCosts) -> Self {
        let one_of = |field: usize| {
            let mut one = Changes::default();
            one.0[field] = 1.0;
            one.wal_bytes(costs) as f32
        };
        // A HOT update is among the updates too.
        let hot = costs.hot_update_wal - costs.update_wal;
        Weights([one_of(0), one_of(1), hot as f32, one_of(3), one_of(4), one_of(5)])
    }

    fn weigh(&self, changes: &Changes) -> f64 {
        self.0.iter().zip(changes.0).map(|(weight, count)| f64::from(*weight) * count).sum()
    }
}

/// The interval in which a table had most WAL.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Burst {
    changes: [f32; 6],
    seconds: f32,
}

impl Burst {
    fn changes(&self) -> Changes {
        Changes(self.changes.map(f64::from))
    }
}

/// Row changes from one snapshot to the next, and the WAL between them.
#[derive(Debug, Clone)]
struct Interval {
    from: Lsn,
    to: Lsn,
    rows: Vec<(u32, f64)>,
}

/// Row changes of one table in intervals that a slot showed from end to end: as counted, and as committed.
#[derive(Debug, Clone, Copy, Default)]
struct Compared {
    counted: f64,
    committed: f64,
}

/// Folds snapshots into a workload.
#[derive(Debug, Clone, Default)]
pub struct Deriver {
    start: Option<SampleStart>,
    catalog: Option<Catalog>,
    /// What row changes of each table cost by the model, by oid: for finding bursts.
    weights: Vec<(u32, Weights)>,
    origin: Option<Timestamp>,
    /// Whole days by which the server's clock is ahead of the buckets, since it was set while we looked.
    ahead_s: f64,
    previous: Option<CounterSnapshot>,
    /// Sums of the tables that were written, by oid: of buckets that are over, and of the one that still grows.
    done: DoneBuckets,
    current: (u32, BTreeMap<u32, Changes>),
    bursts: BTreeMap<u32, Burst>,
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
    /// The last interval, and what slots showed of such intervals against what counters did.
    interval: Option<Interval>,
    compared: BTreeMap<u32, Compared>,
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
        self.seen_bytes = self.seen_bytes.saturating_add(to.distance(from));
        for (oid, tally) in tables {
            self.seen.entry(*oid).or_default().add(tally);
        }
    }

    /// Takes what a slot showed.
    pub fn push_peek(&mut self, peek: &Peek) {
        self.decoded_s += peek.seconds;
        self.compare(peek);
        for (oid, tally) in &peek.tables {
            self.decoded.entry(*oid).or_default().add(tally);
        }
        for (a, b, count) in &peek.pairs {
            let known = self.pairs.entry((*a, *b)).or_default();
            *known = known.saturating_add(*count);
        }
        if self.pairs.len() > 2 * MOST_PAIRS {
            let mut by_count: Vec<(u64, (u32, u32))> = self.pairs.iter().map(|(pair, count)| (*count, *pair)).collect();
            by_count.sort_unstable_by(|a, b| b.cmp(a));
            by_count.truncate(MOST_PAIRS);
            self.pairs = by_count.into_iter().map(|(count, pair)| (pair, count)).collect();
        }
    }

    /// Counts for themselves the changes of an interval that a peek covers. Others may hold what the peek does not: slots
    /// are given up when much is written.
    fn compare(&mut self, peek: &Peek) {
        let Some(interval) = self.interval.take() else { return };
        let length = interval.to.distance(interval.from) as f64;
        let common = interval.to.min(peek.to).distance(interval.from.max(peek.from)) as f64;
        if common < COVERED * length || common < COVERED * peek.to.distance(peek.from) as f64 {
            return;
        }
        for (oid, rows) in &interval.rows {
            self.compared.entry(*oid).or_default().counted += rows;
        }
        for (oid, tally) in &peek.tables {
            self.compared.entry(*oid).or_default().committed += tally.all_rows() as f64;
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
            let mut before: BTreeMap<u32, TableName> =
                before.tables.iter().map(|table| (table.oid, table.table.table_name())).collect();
            for table in catalog.tables.iter() {
                let name = table.table.table_name();
                match before.remove(&table.oid) {
                    None => drop(self.created.insert(name)),
                    Some(old) if old != name => self.notes.push(format!("table {old} was renamed to {name}")),
                    Some(_) => {}
                }
            }
            self.dropped.extend(before.into_values());
        }
        self.weights = catalog.tables.iter().map(|table| (table.oid, Weights::of(&RowCosts::of(&table)))).collect();
        self.weights.sort_unstable_by_key(|(oid, _)| *oid);
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
        let mut seconds = seconds_between(previous.instant.at, at);
        let longest = self
            .start
            .as_ref()
            .map_or(LONGEST_GAP.0, |start| (LONGEST_GAP.1 * f64::from(start.bucket_s)).min(LONGEST_GAP.0));
        // Back by less than a pause may be: time comes there again, and such snapshots are ignored until then.
        let was_set = seconds > longest || seconds < -self.longest_interval();
        if seconds <= 0.0 && !was_set {
            self.previous = Some(previous);
            return;
        }
        self.interval = None;
        if was_set {
            self.note(format!(
                "the server's clock went from {} to {}; the time between is left out",
                whole_second(previous.instant.at),
                whole_second(at)
            ));
            let days = (seconds / DAY_S).floor() * DAY_S;
            self.ahead_s += days;
            seconds -= days;
            if seconds <= 0.0 {
                self.previous = Some(snapshot);
                return;
            }
        }
        let to = self.since_origin(at);
        if to / self.bucket_length() >= f64::from(super::check::MOST_BUCKETS) {
            self.note(format!("what was seen after {} does not fit into one file", whole_second(previous.instant.at)));
            self.previous = Some(previous);
            return;
        }
        let from = if was_set { to - seconds } else { self.since_origin(previous.instant.at) };
        let spans = self.spans(from, to);
        if previous.instant.started != snapshot.instant.started {
            self.note(format!("the server was started again at {}", whole_second(snapshot.instant.started)));
        }
        let reason = was_set.then(|| "the server's clock was set".to_owned());
        match reason.or_else(|| self.break_between(&previous, &snapshot, seconds)) {
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
        let longest = self.longest_interval();
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
        // a database that nobody used before has no statistics yet, and those that it gets are new, not reset
        let begun = then.stats_reset.is_none() && start.server.version_num.dates_new_statistics();
        if then.stats_reset != now.stats_reset && !begun || fell() {
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
        let changed = || {
            after.tables.iter().filter_map(|(oid, counters)| {
                // A table that was not there has counted from zero since it was made.
                let old = before.tables.get(oid).copied().unwrap_or_default();
                let changes = Changes::between(old, *counters)?;
                (!changes.is_none()).then_some((*oid, changes))
            })
        };
        let rows = changed().map(|(oid, changes)| (oid, changes.rows())).collect();
        self.interval = Some(Interval { from: before.instant.lsn, to: after.instant.lsn, rows });
        for (bucket, share) in spans {
            self.go_on_to(u32::try_from(*bucket).unwrap_or(u32::MAX));
            for (oid, changes) in changed() {
                self.current.1.entry(oid).or_default().add(&changes, *share);
            }
        }
        for (oid, changes) in changed().filter(|_| may_be_burst) {
            let Ok(at) = self.weights.binary_search_by_key(&oid, |(oid, _)| *oid) else { continue };
            let weigh = |changes: &Changes| self.weights[at].1.weigh(changes);
            if weigh(&changes) > self.bursts.get(&oid).map_or(0.0, |burst| weigh(&burst.changes())) {
                let changes = changes.0.map(|count| count as f32);
                self.bursts.insert(oid, Burst { changes, seconds: seconds as f32 });
            }
        }
    }

    /// Makes a bucket the one that grows; the one before is over.
    fn go_on_to(&mut self, bucket: u32) {
        if bucket != self.current.0 {
            self.done.push(self.current.0, self.current.1.iter());
            self.current = (bucket, BTreeMap::new());
        }
    }

    /// Goes through the sums of all buckets in order: bucket, table, sums.
    fn each_sum(&self, mut take: impl FnMut(u32, u32, Changes)) {
        self.done.each(&mut take);
        self.current.1.iter().for_each(|(oid, changes)| take(self.current.0, *oid, *changes));
    }

    /// Seconds of a bucket.
    fn bucket_length(&self) -> f64 {
        self.start.as_ref().map_or(1.0, |start| f64::from(start.bucket_s.max(1)))
    }

    /// Of a longer interval nothing is known but its ends, seconds.
    fn longest_interval(&self) -> f64 {
        let interval = self.start.as_ref().map_or(0.0, |start| start.interval_s);
        self.bucket_length().max(LONGEST_BURST_INTERVALS * interval)
    }

    /// Seconds from the beginning of the first bucket to a time of the server's clock.
    fn since_origin(&self, at: Timestamp) -> f64 {
        self.origin.map_or(0.0, |origin| seconds_between(origin, at)) - self.ahead_s
    }

    /// The buckets that an interval touches, each with its share of the interval; both ends in seconds since the first.
    fn spans(&self, from: f64, to: f64) -> Vec<(usize, f64)> {
        if self.origin.is_none() || self.start.is_none() {
            return Vec::new();
        }
        let (length, from) = (self.bucket_length(), from.max(0.0));
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
