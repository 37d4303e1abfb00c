//! `pgslotplan generate`: a synthetic workload.

use std::path::PathBuf;

use pgslotplan::{
    format,
    generate::{GenerateError, GenerateSettings, generate},
    server::ServerVersion,
    units::{self, Bytes},
};

use super::{
    files::{self, ForceArg},
    output::{Console, Exit, Failure},
    values,
};

/// Make a synthetic workload
///
/// Zipf loads, communities of tables joined by foreign keys, day, night, weekend and batch shapes, bursts, partition
/// trees, inheritance families, tables without key. The same options make the same file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan generate --tables 1000 --hours 168 --seed 1 -o workload.json")]
pub struct GenerateArgs {
    /// File to write; `-` is standard output, `*.zst` is compressed
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// Tables, partition roots and leaves included
    #[arg(long, value_name = "N", default_value_t = 1000)]
    tables: u32,
    /// Hours observed; it starts on a Monday, 00:00 UTC
    #[arg(long, value_name = "N", default_value_t = 168)]
    hours: u32,
    /// Length of a bucket, as in `1h` or `300s`
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = values::whole_seconds)]
    bucket: u32,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Exponent of the rank-size law of the loads; 0: all alike
    #[arg(long, value_name = "X", default_value_t = 1.1)]
    zipf: f64,
    /// Noise of each bucket: standard deviation of its logarithm
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    noise: f64,
    /// Tables raised above all others
    #[arg(long, value_name = "N", default_value_t = 3)]
    hot: u32,
    /// Mean WAL of all tables together, as in `80MB/s`
    #[arg(long, value_name = "RATE", default_value = "80MB/s", value_parser = units::parse_bytes_per_s)]
    total_wal: u64,
    /// Major version of the publisher, 12 or later
    #[arg(long, value_name = "N", default_value_t = 13)]
    publisher_version: u32,
    /// Foreign keys per table, on average
    #[arg(long, value_name = "X", default_value_t = 1.3)]
    foreign_keys: f64,
    /// Partition trees [default: one for each 100 tables]
    #[arg(long, value_name = "N")]
    partition_trees: Option<u32>,
    /// Inheritance families [default: one for each 250 tables]
    #[arg(long, value_name = "N")]
    inheritance_families: Option<u32>,
    /// Share of tables without a key
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    no_key: f64,
    /// Share of tables with replica identity full
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    full_identity: f64,
    /// Share of foreign keys whose tables are written in the same transactions
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    co_writes: f64,
}

impl GenerateArgs {
    fn settings(&self) -> GenerateSettings {
        GenerateSettings {
            tables: self.tables,
            hours: self.hours,
            bucket_s: self.bucket,
            seed: self.seed,
            zipf: self.zipf,
            noise: self.noise,
            hot: self.hot,
            total_wal_bytes_per_s: self.total_wal as f64,
            publisher_version: ServerVersion(self.publisher_version.saturating_mul(10_000)),
            foreign_keys_per_table: self.foreign_keys,
            partition_trees: self.partition_trees,
            inheritance_families: self.inheritance_families,
            no_key_share: self.no_key,
            full_identity_share: self.full_identity,
            co_write_share: self.co_writes,
        }
    }
}

/// `pgslotplan generate`
pub fn run(args: &GenerateArgs, console: &Console) -> Result<Exit, Failure> {
    files::check_output(&args.output, args.force.existing())?;
    let workload = generate(&args.settings()).map_err(|error| {
        let GenerateError::Range { setting, .. } = error;
        Failure::from(error)
            .hint(format!("Give another --{setting}; \"pgslotplan generate --help\" lists the defaults."))
    })?;
    files::write(&args.output, args.force.existing(), |out| format::write_lines(&workload, out))?;
    console.note(&format!(
        "wrote {} tables, {} foreign keys, {} buckets of {} s, {}/s of WAL on average",
        workload.tables.len(),
        workload.foreign_keys.len(),
        workload.bucket_count,
        workload.bucket_s,
        Bytes(workload.tables.iter().map(|table| table.load.wal_bytes_per_s.mean()).sum()),
    ));
    Ok(Exit::Done)
}
