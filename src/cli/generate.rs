//! `pgslotplan generate`: a synthetic workload.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use pgslotplan::{
    format,
    generate::{GenerateError, GenerateSettings, TableSpec, generate, like, of_tables, tpcc},
    names::TableName,
    server::ServerVersion,
    units::{self, Bytes},
    workload::Workload,
};

use super::{
    files::{self, ForceArg},
    output::{Console, Exit, Failure},
    values,
};

/// What is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SchemaKind {
    /// Communities of tables joined by foreign keys, partition trees, inheritance
    Random,
    /// The nine tables of TPC-C, at the rate of --total-wal
    Tpcc,
}

/// Make a synthetic workload
///
/// Zipf loads, communities of tables joined by foreign keys, day, night, weekend and batch shapes, bursts, partition trees,
/// inheritance families, tables without key; or TPC-C, the tables of a list, or the likeness of another workload. The same
/// options make the same file. With the defaults "plan" ends with 0.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan generate --tables 1000 --hours 168 --seed 1 -o workload.json\n\
    Columns of --from: name, and any of inserts_per_s, updates_per_s, deletes_per_s, hot_share, rows, row_width_bytes, \
    columns, indexes, toast_bytes, primary_key.")]
pub struct GenerateArgs {
    /// File to write; `-` is standard output, `*.zst` is compressed
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// What is made up
    #[arg(long, value_name = "KIND", default_value = "random")]
    schema: SchemaKind,
    /// Tables of a CSV file with a head: their names, rates and sizes; days and noise are made up
    #[arg(long, value_name = "FILE", conflicts_with_all = ["schema", "tables", "like", "total_wal", "edges", "idle"])]
    from: Option<PathBuf>,
    /// Likeness of a workload, to be shown to others: its rates, sizes and joins, without any name, text or setting of its own
    #[arg(long, value_name = "WORKLOAD", conflicts_with_all = ["schema", "tables", "hours", "bucket", "start", "total_wal",
          "edges", "idle", "publisher_version"])]
    like: Option<PathBuf>,
    /// Times the load and rows of --like; more load fills slots and makes tables hot
    #[arg(long, value_name = "X", default_value_t = 1.0, requires = "like")]
    scale: f64,
    /// Tables, partition roots and leaves included; more of them fill slots more evenly
    #[arg(long, value_name = "N", default_value_t = 1000, conflicts_with = "schema")]
    tables: u32,
    /// Hours observed; the plan balances each bucket of them
    #[arg(long, value_name = "N", default_value_t = 168)]
    hours: u32,
    /// Length of a bucket, as in `1h` or `300s`; shorter ones show higher peaks
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = values::whole_seconds)]
    bucket: u32,
    /// Start of the first bucket, UTC; weekends are quiet
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T00:00:00Z")]
    start: Timestamp,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Exponent of the rank-size law of the loads; 0: all alike, which packs well; above 1 the first tables become hot
    #[arg(long, value_name = "X", default_value_t = 1.1)]
    zipf: f64,
    /// Noise of each bucket: standard deviation of its logarithm; noise widens the gap to the bound
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    noise: f64,
    /// Tables raised above all others; they get dedicated slots
    #[arg(long, value_name = "N", default_value_t = 3)]
    hot: u32,
    /// Mean WAL of all tables together, as in `80MB/s`; from about 15 MB/s on single tables are too much for a slot
    #[arg(long, value_name = "RATE", default_value = "8MB/s", value_parser = units::parse_bytes_per_s)]
    total_wal: u64,
    /// Share of tables that are never written; they can go to any slot
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    idle: f64,
    /// Major version of the publisher, 12 or later; it decides what can be published, such as row filters
    #[arg(long, value_name = "N", default_value_t = 13)]
    publisher_version: u32,
    /// Foreign keys per table, on average; the plan cuts as few as its tolerance allows
    #[arg(long, value_name = "X", default_value_t = 1.3)]
    foreign_keys: f64,
    /// Exactly so many foreign keys instead
    #[arg(long, value_name = "N", conflicts_with = "foreign_keys")]
    edges: Option<u32>,
    /// Partition trees, each one group of the plan [default: one for each 100 tables]
    #[arg(long, value_name = "N")]
    partition_trees: Option<u32>,
    /// Inheritance families, each one group of the plan [default: one for each 250 tables]
    #[arg(long, value_name = "N")]
    inheritance_families: Option<u32>,
    /// Share of tables without a key: the plan refuses them unless --no-identity says what to do (exit code 4)
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    no_key: f64,
    /// Share of tables with replica identity full; their updates send the old row too
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    full_identity: f64,
    /// Share of foreign keys whose tables are written in the same transactions; the plan counts those it divides
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    co_writes: f64,
}

impl GenerateArgs {
    fn settings(&self) -> GenerateSettings {
        GenerateSettings {
            tables: self.tables,
            hours: self.hours,
            bucket_s: self.bucket,
            start: self.start,
            seed: self.seed,
            zipf: self.zipf,
            noise: self.noise,
            hot: self.hot,
            total_wal_bytes_per_s: self.total_wal as f64,
            publisher_version: ServerVersion(self.publisher_version.saturating_mul(10_000)),
            foreign_keys_per_table: self.foreign_keys,
            foreign_key_count: self.edges,
            idle_share: self.idle,
            partition_trees: self.partition_trees,
            inheritance_families: self.inheritance_families,
            no_key_share: self.no_key,
            full_identity_share: self.full_identity,
            co_write_share: self.co_writes,
        }
    }

    fn workload(&self) -> Result<Workload, Failure> {
        let made = match (&self.from, &self.like) {
            (Some(path), _) => of_tables(&specs(path)?, &self.settings()),
            (None, Some(path)) => like(&files::read_document(path)?, self.scale, self.seed),
            (None, None) if self.schema == SchemaKind::Tpcc => tpcc(&self.settings()),
            (None, None) => generate(&self.settings()),
        };
        made.map_err(|error| match error {
            GenerateError::Range { setting, .. } => Failure::from(error)
                .hint(format!("Give another --{setting}; \"pgslotplan generate --help\" lists the defaults.")),
            error => Failure::from(error),
        })
    }
}

/// A list of tables. An empty cell is as good as none.
fn specs(path: &Path) -> Result<Vec<TableSpec>, Failure> {
    let text = files::read_text(path)?;
    let wrong = |line: u64, reason: String| {
        Failure::new(format!("could not read {}, line {line}: {reason}", files::shown(path)))
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    if !head.iter().any(|column| column == "name") {
        return Err(wrong(1, "there is no column \"name\"".to_owned())
            .hint("The first line names the columns; \"pgslotplan generate --help\" lists them."));
    }
    let mut specs = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| wrong(error.position().map_or(0, csv::Position::line), error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells: Vec<(&str, &str)> = head.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()).collect();
        specs.push(spec(&cells).map_err(|reason| wrong(line, reason))?);
    }
    if specs.is_empty() {
        return Err(Failure::new(format!("{} lists no table", files::shown(path))));
    }
    Ok(specs)
}

fn spec(cells: &[(&str, &str)]) -> Result<TableSpec, String> {
    let name = cells.iter().find(|(column, _)| *column == "name").ok_or("the table has no name")?.1;
    let mut spec = TableSpec::new(TableName::parse(name).map_err(|error| error.to_string())?);
    for &(column, cell) in cells {
        let number = || cell.parse::<f64>().map_err(|_| format!("{column} is \"{cell}\", which is no number"));
        let count = || cell.parse::<u32>().map_err(|_| format!("{column} is \"{cell}\", which is no whole number"));
        match column {
            "name" => {}
            "inserts_per_s" => spec.inserts_per_s = number()?,
            "updates_per_s" => spec.updates_per_s = number()?,
            "deletes_per_s" => spec.deletes_per_s = number()?,
            "hot_share" => spec.hot_share = number()?,
            "rows" => spec.rows = number()?,
            "row_width_bytes" => spec.row_width_bytes = number()?,
            "columns" => spec.columns = count()?,
            "indexes" => spec.indexes = count()?,
            "toast_bytes" => spec.toast_bytes = units::parse_bytes(cell).map_err(|error| error.to_string())?,
            "primary_key" => {
                spec.primary_key = match cell {
                    "true" | "t" | "yes" => true,
                    "false" | "f" | "no" => false,
                    _ => return Err(format!("primary_key is \"{cell}\", which is neither true nor false")),
                }
            }
            _ => return Err(format!("column \"{column}\" is none of ours")),
        }
    }
    Ok(spec)
}

/// `pgslotplan generate`
pub fn run(args: &GenerateArgs, console: &Console) -> Result<Exit, Failure> {
    files::check_output(&args.output, args.force.existing())?;
    let workload = args.workload()?;
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
