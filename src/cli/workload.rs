//! `pgslotplan workload`: several runs into one, weeks into a typical week, and a look at what was observed.

use std::{fmt::Write, path::PathBuf};

use pgslotplan::{
    format,
    units::{Bytes, Seconds, counted},
    workload::{
        self, Series, Table, TableKind, Workload, carry,
        fold::{self, Folding, Period},
        merge::{self, MergeError},
    },
};
use serde_json::json;

use super::{
    files::{self, ForceArg},
    output::{Console, Exit, Failure, json_text},
    text::{Characters, Style, paragraph},
};

/// Work with workload files
#[derive(Debug, clap::Args)]
pub struct WorkloadArgs {
    #[command(subcommand)]
    command: WorkloadCommand,
}

#[derive(Debug, clap::Subcommand)]
enum WorkloadCommand {
    Merge(MergeArgs),
    Fold(FoldArgs),
    Carry(CarryArgs),
    Show(ShowArgs),
}

/// One run out of several over the same database
///
/// Buckets lie where their hours are; what lies between the runs was not observed. Sizes, keys and the list of tables are
/// those of the latest run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan workload merge monday.json tuesday.json -o both.json")]
struct MergeArgs {
    /// Workloads
    #[arg(value_name = "WORKLOAD", required = true, num_args = 1..)]
    workloads: Vec<PathBuf>,
    /// File to write; `-` is standard output, `*.zst` is compressed
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// Fold the result as `workload fold` does
    #[arg(long, value_name = "PERIOD")]
    fold: Option<FoldPeriod>,
    /// Percentile of the fold
    #[arg(long, value_name = "N", default_value_t = 95.0, requires = "fold")]
    percentile: f64,
}

/// A typical week (or day) out of several
///
/// Each hour of the week becomes a percentile over the weeks, for each table. Weeks begin on Monday, 00:00 UTC.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan workload fold month.json --fold week --percentile 95 -o week.json")]
struct FoldArgs {
    /// Workload of several weeks
    #[arg(value_name = "WORKLOAD")]
    workload: PathBuf,
    /// File to write; `-` is standard output, `*.zst` is compressed
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// What comes round again
    #[arg(long, value_name = "PERIOD", default_value = "week")]
    fold: FoldPeriod,
    /// Percentile over the periods; 100 is the worst
    #[arg(long, value_name = "N", default_value_t = 95.0)]
    percentile: f64,
}

/// What was observed before a migration, for the next one
///
/// A migration in two phases, such as 12 to 13 and then to 15, needs no second week of watching: load comes from the earlier
/// run; tables, keys, sizes, versions and settings from a short run on the server that publishes now.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan sample --once 'host=middle dbname=shop' -o now.json\n         \
                  pgslotplan workload carry week.json now.json -o next.json\n\
                  Then plan next.json with --previous and the first plan: tables stay in their slots.")]
struct CarryArgs {
    /// Workload of the earlier publisher
    #[arg(value_name = "WORKLOAD")]
    workload: PathBuf,
    /// Workload of a short run on the new publisher, as `sample --once` writes it
    #[arg(value_name = "NOW")]
    now: PathBuf,
    /// File to write; `-` is standard output, `*.zst` is compressed
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
}

/// What was observed, and how completely
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan workload show workload.json --top 20")]
struct ShowArgs {
    /// Workload
    #[arg(value_name = "WORKLOAD")]
    workload: PathBuf,
    /// Tables to list, by their peak of WAL
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ShowFormat,
}

/// A period on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FoldPeriod {
    /// 24 hours, UTC
    Day,
    /// Seven days from Monday, UTC
    Week,
}

impl FoldPeriod {
    /// Its length.
    pub fn seconds(self) -> f64 {
        match self {
            FoldPeriod::Day => 86_400.0,
            FoldPeriod::Week => 7.0 * 86_400.0,
        }
    }

    fn period(self) -> Period {
        match self {
            FoldPeriod::Day => Period::Day,
            FoldPeriod::Week => Period::Week,
        }
    }

    /// How a run folds into it.
    pub fn folding(self, run: &Workload, percentile: f64) -> Result<Folding, Failure> {
        Folding::new(run, self.period(), percentile).map_err(Failure::from)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ShowFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// `pgslotplan workload`
pub fn run(args: &WorkloadArgs, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        WorkloadCommand::Merge(args) => merge_runs(args, console),
        WorkloadCommand::Fold(args) => {
            files::check_output(&args.output, args.force.existing())?;
            let folded = folded(&read(&args.workload)?, args.fold, args.percentile)?;
            write(&args.output, &args.force, &folded, console)
        }
        WorkloadCommand::Carry(args) => carry_over(args, console),
        WorkloadCommand::Show(args) => show(args, console),
    }
}

fn carry_over(args: &CarryArgs, console: &Console) -> Result<Exit, Failure> {
    files::check_output(&args.output, args.force.existing())?;
    let carried = carry::carry(&read(&args.workload)?, &read(&args.now)?).map_err(|error| {
        Failure::from(error).hint("First the workload that was observed, then the short one of the new server.")
    })?;
    for (what, tables) in [
        ("not in the earlier run: their load is that of the short one", &carried.new),
        ("of the earlier run not on the new server: left out", &carried.gone),
    ] {
        if !tables.is_empty() {
            console.warning(&format!("{} {what}", counted(tables.len(), "table")));
        }
    }
    write(&args.output, &args.force, &carried.workload, console)
}

fn read(path: &std::path::Path) -> Result<Workload, Failure> {
    let mut workload: Workload = files::read_document(path)?;
    workload.canonicalize();
    workload::check::validate(&workload).map_err(|error| files::unreadable(path, error))?;
    Ok(workload)
}

fn merge_runs(args: &MergeArgs, console: &Console) -> Result<Exit, Failure> {
    files::check_output(&args.output, args.force.existing())?;
    let runs: Vec<Workload> = args.workloads.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let merged = merge::merge(&runs).map_err(|error| match error {
        MergeError::OtherBuckets(..) => {
            Failure::from(error).hint("Fold the samples again with the same --bucket (sample --resume).")
        }
        MergeError::OtherDatabase(..) | MergeError::OtherServer(..) => {
            Failure::from(error).hint("Each database of a cluster has a workload of its own; plan takes several.")
        }
        _ => Failure::from(error),
    })?;
    let result = match args.fold {
        Some(period) => folded(&merged, period, args.percentile)?,
        None => merged,
    };
    write(&args.output, &args.force, &result, console)
}

/// Folds, with our words for what can go wrong.
fn folded(workload: &Workload, period: FoldPeriod, percentile: f64) -> Result<Workload, Failure> {
    fold::fold(workload, period.period(), percentile).map_err(Failure::from)
}

fn write(path: &std::path::Path, force: &ForceArg, workload: &Workload, console: &Console) -> Result<Exit, Failure> {
    workload::check::validate(workload)?;
    for finding in workload::check::findings(workload) {
        console.warning(&finding.message);
    }
    files::write(path, force.existing(), |out| format::write_lines(workload, out))?;
    if !files::is_standard(path) {
        console.note(&format!(
            "wrote {}: {}, {} × {}",
            files::shown(path),
            counted(workload.tables.len(), "table"),
            workload.bucket_count,
            Seconds(f64::from(workload.bucket_s))
        ));
    }
    Ok(Exit::Done)
}

fn show(args: &ShowArgs, console: &Console) -> Result<Exit, Failure> {
    let workload = read(&args.workload)?;
    let text = match args.format {
        ShowFormat::Text => shown_as_text(&workload, args.top, Characters::of_locale()),
        ShowFormat::Json => json_text(shown_as_json(&workload, args.top).as_bytes()),
    };
    console.result(&text)?;
    Ok(Exit::Done)
}

/// The tables with the highest peaks.
fn hottest(workload: &Workload, top: usize) -> Vec<&Table> {
    let mut tables: Vec<&Table> = workload.tables.iter().filter(|table| table.kind != TableKind::Partitioned).collect();
    tables.sort_by(|a, b| {
        let peak = |table: &Table| table.load.wal_bytes_per_s.max();
        peak(b).total_cmp(&peak(a)).then_with(|| a.table_name().cmp(&b.table_name()))
    });
    tables.truncate(top);
    tables
}

/// Share of a bucket that was observed.
fn share_of(workload: &Workload, bucket: usize) -> f64 {
    match workload.cluster_wal_bytes_per_s.at(bucket) {
        Some(_) => workload.validity.as_ref().map_or(1.0, |validity| validity.or_zero(bucket)),
        None => 0.0,
    }
}

fn shares(workload: &Workload) -> Vec<f64> {
    (0..workload.bucket_count as usize).map(|bucket| share_of(workload, bucket)).collect()
}

fn shown_as_text(workload: &Workload, top: usize, characters: Characters) -> String {
    let mut text = String::new();
    let shares = shares(workload);
    let method = format!("{:?}", workload.method).to_lowercase();
    let head = format!("Database \"{}\" on PostgreSQL {}", workload.database, workload.server.version_num);
    text.push_str(&format!("{}\n", Style::Head.paint(&head)));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<16}{value}");
    };
    let length = Seconds(f64::from(workload.bucket_s));
    line("observed", format!("from {}, {} × {length}, by {method}", workload.start, workload.bucket_count));
    line("validity", format!("{:.1} % of that time was observed", 100.0 * workload.observed_share()));
    line(
        "WAL",
        format!(
            "{}/s on average, {}/s at peak",
            Bytes(workload.cluster_wal_bytes_per_s.mean()),
            Bytes(workload.cluster_wal_bytes_per_s.max())
        ),
    );
    line(
        "transactions",
        format!(
            "{:.1}/s on average, {:.1}/s at peak",
            workload.cluster_transactions_per_s.mean(),
            workload.cluster_transactions_per_s.max()
        ),
    );
    line(
        "tables",
        format!(
            "{}, {} foreign keys, {} pairs written together",
            workload.tables.len(),
            workload.foreign_keys.len(),
            workload.co_writes.len()
        ),
    );
    if shares.iter().any(|share| *share < 1.0) {
        line("by bucket", characters.curve(&shares, 1.0, 60));
        for (bucket, share) in shares.iter().enumerate().filter(|(_, share)| **share < 0.5).take(10) {
            line("", format!("bucket {bucket}: {:.0} % observed", 100.0 * share));
        }
    }
    let all: f64 = workload.tables.iter().map(|table| table.load.wal_bytes_per_s.mean()).sum();
    let _ = writeln!(text, "\n{}", Style::Head.paint("  peak WAL/s   mean WAL/s   share  rows/s  tx/s  table"));
    for table in hottest(workload, top) {
        let load = &table.load;
        let share = if all > 0.0 { 100.0 * load.wal_bytes_per_s.mean() / all } else { 0.0 };
        let transactions =
            load.transactions_per_s.as_ref().map_or("?".to_owned(), |series| format!("{:.0}", series.mean()));
        let _ = writeln!(
            text,
            "{:>12} {:>12} {share:>6.1}% {:>7.0} {transactions:>5}  {}",
            Bytes(load.wal_bytes_per_s.max()).to_string(),
            Bytes(load.wal_bytes_per_s.mean()).to_string(),
            rows(load),
            table.table_name(),
        );
    }
    if !workload.notes.is_empty() {
        let _ = writeln!(text, "\n{}", Style::Head.paint("Notes"));
        for note in &workload.notes {
            text.push_str(&paragraph(&pgslotplan::names::one_line(note), 2));
        }
    }
    text
}

fn rows(load: &workload::Load) -> f64 {
    let mean = |series: &Series| series.mean();
    mean(&load.inserts_per_s) + mean(&load.updates_per_s) + mean(&load.deletes_per_s)
}

fn shown_as_json(workload: &Workload, top: usize) -> String {
    let table = |table: &&Table| {
        json!({
            "schema": table.schema,
            "name": table.name,
            "peak_wal_bytes_per_s": table.load.wal_bytes_per_s.max(),
            "mean_wal_bytes_per_s": table.load.wal_bytes_per_s.mean(),
            "mean_rows_per_s": rows(&table.load),
            "mean_transactions_per_s": table.load.transactions_per_s.as_ref().map(Series::mean),
        })
    };
    let value = json!({
        "database": workload.database,
        "version_num": workload.server.version_num,
        "method": workload.method,
        "start": workload.start,
        "bucket_s": workload.bucket_s,
        "bucket_count": workload.bucket_count,
        "observed_share": workload.observed_share(),
        "validity": shares(workload),
        "mean_wal_bytes_per_s": workload.cluster_wal_bytes_per_s.mean(),
        "peak_wal_bytes_per_s": workload.cluster_wal_bytes_per_s.max(),
        "table_count": workload.tables.len(),
        "hottest": hottest(workload, top).iter().map(table).collect::<Vec<_>>(),
        "gaps": workload.gaps,
        "notes": workload.notes,
    });
    format!("{value:#}\n")
}
