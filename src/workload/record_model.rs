//! What one row change costs: bytes of WAL (`wal_level = logical`, without full-page images) and bytes that pgoutput
//! sends for it.
//!
//! Measured against `pg_walinspect` and `pgoutput` on 15 and 18 (benches/accuracy, figures in docs/measurements.md). What
//! counters cannot tell: INSERT … ON CONFLICT is 30 to 60 % dearer, COPY 20 % cheaper; `learn` corrects both.

use super::{
    ReplicaIdentity, Table,
    snapshot::{CatalogTable, IndexShape},
};

/// Bytes of row data in a full TOAST chunk (`TOAST_MAX_CHUNK_SIZE` with 8 kB pages).
pub const TOAST_CHUNK_BYTES: f64 = 1996.0;
/// WAL of one inserted TOAST chunk with its index entry: al8(55 + 1996 + 16) + 72.
pub const CHUNK_INSERT_WAL: f64 = 2072.0 + 72.0;
/// WAL of one deleted TOAST chunk.
const CHUNK_DELETE_WAL: f64 = 60.0;
/// Padding between a row's values where the layout is not known: half of what `MAXALIGN` may add.
pub const UNKNOWN_PADDING: f64 = 4.0;
/// WAL of pruning for one old row version, where many go at once, and where each goes alone.
const PRUNED_TOGETHER_WAL: f64 = 4.0;
const PRUNED_ALONE_WAL: f64 = 52.0;
/// Rows of a table from which on its old versions go alone: few hot rows leave room on their pages, which are pruned when
/// they are full again; among many rows a page is full nearly always, and pruned at each access.
const FEW_ROWS: f64 = 150.0;

/// Bytes per row change of one table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowCosts {
    /// WAL of an insert, its index entries included.
    pub insert_wal: f64,
    /// WAL of a HOT update.
    pub hot_update_wal: f64,
    /// WAL of any other update, its index entries included.
    pub update_wal: f64,
    /// WAL of a delete.
    pub delete_wal: f64,
    /// WAL of the index entries of an insert, which `insert_wal` includes.
    pub insert_index_wal: f64,
    /// WAL of the index entries of an update that is not HOT, which `update_wal` includes.
    pub update_index_wal: f64,
    /// Whether an index writes most of its WAL in bursts, so that few records of it say little: GIN empties its list of
    /// pending entries when it is full or when VACUUM comes.
    pub has_index_bursts: bool,
    /// WAL of a TOAST chunk inserted.
    pub chunk_insert_wal: f64,
    /// WAL of a TOAST chunk deleted.
    pub chunk_delete_wal: f64,
    /// WAL of pruning for each update, where the same rows are updated over and over.
    pub prune_wal: f64,
    /// Sent for an insert, without TOAST.
    pub insert_logical: f64,
    /// Sent for an update, without TOAST.
    pub update_logical: f64,
    /// Sent for a delete.
    pub delete_logical: f64,
    /// Sent for a TOAST chunk inserted.
    pub chunk_logical: f64,
}

fn aligned(bytes: f64) -> f64 {
    (bytes / 8.0).ceil() * 8.0
}

/// WAL of one entry in an index, without page splits.
fn entry_wal(index: &IndexShape) -> f64 {
    match index.method.as_str() {
        // Several entries, whose number follows from the column's width: each goes to the pending list and from there to
        // the tree. Measured on jsonb of 60 and 110 bytes: 240 and 345.
        "gin" => 80.0 + 2.5 * index.key_width_bytes,
        // A range of pages has one entry, which changes with its bounds.
        "brin" => 2.0,
        _ => 48.0 + 8.0 + aligned(index.key_width_bytes),
    }
}

/// What page splits add to an entry. A split logs the half of a page that moves, once every half a page of entries: each
/// entry about once; less as long as pages have room. Ordered keys split at the right end, where a tenth moves.
fn split_wal(index: &IndexShape, ordered: bool) -> f64 {
    match index.method.as_str() {
        "gin" | "brin" => 0.0,
        _ => (4.0 + 8.0 + aligned(index.key_width_bytes)) * if ordered { 0.1 } else { 0.4 },
    }
}

impl RowCosts {
    /// The costs that follow from a table's shape. An empty shape still costs the records' headers.
    pub fn of(table: &CatalogTable) -> Self {
        let text = table.text_width_bytes.unwrap_or_else(|| table.table.row_width_bytes.max(1.0));
        let key = table.identity_width_bytes;
        let mut costs = Self::of_padded(&table.table, &table.indexes, key, table.padding_bytes, text);
        let fill = table.toast_fill.unwrap_or(1.0);
        costs.chunk_insert_wal -= TOAST_CHUNK_BYTES * (1.0 - fill);
        costs.chunk_logical *= fill * table.toast_ratio.unwrap_or(1.0);
        costs
    }

    /// The costs of a table of which only the shape is known: its indexes, and the width of its identity in bytes.
    pub fn of_shape(table: &Table, indexes: &[IndexShape], identity_width_bytes: f64) -> Self {
        Self::of_padded(table, indexes, identity_width_bytes, 0.0, table.row_width_bytes.max(1.0))
    }

    /// With pruning: `repeated` is the share of the updates that fall on rows updated before, 0 to 1.
    #[must_use]
    pub fn with_pruning(self, repeated: f64) -> Self {
        let prune = self.prune_wal * repeated;
        RowCosts { hot_update_wal: self.hot_update_wal + prune, update_wal: self.update_wal + prune, ..self }
    }

    /// Lengths of the records, from `heapam_xlog.h` and `nbtxlog.h`: 24 bytes of record header, 20 of block header, 2 of
    /// data header, then what the comments say. `text` is the width of the values on the wire.
    fn of_padded(table: &Table, indexes: &[IndexShape], key: f64, padding: f64, text: f64) -> Self {
        let width = table.row_width_bytes.max(1.0);
        let stored = width + padding;
        let full = table.replica_identity == ReplicaIdentity::Full;
        let old_row = if full { 5.0 + stored } else { 0.0 };
        let insert_index_wal: f64 =
            indexes.iter().map(|index| entry_wal(index) + split_wal(index, index.ordered)).sum();
        let update_index_wal: f64 = indexes.iter().map(|index| entry_wal(index) + split_wal(index, false)).sum();
        let rows = table.rows_estimate.powi(2);
        let alone = rows / (rows + FEW_ROWS.powi(2));
        let columns = f64::from(table.column_count);
        let key_columns = table.identity_columns.len() as f64;
        // Each value has a kind byte and four of length; a value that is left out has the kind byte alone.
        let row = 8.0 + (text + 5.0 * columns).max(0.0);
        let old_key = 8.0 + key + 5.0 * key_columns + (columns - key_columns).max(0.0);
        RowCosts {
            insert_wal: 55.0 + stored + insert_index_wal, // 3 of xl_heap_insert, 5 of tuple header, 1 to align
            hot_update_wal: 66.0 + stored + old_row,      // 14 of xl_heap_update
            update_wal: 74.0 + stored + old_row + update_index_wal, // and 8 for the old page
            prune_wal: PRUNED_TOGETHER_WAL + (PRUNED_ALONE_WAL - PRUNED_TOGETHER_WAL) * alone,
            delete_wal: 54.0 + if full { 6.0 + stored } else { 6.0 + aligned(key) },
            insert_index_wal,
            update_index_wal,
            has_index_bursts: indexes.iter().any(|index| index.method == "gin"),
            chunk_insert_wal: CHUNK_INSERT_WAL,
            chunk_delete_wal: CHUNK_DELETE_WAL,
            insert_logical: row,
            update_logical: row + if full { row - 5.0 } else { 0.0 },
            delete_logical: if full { row } else { old_key },
            chunk_logical: TOAST_CHUNK_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{snapshot::*, tests::table};
    use super::*;

    fn shape(width: f64, indexes: &[(&str, f64)]) -> CatalogTable {
        let mut table = table("t", 0.0);
        table.row_width_bytes = width;
        table.column_count = 3;
        let index = |(method, width): &(&str, f64)| IndexShape {
            method: (*method).into(),
            key_width_bytes: *width,
            ordered: *width == 8.0,
        };
        CatalogTable {
            oid: 1,
            table,
            indexes: indexes.iter().map(index).collect(),
            identity_width_bytes: 8.0,
            padding_bytes: 3.0,
            toast_ratio: None,
            toast_fill: None,
            text_width_bytes: None,
            width_source: WidthSource::Statistics,
        }
    }

    #[test]
    fn costs_by_hand() {
        // btree on 8 ordered bytes: 48 + 8 + 8, and a tenth of 4 + 8 + 8; gin on 32: 80 + 2.5 * 32
        let costs = RowCosts::of(&shape(40.0, &[("btree", 8.0), ("gin", 32.0)]));
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        near(costs.insert_wal, 55.0 + 43.0 + 66.0 + 160.0);
        near(costs.update_wal, 74.0 + 43.0 + 72.0 + 160.0);
        near(costs.hot_update_wal, 66.0 + 43.0);
        near(costs.with_pruning(0.5).hot_update_wal, 66.0 + 43.0 + 2.0); // no rows, so they go together
        near(costs.delete_wal, 54.0 + 14.0);
        assert_eq!(costs.chunk_insert_wal, 2144.0);
        assert_eq!((costs.insert_logical, costs.update_logical), (63.0, 63.0));
        assert_eq!(costs.delete_logical, 8.0 + 8.0 + 5.0 + 2.0);
        let mut compressed = shape(40.0, &[]);
        compressed.toast_ratio = Some(2.5);
        assert_eq!(RowCosts::of(&compressed).chunk_logical, 1996.0 * 2.5);
        compressed.toast_fill = Some(0.75);
        let costs = RowCosts::of(&compressed);
        assert_eq!((costs.chunk_logical, costs.chunk_insert_wal), (1996.0 * 0.75 * 2.5, 2144.0 - 499.0));
        // three columns of 52 bytes as text: 8 and 5 each besides
        let mut texts = shape(40.0, &[]);
        texts.text_width_bytes = Some(52.0);
        let costs = RowCosts::of(&texts);
        assert_eq!((costs.insert_logical, costs.insert_wal), (8.0 + 15.0 + 52.0, 55.0 + 43.0));
    }

    #[test]
    fn full_identity_logs_and_sends_the_old_row() {
        let mut full = shape(40.0, &[]);
        let plain = RowCosts::of(&full);
        full.table.replica_identity = ReplicaIdentity::Full;
        let costs = RowCosts::of(&full);
        assert_eq!(costs.hot_update_wal - plain.hot_update_wal, 5.0 + 43.0);
        assert_eq!(costs.delete_wal, 54.0 + 6.0 + 43.0);
        assert_eq!((costs.update_logical, costs.delete_logical), (121.0, 63.0));
    }

    #[test]
    fn no_width_is_ever_free() {
        assert!(RowCosts::of(&shape(0.0, &[])).insert_wal >= 56.0);
    }
}
