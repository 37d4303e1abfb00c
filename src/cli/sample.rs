//! `pgslotplan sample`: observes a publisher and folds what it saw into a workload.

use std::path::{Path, PathBuf};

use pgslotplan::{
    format,
    pg::{catalog::CatalogScope, connect::SessionPurpose},
    policy::Pattern,
    units::{self, Bytes, Seconds},
    workload::{
        check,
        derive::{DeriveError, Deriver},
    },
};

use super::{
    connection::PublisherArgs,
    files::{self, Existing, ForceArg},
    interrupt::interrupted,
    output::{Console, Exit, Failure, Teller},
    sample_databases,
    sample_history::{self, HistoryArgs},
    sample_method::SampleMethod,
    sample_run::{Prepared, no_table},
    workload::FoldPeriod,
};

/// Observe a publisher
///
/// Reads counters and catalog, changes nothing. Needs CONNECT and pg_monitor. Every snapshot is kept in
/// FILE.samples.jsonl at once; Ctrl-C folds what there is into FILE.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan sample 'host=db1 dbname=shop user=monitor' --duration 24h -o workload.json"
)]
pub struct SampleArgs {
    #[command(flatten)]
    pub(super) publisher: PublisherArgs,
    /// Workload to write; `-` is standard output, `*.zst` is compressed; with --database or --all-databases a folder
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Sample this database too (may be repeated): a workload for each, in the folder of --output
    #[arg(long, value_name = "NAME", conflicts_with = "all_databases")]
    pub(super) database: Vec<String>,
    /// Sample all databases of the server that hold tables and that the role may connect to
    #[arg(long)]
    pub(super) all_databases: bool,
    #[command(flatten)]
    pub(super) force: ForceArg,
    /// How long to observe, as in `24h` or `7d`
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = units::parse_seconds)]
    pub(super) duration: f64,
    /// Time between two readings [default: 10s, 30s above 10,000 tables]
    #[arg(long, value_name = "TIME", value_parser = units::parse_seconds)]
    pub(super) interval: Option<f64>,
    /// Length of a bucket, whose mean rate is kept
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = units::parse_seconds)]
    pub(super) bucket: f64,
    /// How load is measured
    #[arg(long, value_name = "METHOD", default_value = "auto", hide_possible_values = true)]
    #[arg(
        long_help = "How load is measured: counters and a model of WAL records; walinspect, which corrects the model by \
        reading WAL (15 and later, needs EXECUTE on its functions); decode, which peeks a temporary slot of test_decoding for \
        transactions and bytes sent (needs REPLICATION and --allow-temporary-objects); auto: all that the role may use"
    )]
    pub(super) method: SampleMethod,
    /// Make a temporary slot for decode; it ends with the session and leaves nothing
    #[arg(long)]
    pub(super) allow_temporary_objects: bool,
    /// Two readings, one interval apart: a first look
    #[arg(long, conflicts_with_all = ["resume", "duration"])]
    pub(super) once: bool,
    /// Continue FILE.samples.jsonl; --duration counts what it holds
    #[arg(long)]
    pub(super) resume: bool,
    /// Size at which FILE.samples.jsonl becomes a compressed part and a new one is begun
    #[arg(long, value_name = "SIZE", default_value = "256MB", value_parser = rotation)]
    pub(super) rotate: u64,
    /// Fold the result into a typical day or week, as `workload fold` does
    #[arg(long, value_name = "PERIOD")]
    fold: Option<FoldPeriod>,
    /// Percentile of the fold
    #[arg(long, value_name = "N", default_value_t = 95.0, requires = "fold")]
    percentile: f64,
    /// Take in tables that an extension owns (name or pattern; may be repeated)
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Leave tables out (name or pattern; may be repeated)
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Processor cores of the publisher, which no view tells
    #[arg(long, value_name = "N")]
    pub(super) cores: Option<u32>,
    #[command(flatten)]
    pub(super) history: HistoryArgs,
}

impl SampleArgs {
    /// Which tables are wanted.
    pub(super) fn scope(&self) -> CatalogScope {
        CatalogScope {
            include: self.include.iter().cloned().map(Pattern).collect(),
            exclude: self.exclude.iter().cloned().map(Pattern).collect(),
        }
    }

    /// Whether databases are named one by one, and the output is a folder.
    pub(super) fn is_of_several(&self) -> bool {
        self.all_databases || !self.database.is_empty()
    }

    /// What happens to a workload that exists: a run that is continued replaces its own.
    pub(super) fn existing(&self) -> Existing {
        if self.resume { Existing::Replace } else { self.force.existing() }
    }
}

fn rotation(text: &str) -> Result<u64, String> {
    match units::parse_bytes(text) {
        Ok(bytes) if bytes >= 1_000_000 => Ok(bytes),
        Ok(_) => Err("expected at least 1MB".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// `pgslotplan sample`
pub fn run(args: &SampleArgs, console: &Console) -> Result<Exit, Failure> {
    check_times(args)?;
    let runtime = runtime()?;
    if args.is_of_several() {
        let outcome = runtime.block_on(sample_databases::run(args, console));
        runtime.shutdown_background();
        return outcome;
    }
    files::check_output(&args.output, args.existing())?;
    let teller = Teller::plain(console);
    let outcome = runtime.block_on(async {
        let (server, session) = args.publisher.connect(SessionPurpose::OBSERVE, console).await?;
        if args.history.is_wanted() {
            return sample_history::run(args, &session, &args.output, &teller).await;
        }
        let run = Prepared::read(args, server, session, teller.clone()).await?.start(args, &args.output)?;
        let deriver = run.observe(args, interrupted()).await?;
        finish(args, &args.output, &teller, &deriver)
    });
    // A look-up of a name that hangs shall not keep the program from ending.
    runtime.shutdown_background();
    outcome
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start the runtime").source(error))
}

fn check_times(args: &SampleArgs) -> Result<(), Failure> {
    if args.bucket < 1.0 || args.bucket.fract() != 0.0 || args.bucket > f64::from(u32::MAX) {
        return Err(Failure::new("invalid --bucket: it must be a whole number of seconds, at least 1"));
    }
    if args.interval.is_some_and(|interval| interval < 1.0) {
        return Err(Failure::new("invalid --interval: it must be at least 1s")
            .hint("Servers publish their counters once a second."));
    }
    if let Some(period) = args.fold
        && period.seconds() % args.bucket != 0.0
    {
        return Err(Failure::new("invalid --bucket: buckets do not fill the period of --fold evenly"));
    }
    let shortest = args.interval.unwrap_or(1.0);
    if !args.once && args.duration < shortest {
        return Err(
            Failure::new("invalid --duration: it is shorter than one interval").hint("For one interval, use --once.")
        );
    }
    Ok(())
}

/// Folds, checks and writes.
pub(super) fn finish(args: &SampleArgs, output: &Path, teller: &Teller, deriver: &Deriver) -> Result<Exit, Failure> {
    let outline = deriver.outline().map_err(|error| match error {
        DeriveError::NoTable(_) => no_table(error),
        _ => Failure::from(error).hint("Sample for at least one interval without a reset."),
    })?;
    let folding = args.fold.map(|period| period.folding(&outline.frame, args.percentile)).transpose()?;
    let frame = match &folding {
        Some(folding) => folding.frame(outline.frame.clone()),
        None => outline.frame.clone(),
    };
    check::validate_frame(&frame)?;
    for finding in check::findings_of(&frame, outline.is_written) {
        teller.warning(&finding.message);
    }
    let mut table_count = 0;
    let tables = outline.tables().map(|table| {
        table_count += 1;
        let table = match &folding {
            Some(folding) => folding.table(table),
            None => table,
        };
        check::validate_table(&frame, &table).map_err(std::io::Error::other).map(|()| table)
    });
    files::write(output, args.existing(), |out| format::write_lines_with(&frame, "tables", tables, out))?;
    teller.note(&format!(
        "observed {} tables for {} in {} × {}, {}/s of WAL on average",
        table_count,
        Seconds(deriver.observed_s()),
        frame.bucket_count,
        Seconds(f64::from(frame.bucket_s)),
        Bytes(frame.cluster_wal_bytes_per_s.mean())
    ));
    Ok(Exit::Done)
}
