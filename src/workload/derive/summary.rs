//! The second half of deriving: from the sums over buckets to a workload.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Changes, DeriveError, Deriver, NAMES_IN_NOTE, SHORTEST_LAST_BUCKET, rounded, seconds_between, whole_second,
};
use crate::{
    format::{self, Document},
    names::TableName,
    units::Bytes,
    workload::{
        CoWrite, Gap, Load, Method, Series, Table, TableKind, Workload, learn,
        locks::{LOCK_WAL, Referrers},
        record_model::RowCosts,
        snapshot::{Catalog, CatalogTable, WidthSource},
        tally::{DecodeTally, WalTally},
    },
};

/// A bucket counts as wholly observed from here on: clocks are not exact.
const WHOLLY_OBSERVED: f64 = 0.995;
/// Rows by which "all were committed" holds against what the slot showed.
const PRIOR_ROWS: f64 = 200.0;

/// What is unpacked at once of the catalog's tables, and of their sums in buckets.
const TABLES_AT_ONCE: usize = 2_500;
const SUMS_AT_ONCE: usize = 150_000;

/// What the sums over all buckets give for all tables.
#[derive(Default)]
struct Totals {
    /// Row changes of the tables that were written.
    changes: BTreeMap<u32, Changes>,
    /// WAL of row locks that inserts into referencing tables take on a table, by bucket.
    lock_bytes: BTreeMap<u32, Vec<f32>>,
}

/// What row changes of one table cost, as far as it was learned.
struct TableCosts {
    costs: RowCosts,
    /// Share of the row changes that were committed, and so are sent.
    committed: f64,
    transactions_per_row: Option<f64>,
}

/// A workload whose tables are made one by one: weeks of many tables need not be in memory at once.
pub struct Outline<'a> {
    deriver: &'a Deriver,
    catalog: &'a Catalog,
    referrers: Referrers,
    totals: Totals,
    /// Whether any table was written.
    pub is_written: bool,
    /// All but the tables.
    pub frame: Workload,
}

impl Outline<'_> {
    /// The tables by name, each with its load.
    pub fn tables(&self) -> impl Iterator<Item = Table> {
        let count = self.frame.bucket_count as usize;
        let tables = self.catalog.tables.len();
        let parts = (tables * count).div_ceil(SUMS_AT_ONCE).max(tables.div_ceil(TABLES_AT_ONCE));
        self.catalog.tables.by_name(parts).flat_map(move |tables| {
            let mut sums = self.sums_of(&tables, count);
            tables.into_iter().map(move |table| {
                let changes = sums.remove(&table.oid).unwrap_or_default();
                self.deriver.table(&table, &changes, &self.referrers, &self.totals, count)
            })
        })
    }

    /// Row changes of each bucket, of those of the tables that were written.
    fn sums_of(&self, tables: &[CatalogTable], count: usize) -> BTreeMap<u32, Vec<[f32; 6]>> {
        let written = tables.iter().map(|table| table.oid).filter(|oid| self.totals.changes.contains_key(oid));
        let mut sums: BTreeMap<u32, Vec<[f32; 6]>> = written.map(|oid| (oid, vec![[0.0; 6]; count])).collect();
        self.deriver.each_sum(|bucket, oid, changes| {
            if let Some(sum) = sums.get_mut(&oid).and_then(|buckets| buckets.get_mut(bucket as usize)) {
                *sum = changes.0.map(|change| change as f32);
            }
        });
        sums
    }
}

impl Deriver {
    /// The workload as observed so far, without its tables.
    ///
    /// # Errors
    /// [`DeriveError`] when there is not enough to make one.
    pub fn outline(&self) -> Result<Outline<'_>, DeriveError> {
        let start = self.start.as_ref().ok_or(DeriveError::NoStart)?;
        let catalog = self.catalog.as_ref().ok_or(DeriveError::NoCatalog)?;
        if catalog.tables.is_empty() {
            return Err(DeriveError::NoTable(start.database.clone()));
        }
        let origin = self.origin.filter(|_| self.observed_s() > 0.0).ok_or(DeriveError::NothingObserved)?;
        let count = self.bucket_count(f64::from(start.bucket_s));
        let referrers = Referrers::new(catalog);
        let totals = self.totals(catalog, &referrers, count);
        let attributed: f64 = catalog.tables.iter().map(|table| self.attributed(&table, &referrers, &totals)).sum();
        let mut frame = Workload {
            kind: "workload".to_owned(),
            version: Workload::VERSION,
            tool: format::TOOL.to_owned(),
            server: start.server.clone(),
            database: start.database.clone(),
            method: match (self.seen_bytes, self.decoded_s > 0.0) {
                (0, false) => Method::Counters,
                (0, true) => Method::Decode,
                _ => Method::Walinspect,
            },
            start: whole_second(origin),
            bucket_s: start.bucket_s,
            bucket_count: u32::try_from(count).unwrap_or(u32::MAX),
            cluster_wal_bytes_per_s: self.series(count, |bucket| self.wal_bytes.get(bucket).copied().unwrap_or(0.0)),
            cluster_transactions_per_s: self
                .series(count, |bucket| self.transactions.get(bucket).copied().unwrap_or(0.0)),
            validity: self.validity(count, f64::from(start.bucket_s)),
            tables: Vec::new(),
            foreign_keys: catalog.foreign_keys.iter().collect(),
            co_writes: self.co_writes(catalog),
            excluded: catalog.excluded.clone(),
            gaps: self.gaps(count),
            notes: self.all_notes(catalog, &totals, attributed),
        };
        frame.canonicalize();
        Ok(Outline { deriver: self, catalog, referrers, totals, is_written: attributed > 0.0, frame })
    }

    /// The model, corrected by what was seen of the table.
    fn learned(&self, table: &CatalogTable, referrers: &Referrers, totals: &Totals) -> TableCosts {
        let all = totals.changes.get(&table.oid).copied().unwrap_or_default();
        let [inserts, updates, _, _, chunks, _] = all.0;
        // Where as many rows come as are updated, each is updated once, and its page is not seen again.
        let repeated = if updates > 0.0 { (1.0 - inserts / updates).max(0.0) } else { 0.0 };
        let model = RowCosts::of(table).with_pruning(repeated);
        let (no_wal, no_rows) = (WalTally::default(), DecodeTally::default());
        let seen = self.seen.get(&table.oid).unwrap_or(&no_wal);
        let decoded = self.decoded.get(&table.oid).unwrap_or(&no_rows);
        let chunks_per_row = if inserts + updates > 0.0 { chunks / (inserts + updates) } else { 0.0 };
        let written: f64 = self.wal_bytes.iter().sum();
        let unread = if written > 0.0 { (1.0 - self.seen_bytes as f64 / written).clamp(0.0, 1.0) } else { 0.0 };
        let costs = learn::wal_costs(&model, seen, unread, referrers.has(table.oid));
        let costs = learn::logical_costs(&costs, decoded, chunks_per_row);
        let compared = self.compared.get(&table.oid).copied().unwrap_or_default();
        let committed = ((compared.committed + PRIOR_ROWS) / (compared.counted + PRIOR_ROWS)).min(1.0);
        TableCosts { costs, committed, transactions_per_row: learn::transactions_per_row(decoded) }
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

    /// Share of each bucket that was observed; of the last, of what lies before the end of the run.
    fn validity(&self, count: usize, bucket_s: f64) -> Option<Series> {
        let (origin, last) = (self.origin?, self.previous.as_ref()?.instant.at);
        let end = seconds_between(origin, last);
        let share = |bucket: usize| {
            let length = (end - bucket as f64 * bucket_s).min(bucket_s);
            match self.observed_s.get(bucket) {
                Some(seconds) if length > 0.0 => rounded((seconds / length).min(1.0)),
                _ => 0.0,
            }
        };
        let shares: Box<[f64]> = (0..count).map(share).collect();
        shares.iter().any(|share| *share < WHOLLY_OBSERVED).then(|| Series::Buckets(shares).compact())
    }

    fn table(
        &self,
        table: &CatalogTable,
        changes: &[[f32; 6]],
        referrers: &Referrers,
        totals: &Totals,
        count: usize,
    ) -> Table {
        let mut result = table.table.clone();
        if result.kind == TableKind::Partitioned {
            result.canonicalize();
            return result;
        }
        let costs = &self.learned(table, referrers, totals);
        let changes =
            |bucket: usize| changes.get(bucket).map_or(Changes::default(), |sums| Changes(sums.map(f64::from)));
        let field = |index: usize| self.series(count, |bucket| changes(bucket).0[index]);
        let rows = |bucket: usize| changes(bucket).rows();
        let locks = totals.lock_bytes.get(&table.oid);
        let locks = |bucket: usize| locks.map_or(0.0, |locks| f64::from(locks[bucket]));
        let burst = self.bursts.get(&table.oid);
        result.load = Load {
            inserts_per_s: field(0),
            updates_per_s: field(1),
            hot_updates_per_s: field(2),
            deletes_per_s: field(3),
            toast_chunks_per_s: field(4),
            wal_bytes_per_s: self.series(count, |bucket| changes(bucket).wal_bytes(&costs.costs) + locks(bucket)),
            logical_bytes_per_s: self
                .series(count, |bucket| changes(bucket).logical_bytes(&costs.costs) * costs.committed),
            transactions_per_s: costs
                .transactions_per_row
                .map(|share| self.series(count, |bucket| rows(bucket) * share * costs.committed)),
            burst_wal_bytes: burst.map(|burst| rounded(burst.changes().wal_bytes(&costs.costs))),
            burst_s: burst.map(|burst| rounded(f64::from(burst.seconds))),
        };
        result.canonicalize();
        result
    }

    /// One pass over all buckets.
    fn totals(&self, catalog: &Catalog, referrers: &Referrers, count: usize) -> Totals {
        let referenced: Vec<(u32, f64, Option<f64>)> = catalog
            .tables
            .iter()
            .filter(|table| referrers.has(table.oid))
            .map(|table| (table.oid, table.table.rows_estimate, self.locks_per_reference(table.oid, referrers)))
            .collect();
        let mut totals = Totals::default();
        let mut lock_bytes: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
        let mut lock = |bucket: u32, inserts: &BTreeMap<u32, f64>| {
            let transactions = self.transactions.get(bucket as usize).copied().unwrap_or(0.0);
            let inserts = |oid: u32| inserts.get(&oid).copied().unwrap_or(0.0);
            for (oid, rows_estimate, ratio) in referenced.iter().filter(|_| (bucket as usize) < count) {
                let locks = match ratio {
                    Some(ratio) => referrers.references(*oid, inserts) * ratio,
                    None => referrers.modelled_locks(*oid, *rows_estimate, transactions, inserts),
                };
                if locks > 0.0 {
                    lock_bytes.entry(*oid).or_insert_with(|| vec![0.0; count])[bucket as usize] =
                        (locks * LOCK_WAL) as f32;
                }
            }
        };
        let (mut now, mut inserts) = (0, BTreeMap::new());
        self.each_sum(|bucket, oid, changes| {
            if bucket != now {
                lock(now, &inserts);
                (now, inserts) = (bucket, BTreeMap::new());
            }
            totals.changes.entry(oid).or_default().add(&changes, 1.0);
            if !referenced.is_empty() && changes.0[0] > 0.0 {
                inserts.insert(oid, changes.0[0]);
            }
        });
        lock(now, &inserts);
        totals.lock_bytes = lock_bytes;
        totals
    }

    /// Row locks for each referring insert, where WAL was read.
    fn locks_per_reference(&self, oid: u32, referrers: &Referrers) -> Option<f64> {
        let inserts = |oid: u32| self.seen.get(&oid).map_or(0.0, |tally| tally.rows[0] as f64);
        let seen = self.seen.get(&oid).copied().unwrap_or_default();
        let references = referrers.references(oid, inserts) as u64;
        (self.seen_bytes > 0).then(|| learn::locks_per_reference(&seen, references))
    }

    /// Tables written together, as far as slots showed it.
    fn co_writes(&self, catalog: &Catalog) -> Vec<CoWrite> {
        let written: BTreeSet<u32> = self.pairs.keys().flat_map(|(a, b)| [*a, *b]).collect();
        let tables = catalog.tables.iter().filter(|table| written.contains(&table.oid));
        let named: BTreeMap<u32, TableName> = tables.map(|table| (table.oid, table.table.table_name())).collect();
        let pair = |((a, b), count): (&(u32, u32), &u64)| {
            let (a, b) = (named.get(a)?.clone(), named.get(b)?.clone());
            Some(CoWrite { a, b, transactions_per_s: rounded(*count as f64 / self.decoded_s) })
        };
        self.pairs.iter().filter_map(pair).collect()
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

    fn all_notes(&self, catalog: &Catalog, totals: &Totals, attributed: f64) -> Vec<String> {
        let mut notes = catalog.notes.clone();
        notes.extend(self.notes.iter().cloned());
        notes.extend(self.notes_of_method());
        notes.extend(note_of_names(&self.created, "created while sampling; their load before that is zero"));
        notes.extend(note_of_names(&self.dropped, "dropped while sampling; their load is left out"));
        let guessed: BTreeSet<TableName> = catalog
            .tables
            .iter()
            .filter(|table| table.width_source != WidthSource::Statistics && totals.changes.contains_key(&table.oid))
            .map(|table| table.table.table_name())
            .collect();
        notes.extend(note_of_names(
            &guessed,
            "written, but their row width is guessed from column types; ANALYZE them and grant SELECT on them (or \
             pg_read_all_data) to halve the error of their WAL rate",
        ));
        let all: f64 = self.wal_bytes.iter().sum();
        if all > 0.0 {
            notes.push(format!(
                "{} of {} WAL is attributed to tables; the rest is full-page images, commits, catalogs and what is excluded",
                Bytes(attributed.min(all) + 0.0), // an empty sum is -0.0
                Bytes(all)
            ));
        }
        if catalog.sequence_count > 0 {
            notes.push(format!("{} sequences: their values are not replicated", catalog.sequence_count));
        }
        if catalog.large_object_count > 0 {
            notes.push(format!("{} large objects: they are not replicated", catalog.large_object_count));
        }
        notes
    }

    /// How much of the WAL and of the time the corrections rest on.
    fn notes_of_method(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let all: f64 = self.wal_bytes.iter().sum();
        if self.seen_bytes > 0 && all > 0.0 {
            let share = 100.0 * (self.seen_bytes as f64 / all).min(1.0);
            notes.push(format!("costs of rows were learned from {share:.1} % of the WAL, read with pg_walinspect"));
        }
        if self.decoded_s > 0.0 {
            let share = 100.0 * (self.decoded_s / self.observed_s()).min(1.0);
            notes.push(format!("transactions and bytes sent were learned from {share:.1} % of the time, decoded"));
        }
        notes
    }

    /// WAL of a table over the run, bytes.
    fn attributed(&self, table: &CatalogTable, referrers: &Referrers, totals: &Totals) -> f64 {
        let changes = totals.changes.get(&table.oid).copied().unwrap_or_default();
        let locks: f64 =
            totals.lock_bytes.get(&table.oid).map_or(0.0, |locks| locks.iter().map(|bytes| f64::from(*bytes)).sum());
        changes.wal_bytes(&self.learned(table, referrers, totals).costs) + locks
    }
}

fn note_of_names(names: &BTreeSet<TableName>, what: &str) -> Option<String> {
    let shown: Vec<String> = names.iter().take(NAMES_IN_NOTE).map(TableName::to_string).collect();
    let more = if names.len() > NAMES_IN_NOTE { ", …" } else { "" };
    (!names.is_empty()).then(|| format!("tables {what}: {}{more} ({})", shown.join(", "), names.len()))
}
