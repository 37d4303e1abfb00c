//! What is measured of a database and its server, and what it says when it changes: the one list.

use Kind::{Counter, Level};
use Says::{Load, Nothing, Worse};

/// Whether a reading is a sum since a reset, or what holds at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rises; kept as a rate, a second.
    Counter,
    /// Kept as it is.
    Level,
}

/// What more of it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The application does more.
    Load,
    /// The database does worse.
    Worse,
    /// Neither by itself.
    Nothing,
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// As it is.
    Itself,
    /// For each transaction: twice the load may read twice as much.
    Transaction,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name in files; the unit is in it.
    pub name: &'static str,
    /// For people.
    pub words: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// What more of it means.
    pub says: Says,
    /// How it is compared.
    pub per: Per,
    /// Less than this is never worth a word: the unit is the figure's, for each transaction where it is compared so.
    pub floor: f64,
}

const fn figure(name: &'static str, words: &'static str, kind: Kind, says: Says, per: Per, floor: f64) -> Figure {
    Figure { name, words, kind, says, per, floor }
}

/// All of them, in the order in which they are shown.
pub const FIGURES: &[Figure] = &[
    figure("commits_per_s", "commits a second", Counter, Load, Per::Itself, 1.0),
    figure("rollbacks_per_s", "rollbacks a second", Counter, Worse, Per::Transaction, 0.01),
    figure("rows_returned_per_s", "rows read by scans a second", Counter, Nothing, Per::Transaction, 100.0),
    figure("rows_fetched_per_s", "rows found by indexes a second", Counter, Nothing, Per::Transaction, 100.0),
    figure("rows_inserted_per_s", "rows inserted a second", Counter, Load, Per::Itself, 1.0),
    figure("rows_updated_per_s", "rows updated a second", Counter, Load, Per::Itself, 1.0),
    figure("rows_deleted_per_s", "rows deleted a second", Counter, Load, Per::Itself, 1.0),
    figure("blocks_hit_per_s", "blocks found in shared buffers a second", Counter, Nothing, Per::Transaction, 100.0),
    figure("blocks_read_per_s", "blocks read a second", Counter, Worse, Per::Transaction, 2.0),
    figure("block_read_ms_per_s", "time reading blocks, ms a second", Counter, Nothing, Per::Transaction, 1.0),
    figure("block_write_ms_per_s", "time writing blocks, ms a second", Counter, Nothing, Per::Transaction, 1.0),
    figure("temp_files_per_s", "temporary files a second", Counter, Nothing, Per::Transaction, 0.01),
    figure("temp_bytes_per_s", "bytes of temporary files a second", Counter, Worse, Per::Transaction, 10_000.0),
    figure("deadlocks_per_s", "deadlocks a second", Counter, Worse, Per::Itself, 0.000_3),
    figure("conflicts_per_s", "queries cancelled on a standby a second", Counter, Worse, Per::Itself, 0.001),
    figure("wal_bytes_per_s", "WAL bytes a second", Counter, Nothing, Per::Transaction, 10_000.0),
    figure("checkpoints_timed_per_s", "checkpoints by time a second", Counter, Nothing, Per::Itself, 0.01),
    figure("checkpoints_requested_per_s", "checkpoints by WAL a second", Counter, Worse, Per::Itself, 0.01),
    figure("checkpoint_blocks_per_s", "blocks written by checkpoints a second", Counter, Nothing, Per::Itself, 100.0),
    figure(
        "cleaned_blocks_per_s",
        "blocks written by the background writer a second",
        Counter,
        Nothing,
        Per::Itself,
        100.0,
    ),
    figure(
        "backend_blocks_per_s",
        "blocks written by other processes a second",
        Counter,
        Nothing,
        Per::Transaction,
        10.0,
    ),
    figure("io_reads_per_s", "read operations a second", Counter, Nothing, Per::Transaction, 2.0),
    figure("io_writes_per_s", "write operations a second", Counter, Nothing, Per::Transaction, 2.0),
    figure("sessions", "sessions", Level, Nothing, Per::Itself, 10.0),
    figure("sessions_active", "active sessions", Level, Nothing, Per::Itself, 2.0),
    figure("sessions_idle_in_transaction", "sessions idle in a transaction", Level, Worse, Per::Itself, 3.0),
    figure("waits_lock", "sessions that wait for a lock", Level, Worse, Per::Itself, 0.5),
    figure("waits_lwlock", "sessions that wait for a lightweight lock", Level, Worse, Per::Itself, 2.0),
    figure("waits_io", "sessions that wait for I/O", Level, Worse, Per::Itself, 2.0),
    figure("longest_transaction_s", "longest transaction, s", Level, Nothing, Per::Itself, 60.0),
    figure("replica_lag_bytes", "flush lag of the last replica, bytes", Level, Worse, Per::Itself, 16_000_000.0),
    figure("replica_lag_s", "replay lag of the last replica, s", Level, Worse, Per::Itself, 5.0),
    figure("slot_retained_bytes", "WAL retained by slots, bytes", Level, Nothing, Per::Itself, 1e9),
    figure("dead_rows", "dead rows", Level, Nothing, Per::Itself, 10_000.0),
    figure("frozen_xid_age", "age of the oldest unfrozen transaction", Level, Nothing, Per::Itself, 1e8),
    figure("frozen_multixact_age", "age of the oldest unfrozen multixact", Level, Nothing, Per::Itself, 1e8),
];

/// A figure by name; none for one of another release.
pub fn find(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_is_listed_once_and_says_its_unit() {
        let names: BTreeSet<&str> = FIGURES.iter().map(|figure| figure.name).collect();
        assert_eq!(names.len(), FIGURES.len());
        assert!(FIGURES.iter().all(|figure| (figure.kind == Counter) == figure.name.ends_with("_per_s")));
        assert!(FIGURES.iter().all(|figure| figure.floor > 0.0 && !figure.words.is_empty()));
        assert_eq!(find("commits_per_s").map(|figure| figure.says), Some(Load));
        assert!(find("x").is_none());
    }
}
