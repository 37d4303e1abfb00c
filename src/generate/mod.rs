//! Synthetic workloads: a schema, its shapes over the day and its loads, all from one seed.
//!
//! `schema` makes up tables and foreign keys, `shape` when they are busy, `rows` what one row change costs. Numbers are
//! from measurements and public facts; each constant says which. Nothing here knows of slots.

mod like;
mod listed;
mod rows;
mod schema;
mod shape;

use jiff::Timestamp;
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rayon::prelude::*;

use crate::{
    format::{self, Document},
    names::TableName,
    server::{NEWEST_MAJOR, OLDEST_MAJOR, ServerFacts, ServerVersion},
    workload::{CoWrite, Load, Method, Series, Table, Workload},
};
pub use like::like;
pub use listed::{TableSpec, of_tables, tpcc};
use rows::RowChanges;
use schema::{Schema, TableSketch};
use shape::Shape;

/// Start of a synthetic workload unless another is given, 2026-01-05 00:00 UTC: a Monday.
const START_S: i64 = 1_767_571_200;

/// Length of the interval in which bursts are stated, seconds: `sample`'s default interval.
const BURST_S: f64 = 10.0;

/// What to make up. [`GenerateSettings::default`] is the example of `--help`.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateSettings {
    /// Tables in the file, partition roots and leaves included; 1 to 1,000,000.
    pub tables: u32,
    /// Hours observed; at least one bucket.
    pub hours: u32,
    /// Length of a bucket, seconds; divides the hours.
    pub bucket_s: u32,
    /// Start of the first bucket. Days and weekends follow the calendar from there.
    pub start: Timestamp,
    /// Seed: the same settings and seed make the same workload.
    pub seed: u64,
    /// Exponent of the rank-size law of the loads, 0 (all alike) to 4.
    pub zipf: f64,
    /// Standard deviation of the logarithm of each bucket's noise, 0 to 2.
    pub noise: f64,
    /// Tables that are raised above all others.
    pub hot: u32,
    /// Mean WAL of all tables together, bytes per second.
    pub total_wal_bytes_per_s: f64,
    /// The publisher's version.
    pub publisher_version: ServerVersion,
    /// Foreign keys per table on average, 0 to 10; what is drawn is near it.
    pub foreign_keys_per_table: f64,
    /// Exactly so many foreign keys instead, at most ten for each table; `None`: as many as are drawn.
    pub foreign_key_count: Option<u32>,
    /// Share of the tables that are never written, 0 to below 1: the quietest.
    pub idle_share: f64,
    /// Partition trees; `None`: one for each hundred tables.
    pub partition_trees: Option<u32>,
    /// Inheritance families; `None`: one for each 250 tables.
    pub inheritance_families: Option<u32>,
    /// Share of tables without a key, 0 to 1.
    pub no_key_share: f64,
    /// Share of tables with replica identity full, 0 to 1.
    pub full_identity_share: f64,
    /// Share of the foreign keys whose two tables are written in the same transactions, 0 to 1.
    pub co_write_share: f64,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        GenerateSettings {
            tables: 1000,
            hours: 168,
            bucket_s: 3600,
            start: Timestamp::constant(START_S, 0),
            seed: 1,
            zipf: 1.1,
            noise: 0.1,
            hot: 3,
            total_wal_bytes_per_s: 80e6,
            publisher_version: ServerVersion::of_major(13),
            foreign_keys_per_table: 1.3,
            foreign_key_count: None,
            idle_share: 0.0,
            partition_trees: None,
            inheritance_families: None,
            no_key_share: 0.01,
            full_identity_share: 0.01,
            co_write_share: 0.0,
        }
    }
}

/// Why no workload can be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// A setting is out of range.
    #[error("invalid value {value} for \"{setting}\": must be {range}")]
    Range {
        /// Which, as the option is called.
        setting: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// A listed table cannot be.
    #[error("table {table}: {reason}")]
    Table {
        /// Which.
        table: TableName,
        /// Why, in words.
        reason: String,
    },
}

impl GenerateSettings {
    /// Number of buckets.
    fn bucket_count(&self) -> u32 {
        (u64::from(self.hours) * 3600 / u64::from(self.bucket_s.max(1))).try_into().unwrap_or(u32::MAX)
    }

    fn validate(&self) -> Result<(), GenerateError> {
        let range = |setting, value: f64, ok: bool, range| {
            if ok { Ok(()) } else { Err(GenerateError::Range { setting, value: value.to_string(), range }) }
        };
        let share = |setting, value: f64| range(setting, value, (0.0..=1.0).contains(&value), "between 0 and 1");
        let seconds = u64::from(self.hours) * 3600;
        let bucket = u64::from(self.bucket_s);
        range("tables", self.tables.into(), (1..=1_000_000).contains(&self.tables), "between 1 and 1000000")?;
        range("hours", self.hours.into(), (1..=8784).contains(&self.hours), "between 1 and 8784")?;
        range(
            "bucket",
            self.bucket_s.into(),
            bucket >= 60 && bucket <= seconds && seconds.is_multiple_of(bucket),
            "at least 60 seconds, and divide the hours evenly",
        )?;
        range("zipf", self.zipf, (0.0..=4.0).contains(&self.zipf), "between 0 and 4")?;
        range("noise", self.noise, (0.0..=2.0).contains(&self.noise), "between 0 and 2")?;
        range("hot", self.hot.into(), self.hot <= self.tables, "at most the number of tables")?;
        let total = self.total_wal_bytes_per_s;
        range("total-wal", total, total.is_finite() && (0.0..=1e12).contains(&total), "between 0 and 1 TB/s")?;
        let per_table = self.foreign_keys_per_table;
        range("foreign-keys", per_table, (0.0..=10.0).contains(&per_table), "between 0 and 10 per table")?;
        let most_keys = u64::from(self.tables) * 10;
        let keys = self.foreign_key_count.unwrap_or(0);
        range("edges", keys.into(), u64::from(keys) <= most_keys, "at most ten for each table")?;
        range("idle", self.idle_share, (0.0..1.0).contains(&self.idle_share), "at least 0 and below 1")?;
        let years = self.start.to_zoned(jiff::tz::TimeZone::UTC).year();
        range("start", years.into(), (2000..2200).contains(&years), "a time of the years 2000 to 2199")?;
        share("no-key", self.no_key_share)?;
        share("full-identity", self.full_identity_share)?;
        share("co-writes", self.co_write_share)?;
        let major = self.publisher_version.major();
        range("publisher-version", major.into(), (OLDEST_MAJOR..=NEWEST_MAJOR).contains(&major), "from 12 to 19")
    }
}

/// Makes a workload, in canonical order. The same settings always make the same one.
///
/// # Errors
/// [`GenerateError::Range`] naming the first setting that is out of range.
pub fn generate(settings: &GenerateSettings) -> Result<Workload, GenerateError> {
    settings.validate()?;
    let schema = schema::sketch(settings);
    let weights = weights(settings, &schema);
    let drawn: Vec<Table> = schema
        .tables
        .par_iter()
        .zip(&weights)
        .enumerate()
        .map(|(number, (sketch, &weight))| draw_table(settings, number, sketch, weight))
        .collect();
    Ok(assemble(settings, schema, drawn))
}

/// An independent stream of randomness: 0 for the schema, one for each table, the last for the cluster.
fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

/// Mean WAL of each table as a share of the total. Hot tables are the first ranks and get a fifth of what is left
/// each; the others follow Zipf's law as Mandelbrot shifted it, `(rank + 10)^-s`, whose flat top stays below them.
fn weights(settings: &GenerateSettings, schema: &Schema) -> Vec<f64> {
    const HOT_SHARE: f64 = 0.2;
    const MANDELBROT_SHIFT: f64 = 10.0;
    let cold = |rank: u32| (f64::from(rank) + MANDELBROT_SHIFT).powf(-settings.zipf);
    // The quietest of them are idle, as far as there are others.
    let idle = (settings.idle_share * f64::from(schema.ranks)).round() as u32;
    let ranks = (schema.ranks - idle.min(schema.ranks)).max(1).min(schema.ranks);
    let hot = settings.hot.min(ranks);
    let cold_sum: f64 = (hot..ranks).map(|rank| cold(rank - hot + 1)).sum();
    let hot_left = if cold_sum > 0.0 { (1.0 - HOT_SHARE).powi(hot as i32) } else { 0.0 };
    let hot_sum: f64 = (0..hot).map(|rank| (1.0 - HOT_SHARE).powi(rank as i32)).sum();
    let of_rank = |rank: u32| {
        if rank >= ranks {
            0.0
        } else if rank < hot {
            (1.0 - hot_left) * (1.0 - HOT_SHARE).powi(rank as i32) / hot_sum
        } else {
            hot_left * cold(rank - hot + 1) / cold_sum
        }
    };
    schema.tables.iter().map(|table| table.rank.map_or(0.0, of_rank) * table.leaf_share).collect()
}

/// Draws sizes and loads of one table.
fn draw_table(settings: &GenerateSettings, number: usize, sketch: &TableSketch, weight: f64) -> Table {
    let mut table = sketch.table.clone();
    if sketch.rank.is_none() {
        return table;
    }
    let rng = &mut generator(settings.seed, 1 + number as u64);
    let changes = RowChanges::draw(rng, sketch);
    let mean = weight * settings.total_wal_bytes_per_s;
    table.load = draw_loads(settings, rng, &changes, &sketch.shape, mean);
    changes.size(rng, &mut table, mean);
    table
}

/// Draws the loads of a table that writes so much WAL on average.
fn draw_loads(
    settings: &GenerateSettings,
    rng: &mut ChaCha8Rng,
    changes: &RowChanges,
    shape: &Shape,
    mean_wal_bytes_per_s: f64,
) -> Load {
    let activity = activity(settings, rng, shape);
    let rates: Vec<rows::Rates> = activity.iter().map(|a| changes.rates(mean_wal_bytes_per_s * a)).collect();
    let series = |value: fn(&rows::Rates) -> f64| Series::Buckets(rates.iter().map(value).collect()).compact();
    let mut load = Load {
        inserts_per_s: series(|r| r.inserts),
        updates_per_s: series(|r| r.updates),
        hot_updates_per_s: series(|r| r.hot_updates),
        deletes_per_s: series(|r| r.deletes),
        toast_chunks_per_s: series(|r| r.toast_chunks),
        wal_bytes_per_s: series(|r| r.wal_bytes),
        logical_bytes_per_s: series(|r| r.logical_bytes),
        transactions_per_s: Some(series(|r| r.transactions)),
        ..Load::default()
    };
    let peak = load.wal_bytes_per_s.max();
    if peak > 0.0 {
        let factor = LogNormal::new(0.7, 0.6).map_or(2.0_f64, |law| law.sample(rng)).clamp(1.0, 30.0);
        load.burst_wal_bytes = Some((peak * BURST_S * factor).round());
        load.burst_s = Some(BURST_S);
    }
    load
}

/// How busy a table is in each bucket, mean 1: its shape, noise, and now and then a burst of two to five times.
fn activity(settings: &GenerateSettings, rng: &mut ChaCha8Rng, shape: &Shape) -> Vec<f64> {
    const BURST_CHANCE: f64 = 0.004;
    let bucket_s = f64::from(settings.bucket_s);
    let noise = LogNormal::new(0.0, settings.noise).ok();
    let begin_s = (settings.start.as_second() - START_S) as f64;
    let mut activity: Vec<f64> = (0..settings.bucket_count())
        .map(|bucket| {
            let noise = noise.map_or(1.0, |law| law.sample(rng));
            let burst = if rng.random_bool(BURST_CHANCE) { rng.random_range(2.0..5.0) } else { 1.0 };
            shape.mean_activity(begin_s + f64::from(bucket) * bucket_s, bucket_s) * noise * burst
        })
        .collect();
    let mean = activity.iter().sum::<f64>() / activity.len() as f64;
    for value in &mut activity {
        *value = if mean > 0.0 { *value / mean } else { 1.0 };
    }
    activity
}

fn assemble(settings: &GenerateSettings, schema: Schema, tables: Vec<Table>) -> Workload {
    let rng = &mut generator(settings.seed, u64::MAX);
    let buckets = settings.bucket_count() as usize;
    let (mut wal, mut transactions) = (vec![0.0; buckets], vec![0.0; buckets]);
    for table in &tables {
        for bucket in 0..buckets {
            wal[bucket] += table.load.wal_bytes_per_s.or_zero(bucket);
            let own = table.load.transactions_per_s.as_ref().map_or(0.0, |series| series.or_zero(bucket));
            transactions[bucket] += own;
        }
    }
    // Full-page images and overhead: 1.3 to 1.8 times the tables' records (the checkpoint rhythm decides). About three
    // tables are written in one transaction, so commits are a third of the sum, and never fewer than one table's.
    for value in &mut wal {
        *value = (*value * rng.random_range(1.3..1.8)).ceil();
    }
    let busiest =
        |bucket| tables.iter().filter_map(|t| t.load.transactions_per_s.as_ref()?.at(bucket)).fold(0.0, f64::max);
    for (bucket, value) in transactions.iter_mut().enumerate() {
        *value = rows::four_digits((*value / 3.0).max(busiest(bucket)));
    }
    let co_writes = co_writes(settings, &schema, &tables);
    let mut workload = Workload {
        kind: "workload".into(),
        version: Workload::VERSION,
        tool: format::TOOL.into(),
        server: publisher(settings),
        database: "app".into(),
        method: Method::Synthetic,
        start: settings.start,
        bucket_s: settings.bucket_s,
        bucket_count: settings.bucket_count(),
        cluster_wal_bytes_per_s: Series::Buckets(wal.into()),
        cluster_transactions_per_s: Series::Buckets(transactions.into()),
        validity: None,
        tables,
        foreign_keys: schema.foreign_keys,
        co_writes,
        excluded: Vec::new(),
        gaps: Vec::new(),
        notes: vec![format!(
            "synthetic: {} tables, {} h, seed {}, zipf {}, noise {}, {} hot, {} bytes/s",
            settings.tables,
            settings.hours,
            settings.seed,
            settings.zipf,
            settings.noise,
            settings.hot,
            settings.total_wal_bytes_per_s
        )],
    };
    workload.canonicalize();
    workload
}

/// Pairs along foreign keys that are written together, at half the rate of the quieter one.
fn co_writes(settings: &GenerateSettings, schema: &Schema, tables: &[Table]) -> Vec<CoWrite> {
    let rng = &mut generator(settings.seed, u64::MAX - 1);
    let rate: std::collections::BTreeMap<_, f64> =
        tables.iter().map(|t| (t.table_name(), t.load.transactions_per_s.as_ref().map_or(0.0, Series::mean))).collect();
    let mut pairs = std::collections::BTreeMap::new();
    for key in schema.foreign_keys.iter().filter(|key| key.from != key.to) {
        let together = rng.random_bool(settings.co_write_share);
        let quieter = rate[&key.from].min(rate[&key.to]);
        if together && quieter > 0.0 {
            let (a, b) = if key.from < key.to { (&key.from, &key.to) } else { (&key.to, &key.from) };
            pairs.insert((a.clone(), b.clone()), rows::four_digits(quieter / 2.0));
        }
    }
    pairs.into_iter().map(|((a, b), transactions_per_s)| CoWrite { a, b, transactions_per_s }).collect()
}

/// A publisher that is ready for logical replication.
fn publisher(settings: &GenerateSettings) -> ServerFacts {
    let mut server = ServerFacts::of_major(settings.publisher_version.major());
    server.version_num = settings.publisher_version;
    for (name, value) in [
        ("max_replication_slots", "20"),
        ("max_wal_senders", "20"),
        ("max_worker_processes", "16"),
        ("wal_level", "logical"),
    ] {
        server.settings.insert(name.into(), value.into());
    }
    server
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{TableKind, check};

    fn small() -> GenerateSettings {
        GenerateSettings { tables: 200, hours: 48, co_write_share: 0.5, ..GenerateSettings::default() }
    }

    #[test]
    fn a_generated_workload_is_valid_and_repeatable() {
        let workload = generate(&small()).unwrap();
        check::validate(&workload).unwrap();
        assert_eq!(workload.tables.len(), 200);
        assert_eq!(workload, generate(&small()).unwrap());
        assert_ne!(workload, generate(&GenerateSettings { seed: 2, ..small() }).unwrap());
        let text = format::write(&workload);
        assert_eq!(format::read::<Workload>(&text).unwrap(), workload);
        let mut again = workload.clone();
        again.canonicalize();
        assert_eq!(again, workload, "it is made in canonical form");
    }

    #[test]
    fn every_size_works() {
        for tables in [1, 2, 3, 7, 40, 99, 1001] {
            let workload = generate(&GenerateSettings { tables, hours: 24, hot: 1, ..small() }).unwrap();
            assert_eq!(workload.tables.len(), tables as usize);
            check::validate(&workload).unwrap();
        }
    }

    #[test]
    fn loads_are_as_asked() {
        let settings = small();
        let workload = generate(&settings).unwrap();
        let means: Vec<f64> = workload.tables.iter().map(|t| t.load.wal_bytes_per_s.mean()).collect();
        let total: f64 = means.iter().sum();
        assert!((total / settings.total_wal_bytes_per_s - 1.0).abs() < 0.02, "{total}");
        for bucket in 0..48 {
            let sum: f64 = workload.tables.iter().map(|t| t.load.wal_bytes_per_s.or_zero(bucket)).sum();
            assert!(workload.cluster_wal_bytes_per_s.or_zero(bucket) >= sum);
        }
        // The three hot tables carry 1 - 0.8^3 = 48.8 % of the WAL, partition trees counted whole.
        let mut by_tree = std::collections::BTreeMap::<_, f64>::new();
        for (table, mean) in workload.tables.iter().zip(&means) {
            *by_tree.entry(table.partition_root.clone().unwrap_or(table.table_name())).or_default() += mean;
        }
        let mut trees: Vec<f64> = by_tree.into_values().collect();
        trees.sort_by(|a, b| b.total_cmp(a));
        assert!((trees[..3].iter().sum::<f64>() / total - 0.488).abs() < 0.02);
        assert!(trees[2] > 3.0 * trees[3]);
    }

    #[test]
    fn every_kind_of_table_occurs() {
        let workload = generate(&GenerateSettings { tables: 1000, hours: 24, ..GenerateSettings::default() }).unwrap();
        let count = |wanted: &dyn Fn(&Table) -> bool| workload.tables.iter().filter(|t| wanted(t)).count();
        assert_eq!(count(&|t| t.kind == TableKind::Partitioned), 10);
        assert!(count(&|t| t.kind == TableKind::Partition) >= 40);
        assert!(count(&|t| !t.inherits.is_empty()) >= 4);
        assert_eq!(count(&|t| t.kind != TableKind::Partition && !t.has_identity()), 10);
        assert!(count(&|t| t.replica_identity == crate::workload::ReplicaIdentity::Full) >= 10);
        assert!(count(&|t| t.toast_bytes > 0) > 50);
        let per_table = workload.foreign_keys.len() as f64 / 1000.0;
        assert!((0.8..2.0).contains(&per_table), "{per_table}");
        for table in workload.tables.iter().filter(|t| t.kind == TableKind::Partitioned) {
            assert_eq!((table.copy_bytes(), table.load.wal_bytes_per_s.max()), (0, 0.0));
        }
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let message = |settings: GenerateSettings| generate(&settings).unwrap_err().to_string();
        assert!(message(GenerateSettings { tables: 0, ..small() }).contains("\"tables\""));
        assert!(message(GenerateSettings { zipf: f64::NAN, ..small() }).contains("\"zipf\""));
        assert!(message(GenerateSettings { bucket_s: 7, ..small() }).contains("\"bucket\""));
        assert!(message(GenerateSettings { bucket_s: 0, ..small() }).contains("\"bucket\""));
        assert!(message(GenerateSettings { hot: 201, ..small() }).contains("\"hot\""));
        assert!(message(GenerateSettings { idle_share: 1.0, ..small() }).contains("\"idle\""));
        assert!(message(GenerateSettings { foreign_key_count: Some(2001), ..small() }).contains("\"edges\""));
        assert!(message(GenerateSettings { start: Timestamp::UNIX_EPOCH, ..small() }).contains("\"start\""));
    }

    #[test]
    fn foreign_keys_are_as_many_as_asked() {
        for count in [0, 1, 57, 260, 900, 2000] {
            let settings = GenerateSettings { foreign_key_count: Some(count), ..small() };
            let workload = generate(&settings).unwrap();
            check::validate(&workload).unwrap();
            assert_eq!(workload.foreign_keys.len(), count as usize);
        }
    }

    #[test]
    fn idle_tables_write_nothing_and_the_rest_writes_all() {
        let written =
            |workload: &Workload| workload.tables.iter().filter(|table| table.load.wal_bytes_per_s.max() > 0.0).count();
        let quiet = GenerateSettings { partition_trees: Some(0), idle_share: 0.7, ..small() };
        let workload = generate(&quiet).unwrap();
        check::validate(&workload).unwrap();
        assert_eq!((workload.tables.len(), written(&workload)), (200, 60));
        let total: f64 = workload.tables.iter().map(|table| table.load.wal_bytes_per_s.mean()).sum();
        assert!((total / quiet.total_wal_bytes_per_s - 1.0).abs() < 0.02, "{total}");
        assert!(workload.tables.iter().all(|table| table.rows_estimate > 0.0), "idle is not empty");
        assert_eq!(
            generate(&GenerateSettings { tables: 1, hot: 0, idle_share: 0.9, ..small() }).unwrap().tables.len(),
            1
        );
    }

    /// A Saturday is a weekend wherever the workload begins.
    #[test]
    fn weeks_follow_the_calendar_from_any_start() {
        let from = |start: &str| {
            let settings = GenerateSettings { start: start.parse().unwrap(), noise: 0.0, ..small() };
            generate(&GenerateSettings { hours: 24, ..settings }).unwrap()
        };
        let total = |workload: &Workload, bucket| {
            workload.tables.iter().map(|table| table.load.inserts_per_s.or_zero(bucket)).sum::<f64>()
        };
        let (monday, later) = (from("2026-01-05T00:00:00Z"), from("2026-01-05T06:00:00Z"));
        assert_eq!(monday.start.as_second(), START_S);
        let busiest = |workload: &Workload| (0..24).max_by(|a, b| total(workload, *a).total_cmp(&total(workload, *b)));
        let (at, shifted) = (busiest(&monday).unwrap(), busiest(&later).unwrap());
        assert_eq!((at + 24 - 6) % 24, shifted, "the same hour of the day");
    }
}
