//! The steps of a calibration round: tables, statements, and what each makes an apply worker do.
//!
//! Widths are those that `pg_stats` gives, and bytes of messages follow from them as in `workload::record_model`, so
//! that the coefficients mean what the cost model takes them for.

use crate::{
    calibrate::{CalibrationStep, Work},
    workload::record_model::TOAST_CHUNK_BYTES,
};

/// Rows in the table that has no index.
const SCANNED_TABLE_ROWS: f64 = 3000.0;

/// How the statements of a step are cut into transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// One transaction, the marks inside it.
    One,
    /// A transaction a row; the marks are transactions of their own.
    Each,
}

/// A step with the statement that makes its changes on the source.
pub(super) struct WrittenStep {
    pub(super) step: CalibrationStep,
    pub(super) cut: Cut,
    /// Made before the step, not measured.
    pub(super) before: &'static str,
    pub(super) sql: &'static str,
}

/// Tables of both sides; `marks` is made apart, since the subscriber's has a column more.
pub(super) const TABLES: [&str; 7] = ["narrow", "indexed3", "indexed7", "wide", "toasted", "scanned", "short"];

/// DDL of [`TABLES`]. Free room in the pages lets updates stay HOT; autovacuum would only blur the times.
pub(super) const TABLES_SQL: &str = "
CREATE TABLE pgslotplan_calibration.narrow (id bigint PRIMARY KEY, a int, b int)
  WITH (fillfactor = 45, autovacuum_enabled = off);
CREATE TABLE pgslotplan_calibration.indexed3 (id bigint PRIMARY KEY, a int, b int, c text) WITH (autovacuum_enabled = off);
CREATE INDEX ON pgslotplan_calibration.indexed3 (a);
CREATE INDEX ON pgslotplan_calibration.indexed3 (b, c);
CREATE TABLE pgslotplan_calibration.indexed7 (id bigint PRIMARY KEY, a int, b int, c int, d int, e int, f int)
  WITH (autovacuum_enabled = off);
CREATE INDEX ON pgslotplan_calibration.indexed7 (a);
CREATE INDEX ON pgslotplan_calibration.indexed7 (b);
CREATE INDEX ON pgslotplan_calibration.indexed7 (c);
CREATE INDEX ON pgslotplan_calibration.indexed7 (d);
CREATE INDEX ON pgslotplan_calibration.indexed7 (e);
CREATE INDEX ON pgslotplan_calibration.indexed7 (f);
CREATE TABLE pgslotplan_calibration.wide (id bigint PRIMARY KEY, n int,
  c1 text, c2 text, c3 text, c4 text, c5 text, c6 text, c7 text, c8 text, c9 text,
  d1 text, d2 text, d3 text, d4 text, d5 text, d6 text, d7 text, d8 text, d9 text)
  WITH (fillfactor = 45, autovacuum_enabled = off);
CREATE TABLE pgslotplan_calibration.toasted (id bigint PRIMARY KEY, body text) WITH (autovacuum_enabled = off);
CREATE TABLE pgslotplan_calibration.scanned (a int, b text) WITH (autovacuum_enabled = off);
ALTER TABLE pgslotplan_calibration.scanned REPLICA IDENTITY FULL;
CREATE TABLE pgslotplan_calibration.short (id bigint PRIMARY KEY, a int) WITH (fillfactor = 45, autovacuum_enabled = off);";

/// Rows of the step that writes TOAST.
pub(super) const TOASTED_ROWS: f64 = 150.0;

/// Every step of a round, in order. `chunks` is the number of TOAST chunks of a row of `toasted`, which the server's way
/// of compressing decides: as in an application, what is sent is plain, and the subscriber compresses it again.
pub(super) fn written_steps(chunks: f64) -> Vec<WrittenStep> {
    // The marks lie inside, so neither begin nor commit is between them.
    let one =
        |name, work: Work, sql| WrittenStep { step: CalibrationStep { name, work }, cut: Cut::One, before: "", sql };
    let inserts = |rows: f64, indexes: f64, row_bytes: f64| Work {
        rows,
        index_entries: rows * indexes,
        inline_bytes: rows * row_bytes,
        ..Work::default()
    };
    let updates = |rows: f64, indexes: f64, row_bytes: f64| Work { updates: rows, ..inserts(rows, indexes, row_bytes) };
    let each = |step: WrittenStep| {
        let work = Work { transactions: step.step.work.rows, ..step.step.work };
        WrittenStep { cut: Cut::Each, step: CalibrationStep { work, ..step.step }, ..step }
    };
    vec![
        one(
            "insert, narrow",
            inserts(4000.0, 1.0, 39.0),
            "INSERT INTO pgslotplan_calibration.narrow SELECT g, g, g FROM generate_series(1, 4000) g",
        ),
        one(
            "HOT update, narrow",
            updates(4000.0, 0.0, 39.0),
            "UPDATE pgslotplan_calibration.narrow SET b = b + 1",
        ),
        one(
            "delete, narrow",
            Work { rows: 4000.0, deletes: 4000.0, inline_bytes: 4000.0 * 23.0, ..Work::default() },
            "DELETE FROM pgslotplan_calibration.narrow",
        ),
        one(
            "insert, 3 indexes",
            inserts(3000.0, 3.0, 51.0),
            "INSERT INTO pgslotplan_calibration.indexed3
             SELECT g, g * 7919 % 3001, g * 104729 % 2999, 'c' || g FROM generate_series(1, 3000) g",
        ),
        one(
            "update, 3 indexes",
            updates(3000.0, 3.0, 51.0),
            "UPDATE pgslotplan_calibration.indexed3 SET a = a + 1, b = b + 1",
        ),
        one(
            "insert, 7 indexes",
            inserts(2000.0, 7.0, 75.0),
            "INSERT INTO pgslotplan_calibration.indexed7
             SELECT g, g * 7919 % 2003, g * 104729 % 2003, g % 50, g * 31 % 2003, g * 17 % 2003, g FROM generate_series(1, 2000) g",
        ),
        one(
            "insert, 20 columns",
            inserts(1500.0, 1.0, 948.0),
            "INSERT INTO pgslotplan_calibration.wide
             SELECT g, g, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w
               FROM generate_series(1, 1500) g CROSS JOIN LATERAL (SELECT repeat(chr(97 + g % 26), 45) AS w) w",
        ),
        one("HOT update, 20 columns", updates(1500.0, 0.0, 948.0), "UPDATE pgslotplan_calibration.wide SET n = n + 1"),
        one(
            "insert, 15 kB of JSON text",
            Work { toast_bytes: TOASTED_ROWS * chunks * TOAST_CHUNK_BYTES, ..inserts(TOASTED_ROWS, 1.0, 44.0) },
            "INSERT INTO pgslotplan_calibration.toasted
             SELECT g, t.body FROM generate_series(1, 150) g CROSS JOIN LATERAL (
               SELECT string_agg('{\"id\":' || i || ',\"sku\":\"' || md5((g * 1000 + i)::text) || '\",\"status\":\"shipped\"}', ',')
                 AS body FROM generate_series(1, 230) i) t",
        ),
        each(one(
            "insert, one row a transaction",
            inserts(2000.0, 1.0, 30.0),
            "INSERT INTO pgslotplan_calibration.short VALUES (i, i)",
        )),
        each(one(
            "HOT update, one row a transaction",
            updates(2000.0, 0.0, 30.0),
            "UPDATE pgslotplan_calibration.short SET a = a + 1 WHERE id = 1 + i * 7919 % 2000",
        )),
        WrittenStep {
            before: "INSERT INTO pgslotplan_calibration.scanned
                     SELECT g, repeat('s', 40) FROM generate_series(1, 3000) g",
            ..one(
                "update, no index to find the row by",
                Work { scanned_rows: 60.0 * SCANNED_TABLE_ROWS / 2.0, ..updates(60.0, 0.0, 118.0) },
                "UPDATE pgslotplan_calibration.scanned SET b = 't' || b WHERE a % 50 = 25",
            )
        },
    ]
}
