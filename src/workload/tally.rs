//! What was seen of a table in WAL itself: bytes by kind of record, and changes as a slot decodes them.
//!
//! Only windows are read, so sums mean nothing by themselves: what counts is bytes per row change and transactions per
//! row change, which `learn` applies to the counters. Nothing here reads WAL; `pg` does.

use serde::{Deserialize, Serialize};

use crate::lsn::Lsn;

/// Which of a table's relations a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalPart {
    /// The table.
    Heap,
    /// One of its indexes.
    Index,
    /// Its TOAST table.
    Toast,
    /// The index of its TOAST table.
    ToastIndex,
}

/// Records of one kind about one relation, as `pg_walinspect` sums them up.
#[derive(Debug, Clone, PartialEq)]
pub struct WalRecords {
    /// Which relation of the table.
    pub part: WalPart,
    /// `INSERT`, `HOT_UPDATE`, `MULTI_INSERT+INIT`, …
    pub record_type: String,
    /// Records.
    pub records: u64,
    /// Rows in them: only `MULTI_INSERT` has more than one.
    pub rows: u64,
    /// Their length without full-page images, bytes.
    pub bytes: u64,
    /// Full-page images, bytes.
    pub image_bytes: u64,
}

/// Row changes by what they cost: inserted, updated HOT, updated otherwise, deleted, chunks inserted, chunks deleted.
pub const ROW_KINDS: usize = 6;

/// WAL of one table in the windows that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "[u64; 17]", into = "[u64; 17]")]
pub struct WalTally {
    /// Row changes of each kind.
    pub rows: [u64; ROW_KINDS],
    /// Bytes of the records that carry them; for chunks with the TOAST index.
    pub row_bytes: [u64; ROW_KINDS],
    /// Bytes of the records of its indexes.
    pub index_bytes: u64,
    /// Row locks: foreign keys, ON CONFLICT, SELECT FOR UPDATE.
    pub locks: u64,
    /// Bytes of these.
    pub lock_bytes: u64,
    /// Bytes of all other records: pruning, freezing, visibility, confirmed speculative inserts.
    pub other_bytes: u64,
    /// Full-page images, bytes.
    pub image_bytes: u64,
}

impl From<[u64; 17]> for WalTally {
    fn from(all: [u64; 17]) -> Self {
        let mut tally = WalTally::default();
        for (kind, pair) in all[..12].chunks_exact(2).enumerate() {
            (tally.rows[kind], tally.row_bytes[kind]) = (pair[0], pair[1]);
        }
        [tally.index_bytes, tally.locks, tally.lock_bytes, tally.other_bytes, tally.image_bytes] =
            [all[12], all[13], all[14], all[15], all[16]];
        tally
    }
}

impl From<WalTally> for [u64; 17] {
    fn from(tally: WalTally) -> Self {
        let mut all = [0; 17];
        for kind in 0..ROW_KINDS {
            (all[2 * kind], all[2 * kind + 1]) = (tally.rows[kind], tally.row_bytes[kind]);
        }
        let rest = [tally.index_bytes, tally.locks, tally.lock_bytes, tally.other_bytes, tally.image_bytes];
        all[12..].copy_from_slice(&rest);
        all
    }
}

impl WalTally {
    /// Adds records of one kind.
    pub fn add_records(&mut self, records: &WalRecords) {
        self.image_bytes += records.image_bytes;
        let kind = match (records.part, records.record_type.trim_end_matches("+INIT")) {
            (WalPart::Index, _) => {
                self.index_bytes += records.bytes;
                return;
            }
            (WalPart::ToastIndex, _) => {
                self.row_bytes[4] += records.bytes;
                return;
            }
            (WalPart::Heap, "INSERT" | "MULTI_INSERT") => 0,
            (WalPart::Heap, "HOT_UPDATE") => 1,
            (WalPart::Heap, "UPDATE") => 2,
            (WalPart::Heap, "DELETE") => 3,
            (WalPart::Toast, "INSERT" | "MULTI_INSERT") => 4,
            (WalPart::Toast, "DELETE") => 5,
            (WalPart::Heap, "LOCK" | "LOCK_UPDATED") => {
                self.locks += records.records;
                self.lock_bytes += records.bytes;
                return;
            }
            (WalPart::Heap | WalPart::Toast, _) => {
                self.other_bytes += records.bytes;
                return;
            }
        };
        self.rows[kind] += records.rows;
        self.row_bytes[kind] += records.bytes;
    }

    /// Adds another window's.
    pub fn add(&mut self, other: &WalTally) {
        let (mut sum, other): ([u64; 17], [u64; 17]) = ((*self).into(), (*other).into());
        for (sum, more) in sum.iter_mut().zip(other) {
            *sum = sum.saturating_add(more);
        }
        *self = sum.into();
    }

    /// All bytes but images.
    pub fn bytes(&self) -> u64 {
        self.row_bytes.iter().sum::<u64>() + self.index_bytes + self.lock_bytes + self.other_bytes
    }
}

/// Changes of one table as a slot decodes them: committed ones only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "[u64; 7]", into = "[u64; 7]")]
pub struct DecodeTally {
    /// Rows inserted, updated, deleted.
    pub rows: [u64; 3],
    /// What pgoutput would send for them, bytes.
    pub bytes: [u64; 3],
    /// Transactions that changed the table.
    pub transactions: u64,
}

impl From<[u64; 7]> for DecodeTally {
    fn from([i, u, d, bi, bu, bd, transactions]: [u64; 7]) -> Self {
        DecodeTally { rows: [i, u, d], bytes: [bi, bu, bd], transactions }
    }
}

impl From<DecodeTally> for [u64; 7] {
    fn from(tally: DecodeTally) -> Self {
        let ([i, u, d], [bi, bu, bd]) = (tally.rows, tally.bytes);
        [i, u, d, bi, bu, bd, tally.transactions]
    }
}

impl DecodeTally {
    /// Adds another peek's.
    pub fn add(&mut self, other: &DecodeTally) {
        let (mut sum, other): ([u64; 7], [u64; 7]) = ((*self).into(), (*other).into());
        for (sum, more) in sum.iter_mut().zip(other) {
            *sum = sum.saturating_add(more);
        }
        *self = sum.into();
    }

    /// All row changes.
    pub fn all_rows(&self) -> u64 {
        self.rows.iter().sum()
    }
}

/// What one read of a slot showed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peek {
    /// Transactions that were committed after this position,
    pub from: Lsn,
    /// and not after this one.
    pub to: Lsn,
    /// Time that it covers, seconds.
    pub seconds: f64,
    /// Transactions that changed any table.
    pub transactions: u64,
    /// By the table's oid.
    pub tables: Vec<(u32, DecodeTally)>,
    /// Two tables, the smaller oid first, and the transactions that changed both. Partitions stand under their root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<(u32, u32, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(part: WalPart, record_type: &str, records: u64, rows: u64, bytes: u64) -> WalRecords {
        WalRecords { part, record_type: record_type.into(), records, rows, bytes, image_bytes: 1 }
    }

    #[test]
    fn records_fall_into_their_kinds() {
        let mut tally = WalTally::default();
        for one in [
            records(WalPart::Heap, "INSERT+INIT", 1, 1, 100),
            records(WalPart::Heap, "MULTI_INSERT", 2, 60, 3000),
            records(WalPart::Heap, "HOT_UPDATE", 3, 3, 300),
            records(WalPart::Heap, "LOCK", 5, 5, 270),
            records(WalPart::Heap, "PRUNE_ON_ACCESS", 1, 1, 70),
            records(WalPart::Index, "INSERT_LEAF", 61, 61, 3904),
            records(WalPart::Toast, "INSERT", 4, 4, 8000),
            records(WalPart::ToastIndex, "INSERT_LEAF", 4, 4, 288),
            records(WalPart::Toast, "DELETE", 2, 2, 108),
        ] {
            tally.add_records(&one);
        }
        assert_eq!(tally.rows, [61, 3, 0, 0, 4, 2]);
        assert_eq!(tally.row_bytes, [3100, 300, 0, 0, 8288, 108]);
        assert_eq!((tally.index_bytes, tally.locks, tally.lock_bytes, tally.other_bytes), (3904, 5, 270, 70));
        assert_eq!((tally.image_bytes, tally.bytes()), (9, 3100 + 300 + 8288 + 108 + 3904 + 270 + 70));
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<WalTally>(&text).unwrap(), tally);
        let mut twice = tally;
        twice.add(&tally);
        assert_eq!(twice.bytes(), 2 * tally.bytes());
    }

    #[test]
    fn peeks_read_back() {
        let tally = DecodeTally { rows: [1, 2, 3], bytes: [10, 20, 30], transactions: 4 };
        let (tables, pairs) = (vec![(7, tally)], vec![(7, 9, 2)]);
        let peek = Peek { from: Lsn(5), to: Lsn(9), seconds: 1.5, transactions: 4, tables, pairs };
        let text = serde_json::to_string(&peek).unwrap();
        assert_eq!(serde_json::from_str::<Peek>(&text).unwrap(), peek);
        assert_eq!(tally.all_rows(), 6);
    }
}
