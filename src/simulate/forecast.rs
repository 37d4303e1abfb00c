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
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// Always `forecast`.
    pub kind: String,
    /// Format version.
    pub version: u64,
    /// Who wrote it.
    #[serde(default)]
    pub tool: String,
    /// The plan.
    pub plan_sha256: String,
    /// The workload.
    pub workload_sha256: String,
    /// The database.
    pub database: String,
    /// Start of the first bucket.
    pub start: Timestamp,
    /// Length of a bucket, seconds.
    pub bucket_s: u32,
    /// Number of buckets.
    pub bucket_count: u32,
    /// Buckets that were not observed and are taken to be as the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filled_buckets: Vec<u32>,
    /// What was assumed.
    pub scenario: Scenario,
    /// WAL of the cluster in each bucket, bulk loads not counted, bytes per second.
    pub cluster_wal_bytes_per_s: Vec<f64>,
    /// The plan, then the baselines if they were asked for.
    pub layouts: Vec<LayoutForecast>,
    /// The plan's initial copy.
    pub copy: CopyForecast,
    /// The plan's cutover.
    pub cutover: CutoverForecast,
    /// What to know, sorted.
    pub findings: Vec<Finding>,
}

impl format::Document for Forecast {
    const KIND: &'static str = "forecast";
    const VERSION: u64 = 1;
}

/// What one layout would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutForecast {
    /// Which.
    pub layout: LayoutKind,
    /// Table pairs with foreign keys that are in different slots.
    pub cut_pairs: u32,
    /// Foreign keys that join two slots.
    pub cut_foreign_keys: u32,
    /// Largest load of a slot in a bucket; 1 is all that a slot can do.
    pub peak_load: Range,
    /// Cores busy with walsenders in the busiest bucket, if they keep up.
    pub walsender_cores: Range,
    /// Cores of the subscriber busy with apply workers in the busiest bucket, if they keep up. `high`: each transaction wakes its
    /// worker, at the most that this takes, or the careful coefficients, whichever is more.
    pub apply_cores: Range,
    /// Longest time that a slot is behind the publisher.
    pub flush_lag_s: Range,
    /// Most WAL that a slot is behind.
    pub flush_lag_bytes: Range,
    /// Most WAL that the publisher must keep for the slowest slot, the initial copy not counted.
    pub retained_wal_bytes: Range,
    /// Longest time from a slot's largest lag until it is caught up.
    pub catch_up_s: Range<Option<f64>>,
    /// Longest time that a burst within a bucket delays what shares its slot, as sampled; hour means do not show it.
    pub burst_delay_s: Range,
    /// Time until every table is ready.
    pub copy_s: Range<Option<f64>>,
    /// Most WAL kept during the initial copy.
    pub copy_retained_wal_bytes: Range,
    /// The slots; in the plan's order for the plan.
    pub slots: Vec<SlotForecast>,
    /// Most WAL kept in each bucket, bytes.
    pub retained_wal_bytes_by_bucket: Range<Vec<f64>>,
}

/// What one slot would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotForecast {
    /// Its name; made up for baselines.
    pub name: String,
    /// Its tables; partitions count with their root.
    pub table_count: u32,
    /// Largest load in a bucket.
    pub peak_load: Range,
    /// Largest mean of a stage.
    pub mean_load: Range,
    /// Longest time behind the publisher.
    pub flush_lag_s: Range,
    /// When, in the nominal case.
    pub flush_lag_at_s: f64,
    /// Most WAL behind the publisher.
    pub flush_lag_bytes: Range,
    /// From the largest lag until caught up.
    pub catch_up_s: Range<Option<f64>>,
    /// How long its largest burst delays what shares the slot.
    pub burst_delay_s: Range,
    /// Stretches of time that it is behind, in the nominal case, worst first, at most five.
    pub episodes: Vec<Episode>,
    /// Load in each bucket, nominal.
    pub load: Vec<f64>,
    /// Largest lag in each bucket, seconds.
    pub flush_lag_s_by_bucket: Range<Vec<f64>>,
    /// Largest lag in each bucket, bytes, nominal.
    pub flush_lag_bytes_by_bucket: Vec<f64>,
}

/// A stretch of time in which a slot is behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// When it falls behind.
    pub from_s: f64,
    /// When it is caught up; absent: not within another cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_s: Option<f64>,
    /// When it is furthest behind, in bytes.
    pub peak_at_s: f64,
    /// Longest time behind in it.
    pub flush_lag_s: f64,
    /// Most WAL behind in it.
    pub flush_lag_bytes: f64,
}

/// The initial copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyForecast {
    /// When it starts.
    pub start_s: f64,
    /// The hour that retains least WAL; where several do, the one ready first.
    pub best_start_s: f64,
    /// Bytes that it copies.
    pub bytes: u64,
    /// Until every table is ready, from its start.
    pub ready_s: Range<Option<f64>>,
    /// Most WAL kept meanwhile: each table synchronization slot keeps all since its snapshot.
    pub retained_wal_bytes: Range,
    /// Each table, nominal: slot, worker, times from the start of the copy.
    pub tables: Vec<TableCopy>,
}

/// One table's initial copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableCopy {
    /// The table.
    pub table: TableName,
    /// Index of its slot in the plan.
    pub slot: u32,
    /// Which of the slot's workers, from 0.
    pub worker: u32,
    /// Bytes.
    pub bytes: u64,
    /// Seconds from the start of the copy.
    pub from_s: f64,
    /// When its rows are there.
    pub copied_s: f64,
    /// When it has caught up with its slot; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_s: Option<f64>,
}

/// The cutover: how long after writes stop until every slot is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutoverForecast {
    /// When writes stop.
    pub at_s: f64,
    /// The start of the bucket with the shortest drain; where several are, the one with the fewest transactions.
    pub best_at_s: f64,
    /// Time to drain at [`CutoverForecast::at_s`].
    pub drain_s: Range,
    /// Time to drain at the start of each bucket.
    pub drain_s_by_bucket: Range<Vec<f64>>,
}
