//! What a table asks of a slot (docs/rules.md, "Loads"). One definition for planning, checking and simulating.
//!
//! Coefficients: measured apply and decode times (docs/rules.md, docs/measurements.md).

mod checked;

use serde::{Deserialize, Serialize};

use std::collections::BTreeSet;

pub use checked::CostError;

use crate::{
    format::{Document, FormatError, TOOL},
    names::TableName,
    policy::{Measure, Policy},
    server::ServerVersion,
    workload::{ReplicaIdentity, Table, Workload, record_model::TOAST_CHUNK_BYTES},
};

/// Integer units in one second of a stage's time per second: loads of `apply` and `pipeline` are counted in 10⁻⁹.
pub const UNITS_PER_SHARE: f64 = 1e9;

/// Most load of all tables in one bucket that can be planned, units: four million slots' worth of time. Up to 2⁵³ sums are
/// exact as floats too.
pub const MOST_UNITS: u64 = 4_000_000_000_000_000;

/// Which set of coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Transactions are cheap to apply, as in catching up on a backlog.
    Low,
    /// What is balanced.
    Nominal,
    /// Transactions cost what they cost live.
    High,
}

/// Apply and decode costs. Seconds unless the name says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coefficients {
    /// Applying one row change of any kind, µs.
    pub row_us: f64,
    /// What an update costs more than an insert, µs a row.
    pub update_us: f64,
    /// What a delete costs more than an insert, µs a row.
    pub delete_us: f64,
    /// Inserting one index entry on the subscriber, µs.
    pub index_entry_us: f64,
    /// Applying one byte of values that lie in the row, µs.
    pub inline_byte_us: f64,
    /// Applying one byte of values that lie in TOAST, µs.
    pub toast_byte_us: f64,
    /// Beginning and committing one transaction on the subscriber, µs.
    pub transaction_us: f64,
    /// Looking at one row while an old row is sought without an index, µs.
    pub scanned_row_us: f64,
    /// One transaction of the cluster that a publisher below 15 sends to every slot, though empty, µs.
    pub empty_transaction_us: f64,
    /// What a walsender takes to send one logical byte, ns.
    pub send_byte_ns: f64,
    /// What every walsender takes to decode one byte of the tables' WAL, ns.
    pub decode_byte_ns: f64,
    /// What every walsender takes to read past one byte of other WAL, ns.
    pub read_byte_ns: f64,
}

/// What waking an apply worker takes at most, µs: so much more a transaction costs that comes alone, when the worker sleeps
/// (measured: 65 to 140, docs/apply-cost.md). It is no part of a table's cost: tables of one slot are woken together, and a
/// worker with something to do does not sleep, so that it takes nothing from what a slot can carry.
pub const WAKE_UP_US: f64 = 140.0;

/// The three sets that a plan states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CoefficientSets {
    /// Optimistic: transactions are cheap, as while a backlog is worked off.
    pub low: Coefficients,
    /// What is balanced: the middle of what was measured.
    pub nominal: Coefficients,
    /// Careful: transactions cost what they cost live; the headroom is kept at these.
    pub high: Coefficients,
}

impl Default for CoefficientSets {
    fn default() -> Self {
        let with = |transaction_us| Coefficients {
            row_us: 1.5,
            update_us: 3.4,
            delete_us: 2.4,
            index_entry_us: 1.0,
            inline_byte_us: 0.0054,
            toast_byte_us: 0.021,
            transaction_us,
            scanned_row_us: 0.05,
            empty_transaction_us: 2.3,
            send_byte_ns: 14.0,
            decode_byte_ns: 13.0,
            read_byte_ns: 1.0,
        };
        CoefficientSets { low: with(3.0), nominal: with(6.0), high: with(29.0) }
    }
}

/// `calibration.json`: coefficients measured on the user's own subscriber, in place of the defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Always `calibration`.
    pub kind: String,
    /// Version of this kind's format; every other is refused.
    pub version: u64,
    /// The program and its release that wrote the file, `pgslotplan X.Y.Z`; no part of a digest.
    pub tool: String,
    /// The three sets; `nominal` is balanced, and lies between the others in every coefficient.
    pub coefficients: CoefficientSets,
    /// Where and how they were measured; for the reader only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

/// What a measured calibration rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// When the run began, UTC.
    pub at: jiff::Timestamp,
    /// What was read of the subscriber's server that was measured.
    pub server: crate::server::ServerFacts,
    /// Number of rounds that count; the first one warms up caches and does not.
    pub rounds: u32,
    /// Each step of a round, measured and fitted.
    pub steps: Vec<crate::calibrate::StepReport>,
    /// What the figures do not cover, in sentences.
    pub notes: Vec<String>,
}

impl Document for Calibration {
    const KIND: &'static str = "calibration";
    const VERSION: u64 = 1;
}

impl Calibration {
    /// A file of these coefficients.
    pub fn new(coefficients: CoefficientSets) -> Self {
        Calibration {
            kind: Self::KIND.to_owned(),
            version: Self::VERSION,
            tool: TOOL.to_owned(),
            coefficients,
            measured: None,
        }
    }

    /// Every coefficient is a time: finite, not negative, below a second (JSON has no other guard against a wrong
    /// unit), and `low` ≤ `nominal` ≤ `high`.
    ///
    /// # Errors
    /// [`FormatError::Content`] with the first coefficient that is not so.
    pub fn check(&self) -> Result<(), FormatError> {
        let sets = &self.coefficients;
        let columns = sets.low.named().into_iter().zip(sets.nominal.named()).zip(sets.high.named());
        for (((name, low), (_, nominal)), (_, high)) in columns {
            let content = |message: String| FormatError::content(Self::KIND, message);
            for (set, value) in [("low", low), ("nominal", nominal), ("high", high)] {
                if !(0.0..1e6).contains(&value) {
                    return Err(content(format!(
                        "coefficients.{set}.{name} is {value}, but must be at least 0 and below 1e6"
                    )));
                }
            }
            if low > nominal || nominal > high {
                return Err(content(format!(
                    "coefficients.nominal.{name} is {nominal}, but must lie between low ({low}) and high ({high})"
                )));
            }
        }
        Ok(())
    }
}

impl Coefficients {
    /// Each with its name in files.
    pub fn named(&self) -> [(&'static str, f64); 12] {
        [
            ("row_us", self.row_us),
            ("update_us", self.update_us),
            ("delete_us", self.delete_us),
            ("index_entry_us", self.index_entry_us),
            ("inline_byte_us", self.inline_byte_us),
            ("toast_byte_us", self.toast_byte_us),
            ("transaction_us", self.transaction_us),
            ("scanned_row_us", self.scanned_row_us),
            ("empty_transaction_us", self.empty_transaction_us),
            ("send_byte_ns", self.send_byte_ns),
            ("decode_byte_ns", self.decode_byte_ns),
            ("read_byte_ns", self.read_byte_ns),
        ]
    }
}

impl CoefficientSets {
    /// One of the three.
    pub fn get(&self, confidence: Confidence) -> &Coefficients {
        match confidence {
            Confidence::Low => &self.low,
            Confidence::Nominal => &self.nominal,
            Confidence::High => &self.high,
        }
    }
}

/// Which part of a table's rows a slot has: shard `number` of `of`, counted from 0. Rows are dealt out by a hash, so
/// every shard has as good as the same load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Which shard.
    pub number: u32,
    /// Number of shards.
    pub of: u32,
}

impl Share {
    /// All rows.
    pub const WHOLE: Share = Share { number: 0, of: 1 };

    /// The part in whole units: those of all shards add up to the whole.
    pub fn part(self, whole: u64) -> u64 {
        let of = u64::from(self.of.max(1));
        whole / of + u64::from(whole % of + u64::from(self.number) >= of)
    }

    /// Whether it is all rows.
    pub fn is_whole(self) -> bool {
        self.of <= 1
    }
}

/// Costs for one pair of versions and one workload; [`CostModel::new`] makes one that fits its inputs.
#[derive(Debug, Clone)]
pub struct CostModel {
    /// What is balanced.
    pub measure: Measure,
    /// The coefficients.
    pub coefficients: CoefficientSets,
    /// Version of the publisher that the plan is for.
    pub publisher: ServerVersion,
    /// Version of the subscriber that the plan is for.
    pub subscriber: ServerVersion,
    /// Tables that the plan gives replica identity full (`--no-identity full`).
    pub made_full: BTreeSet<TableName>,
}

/// The decode floors of some buckets at one confidence: what loads of single tables are computed in.
#[derive(Debug, Clone)]
pub struct LoadContext {
    confidence: Confidence,
    buckets: Vec<usize>,
    floors: Vec<f64>,
}

/// The most that a table wrote in one sampling interval, as work for its slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Seconds that the slot's slowest stage takes for it.
    pub work_s: f64,
    /// Seconds in which it came.
    pub interval_s: f64,
}

impl Burst {
    /// Seconds by which it outlasts the interval that it came in, for a slot with this share of the table's rows: so long
    /// it keeps its neighbours waiting.
    pub fn delay_s(self, share: f64) -> f64 {
        (self.work_s * share - self.interval_s).max(0.0)
    }
}

/// Time that changes take in each stage of a slot, seconds per second of their arrival.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StageTimes {
    /// Walsender: sending only. Decoding, which is the same for every slot, comes on top ([`CostModel::decode_floor`]).
    pub send: f64,
    /// Apply worker.
    pub apply: f64,
}

/// The stages of one slot: their loads are compared, not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// WAL bytes per second.
    Wal,
    /// Apply worker, 10⁻⁹ of its time.
    Apply,
    /// Walsender, 10⁻⁹ of its time.
    Sender,
}

impl CostModel {
    /// The stages of the measure, in the order in which dimensions are laid out.
    pub fn stages(&self) -> &'static [Stage] {
        match self.measure {
            Measure::Wal => &[Stage::Wal],
            Measure::Apply => &[Stage::Apply],
            Measure::Pipeline => &[Stage::Apply, Stage::Sender],
        }
    }

    /// Capacity of a stage in units; `None` where the measure has none.
    pub fn capacity_units(&self, slot_capacity: Option<u64>) -> Option<u64> {
        match self.measure {
            Measure::Wal => slot_capacity,
            Measure::Apply | Measure::Pipeline => Some(UNITS_PER_SHARE as u64),
        }
    }

    /// The units of a slot that keep the headroom; `None` without a capacity.
    pub fn headroom_limit(&self, policy: &Policy) -> Option<u64> {
        let capacity = self.capacity_units(policy.slot_capacity)?;
        Some(((1.0 - policy.headroom) * capacity as f64).round() as u64)
    }

    /// What a number of units is in the plan file: bytes per second, or a share.
    pub fn to_number(&self, units: u64) -> f64 {
        match self.measure {
            Measure::Wal => units as f64,
            Measure::Apply | Measure::Pipeline => units as f64 / UNITS_PER_SHARE,
        }
    }

    /// The units of a number in the plan file.
    pub fn to_units(&self, number: f64) -> u64 {
        match self.measure {
            Measure::Wal => number.round() as u64,
            Measure::Apply | Measure::Pipeline => (number * UNITS_PER_SHARE).round() as u64,
        }
    }

    /// Share of a walsender's time that goes into decoding all WAL before anything is sent, in a bucket.
    pub fn decode_floor(&self, workload: &Workload, confidence: Confidence, bucket: usize) -> f64 {
        let tables: f64 = workload.tables.iter().map(|table| table.load.wal_bytes_per_s.or_zero(bucket)).sum();
        let cluster = workload.cluster_wal_bytes_per_s.or_zero(bucket);
        let c = self.coefficients.get(confidence);
        1e-9 * (c.decode_byte_ns * tables + c.read_byte_ns * (cluster - tables).max(0.0))
    }

    /// Time that one table's changes take in each stage, for `simulate`, which adds the decode floor itself.
    pub fn stage_times(&self, table: &Table, confidence: Confidence, bucket: usize) -> StageTimes {
        let c = self.coefficients.get(confidence);
        StageTimes {
            send: 1e-9 * c.send_byte_ns * table.load.logical_bytes_per_s.or_zero(bucket),
            apply: self.apply_seconds(table, c, bucket),
        }
    }

    /// Apply time that every slot spends on the empty transactions of a publisher below 15, seconds per second.
    pub fn empty_transaction_time(&self, workload: &Workload, confidence: Confidence, bucket: usize) -> f64 {
        if self.publisher.sends_empty_transactions() {
            let each_us = self.coefficients.get(confidence).empty_transaction_us;
            1e-6 * each_us * workload.cluster_transactions_per_s.or_zero(bucket)
        } else {
            0.0
        }
    }

    /// The context of [`CostModel::add_table_loads`] for some buckets; reads the whole workload once.
    pub fn context(&self, workload: &Workload, confidence: Confidence, buckets: &[usize]) -> LoadContext {
        let floors = buckets.iter().map(|&bucket| self.decode_floor(workload, confidence, bucket)).collect();
        LoadContext { confidence, buckets: buckets.to_vec(), floors }
    }

    /// Adds the load of one table to a row with one column for each stage and bucket (`stage * buckets + position`).
    /// Each load is rounded half up to whole units before it is added; beyond 64 bits sums stay at the end, in any order.
    pub fn add_table_loads(&self, context: &LoadContext, table: &Table, row: &mut [u64]) {
        self.add_share_loads(context, table, Share::WHOLE, row);
    }

    /// The same for a part of the table's rows.
    pub fn add_share_loads(&self, context: &LoadContext, table: &Table, share: Share, row: &mut [u64]) {
        let mut column = row.iter_mut();
        for &stage in self.stages() {
            for (&bucket, &floor) in context.buckets.iter().zip(&context.floors) {
                if let Some(sum) = column.next() {
                    let whole = round_half_up(self.table_load(table, stage, context.confidence, bucket, floor));
                    *sum = sum.saturating_add(share.part(whole));
                }
            }
        }
    }

    /// Number of columns of a load row.
    pub fn dimension_count(&self, context: &LoadContext) -> usize {
        self.stages().len() * context.buckets.len()
    }

    /// What every slot carries before any table, per stage and bucket, in units.
    pub fn slot_constant(&self, workload: &Workload, confidence: Confidence, buckets: &[usize]) -> Vec<u64> {
        let mut constant = Vec::with_capacity(self.stages().len() * buckets.len());
        for &stage in self.stages() {
            for &bucket in buckets {
                let load = match stage {
                    Stage::Apply => self.empty_transaction_time(workload, confidence, bucket),
                    Stage::Wal | Stage::Sender => 0.0,
                };
                constant.push(round_half_up(load * UNITS_PER_SHARE));
            }
        }
        constant
    }

    /// Load of one table in one stage and bucket, in units not yet rounded.
    fn table_load(&self, table: &Table, stage: Stage, confidence: Confidence, bucket: usize, floor: f64) -> f64 {
        let c = self.coefficients.get(confidence);
        match stage {
            Stage::Wal => table.load.wal_bytes_per_s.or_zero(bucket),
            Stage::Apply => self.apply_seconds(table, c, bucket) * UNITS_PER_SHARE,
            Stage::Sender => {
                let logical = table.load.logical_bytes_per_s.or_zero(bucket);
                beside_decoding(1e-9 * c.send_byte_ns * logical, floor) * UNITS_PER_SHARE
            }
        }
    }

    /// What a table's worst burst asks of a slot: its bytes at the table's own mean cost per byte of WAL. `None` where no
    /// burst was seen or nothing says how fast a slot is.
    pub fn burst(
        &self,
        context: &LoadContext,
        table: &Table,
        share: Share,
        slot_capacity: Option<u64>,
    ) -> Option<Burst> {
        let (bytes, interval_s) = (table.load.burst_wal_bytes?, table.load.burst_s?);
        let capacity = self.capacity_units(slot_capacity)?;
        let wal_bytes: f64 = context.buckets.iter().map(|&bucket| table.load.wal_bytes_per_s.or_zero(bucket)).sum();
        if wal_bytes <= 0.0 {
            return None;
        }
        let mut row = vec![0; self.dimension_count(context)];
        self.add_share_loads(context, table, share, &mut row);
        let slowest = row.chunks(context.buckets.len()).map(|stage| stage.iter().sum::<u64>()).max().unwrap_or(0);
        Some(Burst { work_s: bytes * (slowest as f64 / capacity as f64 / wal_bytes), interval_s })
    }

    /// Seconds of apply worker time per second.
    fn apply_seconds(&self, table: &Table, c: &Coefficients, bucket: usize) -> f64 {
        let load = &table.load;
        let (inserts, updates) = (load.inserts_per_s.or_zero(bucket), load.updates_per_s.or_zero(bucket));
        let deletes = load.deletes_per_s.or_zero(bucket);
        let (rows, transactions) = (load.rows_per_s(bucket), load.transactions_or_rows_per_s(bucket));
        let toast_bytes = TOAST_CHUNK_BYTES * load.toast_chunks_per_s.or_zero(bucket);
        let inline_bytes = (load.logical_bytes_per_s.or_zero(bucket) - toast_bytes).max(0.0);
        let index_entries =
            (inserts + updates - load.hot_updates_per_s.or_zero(bucket)).max(0.0) * f64::from(table.index_count);
        let scan_us = if self.scans_for_old_row(table) { c.scanned_row_us * table.rows_estimate / 2.0 } else { 0.0 };
        1e-6 * (c.row_us * rows
            + (c.update_us + scan_us) * updates
            + (c.delete_us + scan_us) * deletes
            + c.index_entry_us * index_entries
            + c.inline_byte_us * inline_bytes
            + c.toast_byte_us * toast_bytes
            + c.transaction_us * transactions)
    }

    /// Whether the subscriber finds old rows by reading the whole table: identity full without a primary key, and no
    /// index it could use (docs/postgres.md, "Replica identity").
    pub fn scans_for_old_row(&self, table: &Table) -> bool {
        if table.primary_key {
            return false;
        }
        let full = table.replica_identity == ReplicaIdentity::Full
            || (!self.made_full.is_empty() && self.made_full.contains(&table.table_name()));
        full && (!self.subscriber.applies_full_identity_by_index() || table.index_count == 0)
    }
}

/// A walsender's time for sending, against what decoding leaves of its time.
pub fn beside_decoding(send: f64, floor: f64) -> f64 {
    send / (1.0 - floor).max(0.05)
}

/// Contract §4 "Integers": rounded half up to whole units once.
fn round_half_up(value: f64) -> u64 {
    (value + 0.5).floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Series, tests as samples};

    fn model(measure: Measure, publisher: u32) -> CostModel {
        CostModel {
            measure,
            coefficients: CoefficientSets::default(),
            publisher: ServerVersion::of_major(publisher),
            subscriber: ServerVersion::of_major(15),
            made_full: BTreeSet::new(),
        }
    }

    fn loads(model: &CostModel, workload: &Workload) -> Vec<u64> {
        let context = model.context(workload, Confidence::Nominal, &[0]);
        let mut row = vec![0; model.dimension_count(&context)];
        model.add_table_loads(&context, &workload.tables[0], &mut row);
        row
    }

    #[test]
    fn a_calibration_has_times_in_order() {
        let good = Calibration::new(CoefficientSets::default());
        assert!(good.check().is_ok());
        let broken = |change: &dyn Fn(&mut CoefficientSets)| {
            let mut calibration = good.clone();
            change(&mut calibration.coefficients);
            calibration.check().unwrap_err().to_string()
        };
        assert!(broken(&|sets| sets.low.row_us = -1.0).contains("coefficients.low.row_us is -1"));
        assert!(broken(&|sets| sets.high.send_byte_ns = f64::NAN).contains("coefficients.high.send_byte_ns is NaN"));
        assert!(broken(&|sets| sets.nominal.transaction_us = 2.0).contains("must lie between low (3) and high (29)"));
    }

    #[test]
    fn shares_add_up() {
        for whole in [0, 1, 7, 8, 1_000_003] {
            for of in 1..=9 {
                assert_eq!((0..of).map(|number| Share { number, of }.part(whole)).sum::<u64>(), whole);
            }
        }
        assert_eq!([0, 1, 2].map(|number| Share { number, of: 3 }.part(8)), [2, 3, 3]);
    }

    #[test]
    fn apply_load_by_hand() {
        // 100 inserts/s and 50 updates/s (30 HOT) on 2 indexes, 4996 logical bytes/s of which 2 TOAST chunks, no known
        // transactions: 1.5*150 + 3.4*50 + 1*(100+50-30)*2 + .0054*1004 + .021*3992 + 6*150 = 1624.2536 us.
        let mut table = samples::table("a", 0.0);
        table.index_count = 2;
        table.load.inserts_per_s = Series::Constant(100.0);
        table.load.updates_per_s = Series::Constant(50.0);
        table.load.hot_updates_per_s = Series::Constant(30.0);
        table.load.toast_chunks_per_s = Series::Constant(2.0);
        table.load.logical_bytes_per_s = Series::Constant(4996.0);
        let workload = samples::workload(vec![table]);
        assert_eq!(loads(&model(Measure::Apply, 15), &workload), [1_624_254]);
    }

    #[test]
    fn sender_load_grows_with_the_decode_floor() {
        // floor = 13e-9 * 10e6 + 1e-9 * 10e6 = 0.14; 14e-9 * 1e6 / 0.86 = 0.016279...
        let mut table = samples::table("a", 10e6);
        table.load.logical_bytes_per_s = Series::Constant(1e6);
        let mut workload = samples::workload(vec![table]);
        workload.cluster_wal_bytes_per_s = Series::Constant(20e6);
        // apply: 0.0054e-6 * 1e6 bytes
        assert_eq!(loads(&model(Measure::Pipeline, 15), &workload), [5_400_000, 16_279_070]);
    }

    #[test]
    fn old_publishers_make_every_slot_pay_for_all_transactions() {
        let mut workload = samples::workload(vec![samples::table("a", 1.0)]);
        workload.cluster_transactions_per_s = Series::Constant(1000.0);
        assert_eq!(model(Measure::Pipeline, 14).slot_constant(&workload, Confidence::Nominal, &[0]), [2_300_000, 0]);
        assert_eq!(model(Measure::Pipeline, 15).slot_constant(&workload, Confidence::Nominal, &[0]), [0, 0]);
    }

    #[test]
    fn a_burst_waits_for_decoding_too() {
        // floor 13e-9 * 10e6 = 0.13 of a walsender; 14e-9 * 20e6 = 0.28 s of sending, 0.28 / 0.87 = 0.3218... of its time
        // for 10 MB of WAL, so 1 GB is 32.18... s of work that came in 10 s
        let mut table = samples::table("a", 10e6);
        table.load.logical_bytes_per_s = Series::Constant(20e6);
        (table.load.burst_wal_bytes, table.load.burst_s) = (Some(1e9), Some(10.0));
        let mut workload = samples::workload(vec![table]);
        workload.cluster_wal_bytes_per_s = Series::Constant(10e6);
        let model = model(Measure::Pipeline, 15);
        let context = model.context(&workload, Confidence::Nominal, &[0]);
        let burst = |share, capacity| model.burst(&context, &workload.tables[0], share, capacity);
        let whole = burst(Share::WHOLE, None).unwrap();
        assert!((whole.delay_s(1.0) - 22.183_908).abs() < 1e-5, "{whole:?}");
        assert!((whole.delay_s(0.5) - 6.091_954).abs() < 1e-5);
        assert!((burst(Share { number: 0, of: 2 }, None).unwrap().delay_s(1.0) - 6.091_954).abs() < 1e-5);
    }

    #[test]
    fn full_identity_without_index_scans() {
        let mut table = samples::table("a", 0.0);
        table.replica_identity = ReplicaIdentity::Full;
        table.primary_key = false;
        table.rows_estimate = 10_000.0;
        table.load.updates_per_s = Series::Constant(1.0);
        let workload = samples::workload(vec![table.clone()]);
        let apply = model(Measure::Apply, 15);
        assert_eq!(loads(&apply, &workload), [261_900]); // 1.5 + 3.4 + 250 scan + 1 index entry + 6 transaction, in us
        let mut newer = model(Measure::Apply, 15);
        newer.subscriber = ServerVersion::of_major(16);
        assert!(!newer.scans_for_old_row(&table));
    }

    #[test]
    fn numbers_in_files_are_exact() {
        let model = model(Measure::Pipeline, 15);
        for units in [0, 1, 123_456_789, 999_999_999, 4_000_000_001] {
            assert_eq!(model.to_units(model.to_number(units)), units);
        }
        assert_eq!(serde_json::to_string(&model.to_number(123_456_789)).unwrap(), "0.123456789");
    }
}
