//! The second half of deriving: from the sums over buckets to a workload.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Changes, DeriveError, Deriver, NAMES_IN_NOTE, Observed, SHORTEST_LAST_BUCKET, rounded, seconds_between,
    whole_second,
};
use crate::{
    format,
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
/// Share of the time that a slot must have shown for its rows to tell how many were committed.
const DECODED_SHARE: f64 = 0.5;
/// Rows by which "all were committed" holds against what the slot showed.
const PRIOR_ROWS: f64 = 200.0;

/// What row changes of one table cost, as far as it was learned.
struct TableCosts {
    costs: RowCosts,
    /// Row locks for each referring insert, where WAL was read.
    locks_per_reference: Option<f64>,
    /// Share of the row changes that were committed, and so are sent.
    committed: f64,
    transactions_per_row: Option<f64>,
}

/// A workload whose tables are made one by one: weeks of many tables need not be in memory at once.
pub struct Outline<'a> {
    deriver: &'a Deriver,
    referrers: Referrers,
    /// Of the catalog's tables, in its order.
    costs: Vec<TableCosts>,
    /// The catalog's tables by name.
    order: Vec<usize>,
    /// Whether any table was written.
    pub is_written: bool,
    /// All but the tables.
    pub frame: Workload,
}

impl Outline<'_> {
    /// The tables by name, each with its load.
    pub fn tables(&self) -> impl Iterator<Item = Table> {
        let count = self.frame.bucket_count as usize;
        let tables = self.deriver.catalog.as_ref().map_or(&[][..], |catalog| &catalog.tables);
        self.order.iter().map(move |at| self.deriver.table(&tables[*at], &self.costs[*at], &self.referrers, count))
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
        let costs: Vec<TableCosts> = catalog.tables.iter().map(|table| self.learned(table, &referrers)).collect();
        let tables =
            || catalog.tables.iter().zip(&costs).map(|(table, costs)| self.table(table, costs, &referrers, count));
        let attributed: f64 = tables().map(|table| self.attributed(&table)).sum();
        let mut order: Vec<usize> = (0..catalog.tables.len()).collect();
        let name = |at: usize| (&catalog.tables[at].table.schema, &catalog.tables[at].table.name);
        order.sort_by(|a, b| name(*a).cmp(&name(*b)));
        let mut frame = Workload {
            kind: "workload".to_owned(),
            version: format::FORMAT_VERSION,
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
            foreign_keys: catalog.foreign_keys.clone(),
            co_writes: self.co_writes(catalog),
            excluded: catalog.excluded.clone(),
            gaps: self.gaps(count),
            notes: self.all_notes(catalog, attributed),
        };
        frame.canonicalize();
        Ok(Outline { deriver: self, referrers, costs, order, is_written: attributed > 0.0, frame })
    }

    /// The model, corrected by what was seen of the table.
    fn learned(&self, table: &CatalogTable, referrers: &Referrers) -> TableCosts {
        let all = self.tables.get(&table.oid).map_or(Changes::default(), Observed::all);
        let [inserts, updates, _, deletes, chunks, _] = all.0;
        // Where as many rows come as are updated, each is updated once, and its page is not seen again.
        let repeated = if updates > 0.0 { (1.0 - inserts / updates).max(0.0) } else { 0.0 };
        let model = RowCosts::of(table).with_pruning(repeated);
        let (no_wal, no_rows) = (WalTally::default(), DecodeTally::default());
        let seen = self.seen.get(&table.oid).unwrap_or(&no_wal);
        let decoded = self.decoded.get(&table.oid).unwrap_or(&no_rows);
        let chunks_per_row = if inserts + updates > 0.0 { chunks / (inserts + updates) } else { 0.0 };
        let costs =
            learn::logical_costs(&learn::wal_costs(&model, seen, referrers.has(table.oid)), decoded, chunks_per_row);
        let references = || {
            let inserts = |oid: u32| self.seen.get(&oid).map_or(0.0, |tally| tally.rows[0] as f64);
            referrers.references(table.oid, inserts) as u64
        };
        let coverage = self.decoded_s / self.observed_s();
        let committed = match coverage >= DECODED_SHARE {
            true => {
                let counted = (inserts + updates + deletes) * coverage.min(1.0);
                ((decoded.all_rows() as f64 + PRIOR_ROWS) / (counted + PRIOR_ROWS)).min(1.0)
            }
            false => 1.0,
        };
        TableCosts {
            costs,
            locks_per_reference: (self.seen_bytes > 0).then(|| learn::locks_per_reference(seen, references())),
            committed,
            transactions_per_row: learn::transactions_per_row(decoded),
        }
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

    fn table(&self, table: &CatalogTable, costs: &TableCosts, referrers: &Referrers, count: usize) -> Table {
        let mut result = table.table.clone();
        if result.kind == TableKind::Partitioned {
            result.canonicalize();
            return result;
        }
        let none = Observed::default();
        let observed = self.tables.get(&table.oid).unwrap_or(&none);
        let changes = observed.buckets(count);
        let field = |index: usize| self.series(count, |bucket| changes[bucket].0[index]);
        let rows = |bucket: usize| changes[bucket].0[0] + changes[bucket].0[1] + changes[bucket].0[3];
        let locks = self.lock_bytes(table, costs, referrers, count);
        let locks = |bucket: usize| locks.get(bucket).copied().unwrap_or(0.0);
        result.load = Load {
            inserts_per_s: field(0),
            updates_per_s: field(1),
            hot_updates_per_s: field(2),
            deletes_per_s: field(3),
            toast_chunks_per_s: field(4),
            wal_bytes_per_s: self.series(count, |bucket| changes[bucket].wal_bytes(&costs.costs) + locks(bucket)),
            logical_bytes_per_s: self
                .series(count, |bucket| changes[bucket].logical_bytes(&costs.costs) * costs.committed),
            transactions_per_s: costs
                .transactions_per_row
                .map(|share| self.series(count, |bucket| rows(bucket) * share * costs.committed)),
            burst_wal_bytes: observed.burst.map(|(burst, _)| rounded(burst.wal_bytes(&costs.costs))),
            burst_s: observed.burst.map(|(_, seconds)| rounded(f64::from(seconds))),
        };
        result.canonicalize();
        result
    }

    /// WAL of row locks that inserts into referencing tables take on this one, by bucket; empty where there are none.
    fn lock_bytes(&self, table: &CatalogTable, costs: &TableCosts, referrers: &Referrers, count: usize) -> Vec<f64> {
        if !referrers.has(table.oid) {
            return Vec::new();
        }
        let none = Observed::default();
        let inserts_of = |oid: u32| -> Vec<f64> {
            self.tables.get(&oid).unwrap_or(&none).buckets(count).iter().map(|changes| changes.0[0]).collect()
        };
        let inserts: BTreeMap<u32, Vec<f64>> =
            referrers.tables(table.oid).chain([table.oid]).map(|oid| (oid, inserts_of(oid))).collect();
        let in_bucket = |bucket: usize| {
            let inserts = |oid: u32| inserts.get(&oid).map_or(0.0, |all| all[bucket]);
            let locks = match costs.locks_per_reference {
                Some(ratio) => referrers.references(table.oid, inserts) * ratio,
                None => {
                    let transactions = self.transactions.get(bucket).copied().unwrap_or(0.0);
                    referrers.modelled_locks(table.oid, table.table.rows_estimate, transactions, inserts)
                }
            };
            locks * LOCK_WAL
        };
        (0..count).map(in_bucket).collect()
    }

    /// Tables written together, as far as slots showed it.
    fn co_writes(&self, catalog: &Catalog) -> Vec<CoWrite> {
        let named: BTreeMap<u32, TableName> =
            catalog.tables.iter().map(|table| (table.oid, table.table.table_name())).collect();
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

    fn all_notes(&self, catalog: &Catalog, attributed: f64) -> Vec<String> {
        let mut notes = catalog.notes.clone();
        notes.extend(self.notes.iter().cloned());
        notes.extend(self.notes_of_method());
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
    fn attributed(&self, table: &Table) -> f64 {
        self.observed_s.iter().enumerate().map(|(at, s)| table.load.wal_bytes_per_s.or_zero(at) * s).sum()
    }
}

fn note_of_names(names: &BTreeSet<TableName>, what: &str) -> Option<String> {
    let shown: Vec<String> = names.iter().take(NAMES_IN_NOTE).map(TableName::to_string).collect();
    let more = if names.len() > NAMES_IN_NOTE { ", …" } else { "" };
    (!names.is_empty()).then(|| format!("tables {what}: {}{more} ({})", shown.join(", "), names.len()))
}
