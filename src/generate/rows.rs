//! What one row change of a made-up table costs: WAL by the record model that was measured against `pg_walinspect`,
//! logical bytes by the layout of pgoutput's messages; and the sizes that such changes leave behind.
//!
//! The record model is right within -25 to +25 % for most tables (median); a synthetic table is right by definition.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

use super::schema::TableSketch;
use crate::workload::{
    ReplicaIdentity, Table,
    record_model::{CHUNK_INSERT_WAL, TOAST_CHUNK_BYTES},
};

/// What a table is for; it decides the mix of row changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archetype {
    /// Events and logs: inserted, purged later.
    Log,
    /// Things with a life: inserted, updated often.
    Entity,
    /// Sessions and counters: the same rows updated, mostly HOT.
    Counter,
    /// Queues: in, claimed, out.
    Queue,
    /// Pairs of ids.
    Link,
    /// Documents: wide, in TOAST.
    Document,
    /// Hardly ever written.
    Lookup,
}

/// Shares and sizes that hold for an archetype.
struct Mix {
    /// Shares of inserts, updates and deletes.
    shares: [f64; 3],
    /// HOT share of the updates: 0.67 to 1.0 in the measured TPC-C mix.
    hot: f64,
    /// Row width, bytes: the least and the most.
    width: (f64, f64),
    /// Columns: the least and the most.
    columns: (u32, u32),
    /// Indexes: the least and the most.
    indexes: (u32, u32),
    /// Rows written by one transaction.
    rows_per_transaction: f64,
    /// TOAST chunks per inserted or updated row.
    chunks_per_row: f64,
    /// Days that an inserted row stays (median).
    days_kept: f64,
}

impl Archetype {
    fn mix(self) -> Mix {
        let mix = |shares, hot, width, columns, indexes, rows_per_transaction, chunks_per_row, days_kept| Mix {
            shares,
            hot,
            width,
            columns,
            indexes,
            rows_per_transaction,
            chunks_per_row,
            days_kept,
        };
        match self {
            Archetype::Log => mix([0.96, 0.01, 0.03], 0.5, (80.0, 500.0), (6, 16), (1, 4), 4.0, 0.05, 90.0),
            Archetype::Entity => mix([0.22, 0.74, 0.04], 0.7, (90.0, 420.0), (8, 40), (2, 7), 1.5, 0.02, 400.0),
            Archetype::Counter => mix([0.02, 0.97, 0.01], 0.95, (40.0, 160.0), (4, 10), (1, 3), 1.0, 0.0, 30.0),
            Archetype::Queue => mix([0.34, 0.33, 0.33], 0.3, (60.0, 300.0), (5, 12), (2, 3), 1.0, 0.1, 0.1),
            Archetype::Link => mix([0.80, 0.02, 0.18], 0.4, (24.0, 40.0), (2, 4), (2, 3), 3.0, 0.0, 500.0),
            Archetype::Document => mix([0.55, 0.40, 0.05], 0.4, (60.0, 260.0), (4, 12), (1, 4), 1.0, 2.5, 300.0),
            Archetype::Lookup => mix([0.30, 0.60, 0.10], 0.6, (30.0, 90.0), (2, 8), (1, 2), 5.0, 0.0, 900.0),
        }
    }
}

/// Columns and indexes of a table of this kind.
pub(super) fn draw_layout(rng: &mut ChaCha8Rng, archetype: Archetype, table: &mut Table) {
    let mix = archetype.mix();
    table.column_count = rng.random_range(mix.columns.0..=mix.columns.1);
    table.index_count = rng.random_range(mix.indexes.0..=mix.indexes.1);
    table.row_width_bytes = rng.random_range(mix.width.0..=mix.width.1).round();
}

/// Row changes of one table: shares, and bytes for each change.
#[derive(Debug, Clone)]
pub(super) struct RowChanges {
    inserts: f64,
    updates: f64,
    deletes: f64,
    hot: f64,
    chunks: f64,
    rows_per_transaction: f64,
    days_kept: f64,
    bytes: RowBytes,
}

/// Bytes of WAL and of logical messages for one row change.
#[derive(Debug, Clone)]
struct RowBytes {
    insert: f64,
    hot_update: f64,
    update: f64,
    delete: f64,
    logical_row: f64,
    logical_update: f64,
    logical_delete: f64,
}

/// Rates in one bucket, per second; every figure follows from the row changes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rates {
    pub(super) inserts: f64,
    pub(super) updates: f64,
    pub(super) hot_updates: f64,
    pub(super) deletes: f64,
    pub(super) toast_chunks: f64,
    pub(super) wal_bytes: f64,
    pub(super) logical_bytes: f64,
    pub(super) transactions: f64,
}

/// A value with four significant digits: files stay short, and nothing is known better.
pub(super) fn four_digits(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let scale = 10_f64.powi(3 - value.log10().floor() as i32);
    let rounded = (value * scale).round() / scale;
    if rounded < 1e-6 { 0.0 } else { rounded }
}

impl RowBytes {
    /// WAL by a plain record model, as if every index were a btree on one bigint; logical bytes with text a little wider
    /// than what is stored. It stands apart from `workload::record_model`, which is refined as more is measured, so that a
    /// seed keeps its file.
    fn of(table: &Table) -> Self {
        let width = table.row_width_bytes;
        let full = table.replica_identity == ReplicaIdentity::Full;
        let columns = f64::from(table.column_count);
        let logical_row = 8.0 + 5.0 * columns + TEXT_FACTOR * width;
        let aligned = |bytes: f64| (bytes / 8.0).ceil() * 8.0;
        let stored = width.max(1.0);
        let old_row = if full { 5.0 + stored } else { 0.0 };
        let entries = f64::from(table.index_count) * (56.0 + KEY_BYTES);
        RowBytes {
            insert: aligned(55.0 + stored) + entries,
            hot_update: aligned(66.0 + stored + old_row) + 24.0,
            update: aligned(74.0 + stored + old_row) + 16.0 + entries,
            delete: aligned(54.0 + if full { stored } else { 5.0 + KEY_BYTES }),
            logical_row,
            logical_update: logical_row + if full { logical_row } else { 0.0 },
            logical_delete: if full { logical_row } else { 8.0 + columns + 4.0 + KEY_BYTES },
        }
    }
}

/// Width of a typical key: one bigint.
const KEY_BYTES: f64 = 8.0;

/// pgoutput sends text: a little wider than the stored values.
const TEXT_FACTOR: f64 = 1.1;

impl RowChanges {
    /// The row changes of a table, varied around its archetype.
    pub(super) fn draw(rng: &mut ChaCha8Rng, sketch: &TableSketch) -> Self {
        let mix = sketch.archetype.mix();
        let mut vary = |value: f64, sigma: f64| value * LogNormal::new(0.0, sigma).map_or(1.0, |law| law.sample(rng));
        let shares = mix.shares.map(|share| vary(share, 0.3));
        let sum: f64 = shares.iter().sum();
        RowChanges {
            inserts: shares[0] / sum,
            updates: shares[1] / sum,
            deletes: shares[2] / sum,
            hot: vary(mix.hot, 0.2).min(1.0),
            chunks: vary(mix.chunks_per_row, 0.8),
            rows_per_transaction: vary(mix.rows_per_transaction, 0.5).max(1.0),
            days_kept: vary(mix.days_kept, 1.0),
            bytes: RowBytes::of(&sketch.table),
        }
    }

    /// The row changes of a table whose rates are known: inserts, updates and deletes, HOT share of the updates, TOAST chunks
    /// of a row, and rows of a transaction. A table that is never written has none.
    pub(super) fn of(table: &Table, changes: [f64; 3], hot: f64, chunks: f64, rows_per_transaction: f64) -> Self {
        let sum: f64 = changes.iter().sum();
        let share = |rate: f64| if sum > 0.0 { rate / sum } else { 0.0 };
        let [inserts, updates, deletes] = changes.map(share);
        let bytes = RowBytes::of(table);
        RowChanges { inserts, updates, deletes, hot, chunks, rows_per_transaction, days_kept: 0.0, bytes }
    }

    /// WAL that so many row changes write.
    pub(super) fn wal_bytes_per_s(&self, changes_per_s: f64) -> f64 {
        changes_per_s * self.wal_per_change()
    }

    /// WAL of a mean row change.
    fn wal_per_change(&self) -> f64 {
        let update = self.hot * self.bytes.hot_update + (1.0 - self.hot) * self.bytes.update;
        let written = self.inserts + self.updates;
        self.inserts * self.bytes.insert
            + self.updates * update
            + self.deletes * self.bytes.delete
            + written * self.chunks * CHUNK_INSERT_WAL
    }

    /// Rates that write about `wal_bytes_per_s`. Rows are rounded first, so that bytes follow from them exactly.
    pub(super) fn rates(&self, wal_bytes_per_s: f64) -> Rates {
        let changes = if wal_bytes_per_s > 0.0 { wal_bytes_per_s / self.wal_per_change() } else { 0.0 };
        let inserts = four_digits(changes * self.inserts);
        let updates = four_digits(changes * self.updates);
        let hot_updates = four_digits(updates * self.hot).min(updates);
        let deletes = four_digits(changes * self.deletes);
        let toast_chunks = four_digits((inserts + updates) * self.chunks);
        let bytes = &self.bytes;
        let wal_bytes = inserts * bytes.insert
            + hot_updates * bytes.hot_update
            + (updates - hot_updates) * bytes.update
            + deletes * bytes.delete
            + toast_chunks * CHUNK_INSERT_WAL;
        let logical_bytes = inserts * bytes.logical_row
            + updates * bytes.logical_update
            + deletes * bytes.logical_delete
            + toast_chunks * TOAST_CHUNK_BYTES;
        let transactions = (inserts + updates + deletes) / self.rows_per_transaction;
        Rates {
            inserts,
            updates,
            hot_updates,
            deletes,
            toast_chunks,
            wal_bytes: tenth(wal_bytes),
            logical_bytes: tenth(logical_bytes),
            transactions: four_digits(transactions),
        }
    }

    /// Sizes: what was inserted and is still kept, plus a first stock; page overhead and bloat as usual (28 bytes a row
    /// and a fifth). Heavy-tailed as GitLab.com's top 30 tables and a Synapse server's are (`sizes.json`).
    pub(super) fn size(&self, rng: &mut ChaCha8Rng, table: &mut Table, mean_wal_bytes_per_s: f64) {
        let inserts = self.inserts * mean_wal_bytes_per_s / self.wal_per_change();
        let stock = LogNormal::new(7.0, 2.5).map_or(1000.0_f64, |law| law.sample(rng)).min(1e8);
        let rows = (stock + inserts * 86_400.0 * self.days_kept.min(1000.0)).min(2e10).round();
        let bloat = rng.random_range(1.05..1.4);
        let pages = |bytes: f64| (bytes / 8192.0).ceil() as u64 * 8192;
        table.rows_estimate = rows;
        table.heap_bytes = pages(rows * (table.row_width_bytes + 28.0) * bloat);
        table.index_bytes = pages(rows * f64::from(table.index_count) * (KEY_BYTES + 16.0) * 1.4);
        let chunks = rows * self.chunks;
        table.toast_bytes = if chunks >= 1.0 { pages(chunks * (TOAST_CHUNK_BYTES + 90.0)) } else { 0 };
    }
}

/// Rounded to a tenth of a byte per second, so that sums of quiet tables still see them.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::tests as samples;

    #[test]
    fn the_record_model_by_hand() {
        // 100 bytes wide, two indexes: insert al8(155) + 2 * al8(64) = 160 + 128; HOT al8(166) + 24 = 168 + 24; other
        // updates al8(174) + 16 + 128 = 176 + 144; delete al8(54 + 13) = 72.
        let mut table = samples::table("a", 0.0);
        (table.row_width_bytes, table.index_count, table.column_count) = (100.0, 2, 10);
        let bytes = RowBytes::of(&table);
        assert_eq!((bytes.insert, bytes.hot_update, bytes.update, bytes.delete), (288.0, 192.0, 320.0, 72.0));
        assert!((bytes.logical_row - 168.0).abs() < 1e-9); // 8 + 50 + 110
        table.replica_identity = ReplicaIdentity::Full;
        let full = RowBytes::of(&table);
        assert_eq!((full.hot_update, full.update, full.delete), (296.0, 424.0, 160.0));
        assert!((full.logical_update - 336.0).abs() < 1e-9);
    }

    #[test]
    fn rounding_keeps_four_digits() {
        assert_eq!(four_digits(123_456.0), 123_500.0);
        assert_eq!(four_digits(0.012_345_6), 0.012_35);
        assert_eq!((four_digits(0.0), four_digits(1e-9)), (0.0, 0.0));
    }
}
