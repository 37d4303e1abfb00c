//! From what WAL and a slot showed of a table to what its row changes cost.
//!
//! The record model says what a row change should cost; a window says what some did. Both are ratios of bytes to rows, so
//! it does not matter how much of the WAL was read, only that rows of every kind were among it. A kind of which little was
//! seen stays with the model: the ratio is `(seen + K) / (modelled + K)`, with K so large that a handful of records moves
//! little and a hundred decide.

use super::{
    record_model::RowCosts,
    tally::{DecodeTally, WalTally},
};

/// Bytes of one kind of record by which the model holds against what was seen. A hundred short records outweigh it.
const PRIOR_BYTES: f64 = 4096.0;
/// The same for what cannot be counted in rows: pruning, freezing, own row locks. They come in bursts, so few say little.
const OTHER_PRIOR_BYTES: f64 = 16_384.0;
/// Vacuum in a window can outweigh the rows; it is not believed beyond this.
const MOST_OTHER: f64 = 4.0;
/// Row locks by which the model of foreign keys holds against what was seen.
const PRIOR_LOCKS: f64 = 50.0;

/// `seen` against `modelled`, drawn towards 1 where both are small.
fn ratio(seen: f64, modelled: f64, prior: f64) -> f64 {
    (seen + prior) / (modelled + prior)
}

/// WAL per row change as the windows show it. `locks_are_foreign`: the table's row locks come from foreign keys of other
/// tables, and are counted with those tables' rows.
pub fn wal_costs(model: &RowCosts, tally: &WalTally, locks_are_foreign: bool) -> RowCosts {
    let rows = tally.rows.map(|count| count as f64);
    let seen = tally.row_bytes.map(|bytes| bytes as f64);
    let heap_insert = (model.insert_wal - model.index_wal).max(0.0);
    let heap_update = (model.update_wal - model.index_wal).max(0.0);
    let own_locks = if locks_are_foreign { 0.0 } else { tally.lock_bytes as f64 };
    let known: f64 = seen.iter().sum::<f64>() + tally.index_bytes as f64;
    let rest = ratio(known + tally.other_bytes as f64 + own_locks, known, OTHER_PRIOR_BYTES).min(MOST_OTHER);
    // The model's price of pruning is in the record itself: what was seen apart must not be counted twice.
    let cost = |kind: usize, modelled: f64| modelled * ratio(seen[kind], rows[kind] * modelled, PRIOR_BYTES) * rest;
    let entries = rows[0] + rows[2];
    let index = model.index_wal * ratio(tally.index_bytes as f64, entries * model.index_wal, PRIOR_BYTES) * rest;
    RowCosts {
        index_wal: index,
        insert_wal: cost(0, heap_insert) + index,
        hot_update_wal: cost(1, model.hot_update_wal),
        update_wal: cost(2, heap_update) + index,
        delete_wal: cost(3, model.delete_wal),
        chunk_insert_wal: cost(4, model.chunk_insert_wal),
        chunk_delete_wal: cost(5, model.chunk_delete_wal),
        ..*model
    }
}

/// Row locks for each insert into a table that references this one.
pub fn locks_per_reference(tally: &WalTally, references: u64) -> f64 {
    ratio(tally.locks as f64, references as f64, PRIOR_LOCKS)
}

/// Bytes on the wire per row change as the slot shows them. `chunks_per_row`: TOAST chunks for each row inserted or
/// updated, by the counters.
pub fn logical_costs(model: &RowCosts, tally: &DecodeTally, chunks_per_row: f64) -> RowCosts {
    let rows = tally.rows.map(|count| count as f64);
    let seen = tally.bytes.map(|bytes| bytes as f64);
    let delete = ratio(seen[2], rows[2] * model.delete_logical, PRIOR_BYTES);
    let (insert, update) = if chunks_per_row > 0.0 {
        // TOAST is compressed in WAL and whole on the wire, and a chunk is not told apart there: one ratio for all.
        let chunks = chunks_per_row * model.chunk_logical;
        let modelled = rows[0] * (model.insert_logical + chunks) + rows[1] * (model.update_logical + chunks);
        let both = ratio(seen[0] + seen[1], modelled, PRIOR_BYTES);
        (both, both)
    } else {
        (
            ratio(seen[0], rows[0] * model.insert_logical, PRIOR_BYTES),
            ratio(seen[1], rows[1] * model.update_logical, PRIOR_BYTES),
        )
    };
    RowCosts {
        insert_logical: model.insert_logical * insert,
        update_logical: model.update_logical * update,
        delete_logical: model.delete_logical * delete,
        chunk_logical: model.chunk_logical * insert,
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
            index_wal: 64.0,
            chunk_insert_wal: 2144.0,
            chunk_delete_wal: 60.0,
            insert_logical: 50.0,
            update_logical: 50.0,
            delete_logical: 20.0,
            chunk_logical: 1996.0,
        }
    }

    #[test]
    fn nothing_seen_leaves_the_model() {
        assert_eq!(wal_costs(&model(), &WalTally::default(), false), model());
        assert_eq!(logical_costs(&model(), &DecodeTally::default(), 0.0), model());
        assert_eq!(transactions_per_row(&DecodeTally::default()), None);
    }

    #[test]
    fn much_seen_decides() {
        // 100,000 inserts of 120 bytes with 80 bytes of index, and a tenth more of other records
        let mut tally = WalTally { index_bytes: 8_000_000, other_bytes: 2_000_000, ..WalTally::default() };
        tally.rows[0] = 100_000;
        tally.row_bytes[0] = 12_000_000;
        let learned = wal_costs(&model(), &tally, false);
        assert!((learned.insert_wal - 220.0).abs() < 0.5, "{}", learned.insert_wal);
        assert!((learned.index_wal - 88.0).abs() < 0.5);
        // no update was seen, but its index entries are the same
        assert!((learned.update_wal - (136.0 * 1.1 + 88.0)).abs() < 0.5, "{}", learned.update_wal);
        let locks = WalTally { lock_bytes: 54_000_000, ..tally };
        assert!(wal_costs(&model(), &locks, false).insert_wal > learned.insert_wal * 3.0);
        assert_eq!(wal_costs(&model(), &locks, true), learned);
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
