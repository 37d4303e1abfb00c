//! From what WAL and a slot showed of a table to what its row changes cost.
//!
//! The record model says what a row change should cost; a window says what some did. Both are ratios of bytes to rows, so
//! it does not matter how much of the WAL was read, only that rows of every kind were among it. Where few rows of a kind
//! were seen, the model counts as some more of them: `(seen + k modelled rows) / (rows + k)`.

use super::{
    record_model::RowCosts,
    tally::{DecodeTally, WalTally},
};

/// So many rows of a kind are taken to have cost what the model says.
const PRIOR_ROWS: f64 = 4.0;
/// Bytes of rows by which "nothing besides" holds against what cannot be counted in rows: pruning, freezing, own row locks.
/// They come in bursts, so few say little.
const OTHER_PRIOR_BYTES: f64 = 16_384.0;
/// Vacuum in a window can outweigh the rows; it is not believed beyond this.
const MOST_OTHER: f64 = 4.0;
/// Index records by which the model holds, bytes.
const INDEX_PRIOR_BYTES: f64 = 8192.0;
/// The same where an index writes in bursts, of which each fills a few windows.
const BURST_PRIOR_BYTES: f64 = 1_048_576.0;
/// Modelled bytes of index records from which on what was seen is believed, however far it is from the model.
const MANY_INDEX_BYTES: f64 = 262_144.0;
const INDEX_RANGE: (f64, f64) = (0.4, 2.5);
/// Row locks by which the model of foreign keys holds against what was seen.
const PRIOR_LOCKS: f64 = 20.0;

/// What a row costs, by what some cost and by the model.
fn per_row(seen: f64, rows: f64, modelled: f64) -> f64 {
    (seen + PRIOR_ROWS * modelled) / (rows + PRIOR_ROWS)
}

/// WAL per row change as the windows show it. `unread`: the share of the WAL that was not read, 0 to 1; bursts that may lie
/// there are believed to be as the model says. `locks_are_foreign`: the table's row locks come from foreign keys of other
/// tables, and are counted with those tables' rows.
pub fn wal_costs(model: &RowCosts, tally: &WalTally, unread: f64, locks_are_foreign: bool) -> RowCosts {
    let rows = tally.rows.map(|count| count as f64);
    let seen = tally.row_bytes.map(|bytes| bytes as f64);
    let heap_insert = (model.insert_wal - model.insert_index_wal).max(0.0);
    let heap_update = (model.update_wal - model.update_index_wal).max(0.0);
    let own_locks = if locks_are_foreign { 0.0 } else { tally.lock_bytes as f64 };
    let known: f64 = seen.iter().sum::<f64>() + tally.index_bytes as f64;
    let rest = (known + tally.other_bytes as f64 + own_locks + OTHER_PRIOR_BYTES) / (known + OTHER_PRIOR_BYTES);
    let rest = rest.min(MOST_OTHER);
    let cost = |kind: usize, modelled: f64| per_row(seen[kind], rows[kind], modelled) * rest;
    // An index record does not tell an insert from an update: what they cost is in the model's proportion.
    let entries = rows[0] * model.insert_index_wal + rows[2] * model.update_index_wal;
    let prior = if model.has_index_bursts { BURST_PRIOR_BYTES * unread } else { 0.0 } + INDEX_PRIOR_BYTES;
    let index = (tally.index_bytes as f64 + prior) / (entries + prior);
    let index = if entries >= MANY_INDEX_BYTES { index } else { index.clamp(INDEX_RANGE.0, INDEX_RANGE.1) } * rest;
    let (insert_index_wal, update_index_wal) = (model.insert_index_wal * index, model.update_index_wal * index);
    RowCosts {
        insert_index_wal,
        update_index_wal,
        insert_wal: cost(0, heap_insert) + insert_index_wal,
        hot_update_wal: cost(1, model.hot_update_wal),
        update_wal: cost(2, heap_update) + update_index_wal,
        delete_wal: cost(3, model.delete_wal),
        chunk_insert_wal: cost(4, model.chunk_insert_wal),
        chunk_delete_wal: cost(5, model.chunk_delete_wal),
        ..*model
    }
}

/// Row locks for each insert into a table that references this one.
pub fn locks_per_reference(tally: &WalTally, references: u64) -> f64 {
    (tally.locks as f64 + PRIOR_LOCKS) / (references as f64 + PRIOR_LOCKS)
}

/// Bytes on the wire per row change as the slot shows them. `chunks_per_row`: TOAST chunks for each row inserted or
/// updated, by the counters.
pub fn logical_costs(model: &RowCosts, tally: &DecodeTally, chunks_per_row: f64) -> RowCosts {
    let rows = tally.rows.map(|count| count as f64);
    let seen = tally.bytes.map(|bytes| bytes as f64);
    let delete_logical = per_row(seen[2], rows[2], model.delete_logical);
    if chunks_per_row == 0.0 {
        return RowCosts {
            insert_logical: per_row(seen[0], rows[0], model.insert_logical),
            update_logical: per_row(seen[1], rows[1], model.update_logical),
            delete_logical,
            ..*model
        };
    }
    // TOAST is compressed in WAL and whole on the wire, and a chunk is not told apart there: one ratio for all.
    let chunks = chunks_per_row * model.chunk_logical;
    let (insert, update) = (model.insert_logical + chunks, model.update_logical + chunks);
    let prior = PRIOR_ROWS * (insert + update) / 2.0;
    let ratio = (seen[0] + seen[1] + prior) / (rows[0] * insert + rows[1] * update + prior);
    RowCosts {
        insert_logical: model.insert_logical * ratio,
        update_logical: model.update_logical * ratio,
        delete_logical,
        chunk_logical: model.chunk_logical * ratio,
        ..*model
    }
}

/// Transactions for each row change; `None` if too few were seen.
pub fn transactions_per_row(tally: &DecodeTally) -> Option<f64> {
    let rows = tally.all_rows();
    (rows > 0 && tally.transactions > 0).then(|| tally.transactions as f64 / rows as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> RowCosts {
        RowCosts {
            insert_wal: 160.0,
            hot_update_wal: 120.0,
            update_wal: 200.0,
            delete_wal: 60.0,
            insert_index_wal: 64.0,
            update_index_wal: 64.0,
            has_index_bursts: false,
            chunk_insert_wal: 2144.0,
            prune_wal: 4.0,
            chunk_delete_wal: 60.0,
            insert_logical: 50.0,
            update_logical: 50.0,
            delete_logical: 20.0,
            chunk_logical: 1996.0,
        }
    }

    #[test]
    fn nothing_seen_leaves_the_model() {
        assert_eq!(wal_costs(&model(), &WalTally::default(), 0.0, false), model());
        assert_eq!(logical_costs(&model(), &DecodeTally::default(), 0.0), model());
        assert_eq!(transactions_per_row(&DecodeTally::default()), None);
    }

    #[test]
    fn much_seen_decides() {
        // 100,000 inserts of 120 bytes with 80 bytes of index, and a tenth more of other records
        let mut tally = WalTally { index_bytes: 8_000_000, other_bytes: 2_000_000, ..WalTally::default() };
        tally.rows[0] = 100_000;
        tally.row_bytes[0] = 12_000_000;
        let learned = wal_costs(&model(), &tally, 0.0, false);
        assert!((learned.insert_wal - 220.0).abs() < 0.5, "{}", learned.insert_wal);
        assert!((learned.insert_index_wal - 88.0).abs() < 0.5);
        // no update was seen, but its index entries are the same
        assert!((learned.update_wal - (136.0 * 1.1 + 88.0)).abs() < 0.5, "{}", learned.update_wal);
        let locks = WalTally { lock_bytes: 54_000_000, ..tally };
        assert!(wal_costs(&model(), &locks, 0.0, false).insert_wal > learned.insert_wal * 3.0);
        assert_eq!(wal_costs(&model(), &locks, 0.0, true), learned);
    }

    #[test]
    fn on_conflict_costs_its_locks_and_confirmations_and_copy_shares_headers() {
        use crate::workload::tally::{WalPart, WalRecords};
        let records = |record_type: &str, records: u64, rows: u64, bytes: u64| WalRecords {
            part: WalPart::Heap,
            record_type: record_type.into(),
            records,
            rows,
            bytes,
            image_bytes: 0,
        };
        // 50,000 upserts: an insert of 96 bytes and its confirmation of 48, an update of 120 and its lock of 54
        let mut upserts = WalTally::default();
        for one in [
            records("INSERT", 25_000, 25_000, 2_400_000),
            records("CONFIRM", 25_000, 25_000, 1_200_000),
            records("HOT_UPDATE", 25_000, 25_000, 3_000_000),
            records("LOCK", 25_000, 25_000, 1_350_000),
        ] {
            upserts.add_records(&one);
        }
        let learned = wal_costs(&model(), &upserts, 0.0, false);
        let all = 25_000.0 * (learned.insert_wal - learned.insert_index_wal + learned.hot_update_wal);
        assert!((all / 7_950_000.0 - 1.0).abs() < 0.01, "{all}");
        // COPY: 60 rows a record, 50 bytes each, against 96 by the model
        let mut copied = WalTally::default();
        copied.add_records(&records("MULTI_INSERT+INIT", 1_000, 60_000, 3_000_000));
        let learned = wal_costs(&model(), &copied, 0.0, false);
        assert!((learned.insert_wal - learned.insert_index_wal - 50.0).abs() < 0.1, "{}", learned.insert_wal);
    }

    #[test]
    fn an_index_whose_entries_come_in_bursts_is_learned_from_many_of_them() {
        // GIN: the model says 64 bytes a row, the WAL says 160
        let mut tally = WalTally { index_bytes: 1_600_000, ..WalTally::default() };
        (tally.rows[0], tally.row_bytes[0]) = (10_000, 960_000);
        let learned = wal_costs(&model(), &tally, 0.0, false);
        assert!((learned.insert_index_wal / 160.0 - 1.0).abs() < 0.03, "{}", learned.insert_index_wal);
        // one burst among few rows is not believed beyond the range
        let few = WalTally { index_bytes: 64_000, rows: [100, 0, 0, 0, 0, 0], ..tally };
        assert!(wal_costs(&model(), &few, 0.0, false).insert_index_wal <= 64.0 * 2.5 + 1e-9);
        // windows of a sixteenth between two bursts: most of the model holds; all WAL: what was seen holds
        let bursts = RowCosts { has_index_bursts: true, ..model() };
        let between = WalTally { index_bytes: 256_000, ..tally };
        let of = |unread: f64| wal_costs(&bursts, &between, unread, false).insert_index_wal / 64.0;
        assert!((of(15.0 / 16.0) - (256.0 + 991.2) / (640.0 + 991.2)).abs() < 1e-3, "{}", of(15.0 / 16.0));
        assert!((of(0.0) - 0.4).abs() < 0.01, "{}", of(0.0));
    }

    #[test]
    fn compressed_values_are_longer_on_the_wire() {
        // one chunk of WAL a row, four times that on the wire
        let tally = DecodeTally { rows: [10_000, 0, 0], bytes: [10_000 * 8184, 0, 0], transactions: 5_000 };
        let learned = logical_costs(&model(), &tally, 1.0);
        let per_row = learned.insert_logical + learned.chunk_logical;
        assert!((per_row / 8184.0 - 1.0).abs() < 0.001, "{per_row}");
        assert_eq!(transactions_per_row(&tally), Some(0.5));
    }
}
