//! The forecast file: what would happen, for the plan and for naive layouts beside it. Types only.
//!
//! A range holds the optimistic (`low`), the nominal and the careful (`high`) coefficients' answer. Times are seconds from
//! the workload's start unless the name says otherwise; `null` where a queue never empties.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::scenario::Scenario;
use crate::{finding::Finding, format, names::TableName};

/// One answer for each set of coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Range<T = f64> {
    /// With the optimistic coefficients.
    pub low: T,
    /// With the balanced ones.
    pub nominal: T,
    /// With the careful ones.
    pub high: T,
}

impl<T> Range<T> {
    /// The same computed for each of three.
    pub fn map<U>(&self, of: impl Fn(&T) -> U) -> Range<U> {
        Range { low: of(&self.low), nominal: of(&self.nominal), high: of(&self.high) }
    }
}

/// How tables are dealt to slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LayoutKind {
    /// The plan's slots.
    Plan,
    /// One slot for everything.
    OneSlot,
    /// As many slots as the plan has, tables dealt in the order of their names.
    RoundRobin,
    /// The same, largest table first, each to the slot that copies least.
    BySize,
    /// The same by rows changed over the whole time, as one counter reading shows them: the best-known playbook.
    TupleCount,
}

/// The forecast file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// Always `forecast`.
    pub kind: String,
    /// Version of this kind's format; every other is refused.
    pub version: u64,
    /// The program and its release that wrote the file, `pgslotplan X.Y.Z`; no part of a digest.
    #[serde(default)]
    pub tool: String,
    /// `plan_sha256` of the plan that is forecast.
    pub plan_sha256: String,
    /// SHA-256 of the canonical workload whose load is assumed, hexadecimal.
    pub workload_sha256: String,
    /// Name of the database that is published.
    pub database: String,
    /// Start of the workload's first bucket, UTC.
    pub start: Timestamp,
    /// Length of every bucket of the workload, seconds.
    pub bucket_s: u32,
    /// Number of buckets of the workload.
    pub bucket_count: u32,
    /// Buckets that were not observed and are taken to be as the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filled_buckets: Vec<u32>,
    /// What was assumed beside plan and workload.
    pub scenario: Scenario,
    /// WAL of the cluster in each bucket, bulk loads not counted, bytes per second.
    pub cluster_wal_bytes_per_s: Vec<f64>,
    /// The plan, then the baselines if they were asked for.
    pub layouts: Vec<LayoutForecast>,
    /// The initial copy of the plan's slots.
    pub copy: CopyForecast,
    /// The drain of the plan's slots once writes stop.
    pub cutover: CutoverForecast,
    /// What to know, sorted by severity, code and subject.
    pub findings: Vec<Finding>,
}

impl format::Document for Forecast {
    const KIND: &'static str = "forecast";
    const VERSION: u64 = 1;
}

/// What would happen with one way to deal the tables to slots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LayoutForecast {
    /// How its tables are dealt to slots.
    pub layout: LayoutKind,
    /// Number of table pairs with foreign keys that are in different slots.
    pub cut_pairs: u32,
    /// Number of foreign keys that join two slots.
    pub cut_foreign_keys: u32,
    /// Largest load of a slot in a bucket; 1 is all that a slot can do.
    pub peak_load: Range,
    /// Cores busy with walsenders in the busiest bucket, if they keep up.
    pub walsender_cores: Range,
    /// Cores of the subscriber busy with apply workers in the busiest bucket, if they keep up. `high`: each transaction wakes its
    /// worker, at the most that this takes, or the careful coefficients, whichever is more.
    pub apply_cores: Range,
    /// Longest time that a slot is behind the publisher, seconds.
    pub flush_lag_s: Range,
    /// Most WAL that a slot is behind the publisher, bytes.
    pub flush_lag_bytes: Range,
    /// Most WAL that the publisher must keep for the slowest slot, bytes; the initial copy is not counted.
    pub retained_wal_bytes: Range,
    /// Longest time from a slot's largest lag until it is caught up, seconds; null: never.
    pub catch_up_s: Range<Option<f64>>,
    /// Longest time that a burst within a bucket delays what shares its slot, seconds, as sampled; hour means do not
    /// show it.
    pub burst_delay_s: Range,
    /// Time from the start of the initial copy until every table is ready, seconds; null: never.
    pub copy_s: Range<Option<f64>>,
    /// Most WAL that the publisher must keep during the initial copy, bytes.
    pub copy_retained_wal_bytes: Range,
    /// Its slots, in the plan's order for the plan.
    pub slots: Vec<SlotForecast>,
    /// Most WAL that the publisher must keep in each bucket, bytes.
    pub retained_wal_bytes_by_bucket: Range<Vec<f64>>,
}

/// What would happen to one slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SlotForecast {
    /// Name of the slot; made up for baselines.
    pub name: String,
    /// Number of its tables; partitions count with their root.
    pub table_count: u32,
    /// Largest load of the slot in a bucket; 1 is all that a slot can do.
    pub peak_load: Range,
    /// Mean load of the stage that has the largest; at 1 or more it never drains.
    pub mean_load: Range,
    /// Longest time that the slot is behind the publisher, seconds.
    pub flush_lag_s: Range,
    /// When it is so with the nominal coefficients, seconds from the workload's start.
    pub flush_lag_at_s: f64,
    /// Most WAL that the slot is behind the publisher, bytes.
    pub flush_lag_bytes: Range,
    /// Time from its largest lag until it is caught up, seconds; null: never.
    pub catch_up_s: Range<Option<f64>>,
    /// How long its largest burst delays what shares the slot, seconds.
    pub burst_delay_s: Range,
    /// Stretches of time that it is behind, in the nominal case, worst first, at most five.
    pub episodes: Vec<Episode>,
    /// Load in each bucket with the nominal coefficients; 1 is all that a slot can do.
    pub load: Vec<f64>,
    /// Largest lag in each bucket, seconds.
    pub flush_lag_s_by_bucket: Range<Vec<f64>>,
    /// Largest lag in each bucket with the nominal coefficients, bytes.
    pub flush_lag_bytes_by_bucket: Vec<f64>,
}

/// A stretch of time in which a slot is behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// When the slot falls behind, seconds from the workload's start.
    pub from_s: f64,
    /// When it is caught up, seconds from the workload's start; absent: not within another cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_s: Option<f64>,
    /// When it is furthest behind in bytes, seconds from the workload's start.
    pub peak_at_s: f64,
    /// Longest time that it is behind the publisher meanwhile, seconds.
    pub flush_lag_s: f64,
    /// Most WAL that it is behind the publisher meanwhile, bytes.
    pub flush_lag_bytes: f64,
}

/// The initial copy of the plan's slots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CopyForecast {
    /// When it starts, seconds from the workload's start.
    pub start_s: f64,
    /// Start of the hour that retains least WAL, seconds from the workload's start; where several do, the one ready
    /// first.
    pub best_start_s: f64,
    /// What it reads on the publisher, heap and TOAST, bytes.
    pub bytes: u64,
    /// Time from its start until every table is ready, seconds; null: never.
    pub ready_s: Range<Option<f64>>,
    /// Most WAL kept meanwhile, bytes: each table synchronization slot keeps all since its snapshot; with bootstrap `snapshot` every slot
    /// keeps all since the start.
    pub retained_wal_bytes: Range,
    /// Bootstrap `snapshot`: time until the last row is copied, seconds. Until then VACUUM removes no row on the publisher that died since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_s: Option<Range>,
    /// Each table, nominal: slot, worker, times from the start of the copy.
    pub tables: Vec<TableCopy>,
}

/// The initial copy of one table, with the nominal coefficients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TableCopy {
    /// The table that is copied; a partition root for its whole tree.
    pub table: TableName,
    /// Index of its slot in the plan, from 0.
    pub slot: u32,
    /// Which of the slot's workers, from 0; with bootstrap `snapshot` which program takes its first piece.
    pub worker: u32,
    /// What is read of it, heap and TOAST, bytes.
    pub bytes: u64,
    /// When its copy begins, seconds from the start of the initial copy.
    pub from_s: f64,
    /// When all its rows are copied, seconds from the start of the initial copy.
    pub copied_s: f64,
    /// When it has caught up with its slot, seconds from the start of the initial copy; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_s: Option<f64>,
}

/// The cutover: how long after writes stop until every slot is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CutoverForecast {
    /// When writes stop, seconds from the workload's start.
    pub at_s: f64,
    /// Start of the bucket with the shortest drain, seconds from the workload's start; where several are, the one with
    /// the fewest transactions.
    pub best_at_s: f64,
    /// Time from the write stop at `at_s` until every slot is empty, seconds.
    pub drain_s: Range,
    /// The same for a write stop at the start of each bucket, seconds.
    pub drain_s_by_bucket: Range<Vec<f64>>,
}
