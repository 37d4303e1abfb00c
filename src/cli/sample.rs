//! `pgslotplan sample`: observes a publisher and folds what it saw into a workload.
#![expect(clippy::disallowed_methods, reason = "this is the edge: the loop waits by the clock")]

use std::{
    future::Future,
    path::PathBuf,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use pgslotplan::{
    format::{self, FORMAT_VERSION, TOOL},
    pg::{
        abilities::read_abilities,
        catalog::{CatalogScope, read_catalog},
        connect::{Session, SessionPurpose},
        counters::read_counters,
        error::PgError,
        facts::{FactsReport, read_facts},
    },
    policy::Pattern,
    units::{self, Bytes, Seconds},
    workload::{
        check,
        derive::{DeriveError, Deriver},
        snapshot::{Catalog, CounterSnapshot, SampleLine, SampleStart},
    },
};

use super::{
    connection::{PublisherArgs, Server, server_failure},
    files::{self, Existing, ForceArg},
    output::{Console, Exit, Failure},
    sample_history::{self, HistoryArgs},
    sample_log::SampleLog,
    sample_method::{Choice, SampleMethod},
    sample_watch::Watch,
    workload::{FoldPeriod, folded},
};

/// Seconds between two catalog reads when nothing calls for one earlier.
const CATALOG_S: u64 = 3600;
/// A server that stays away longer than this ends the run.
const RECONNECT_LIMIT_S: u64 = 600;
/// Above so many tables the interval is longer unless it is given.
const MANY_TABLES: usize = 10_000;

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
    /// Workload to write; `-` is standard output, `*.zst` is compressed
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) force: ForceArg,
    /// How long to observe, as in `24h` or `7d`
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = units::parse_seconds)]
    pub(super) duration: f64,
    /// Time between two readings [default: 10s, 30s above 10,000 tables]
    #[arg(long, value_name = "TIME", value_parser = units::parse_seconds)]
    interval: Option<f64>,
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
    method: SampleMethod,
    /// Make a temporary slot for decode; it ends with the session and leaves nothing
    #[arg(long)]
    allow_temporary_objects: bool,
    /// Two readings, one interval apart: a first look
    #[arg(long, conflicts_with_all = ["resume", "duration"])]
    once: bool,
    /// Continue FILE.samples.jsonl; --duration counts what it holds
    #[arg(long)]
    resume: bool,
    /// Size at which FILE.samples.jsonl becomes a compressed part and a new one is begun
    #[arg(long, value_name = "SIZE", default_value = "256MB", value_parser = rotation)]
    rotate: u64,
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
    history: HistoryArgs,
}

impl SampleArgs {
    /// Which tables are wanted.
    pub(super) fn scope(&self) -> CatalogScope {
        CatalogScope {
            include: self.include.iter().cloned().map(Pattern).collect(),
            exclude: self.exclude.iter().cloned().map(Pattern).collect(),
        }
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
    let existing = if args.resume { Existing::Replace } else { args.force.existing() };
    files::check_output(&args.output, existing)?;
    if args.history.is_wanted() {
        return sample_history::run(args, &args.history, console);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start the runtime").source(error))?;
    runtime.block_on(async {
        let deriver = observe(args, console, interrupted()).await?;
        finish(args, console, existing, &deriver)
    })
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

/// Ends when the user or the system asks the program to stop.
pub(super) async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            drop(interrupt.await);
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}

/// Observes until the duration is over or `stop` ends, and returns what was seen.
pub async fn observe(args: &SampleArgs, console: &Console, stop: impl Future<Output = ()>) -> Result<Deriver, Failure> {
    let (server, session) = args.publisher.connect(SessionPurpose::OBSERVE, console).await?;
    let mut report = read_facts(&session).await.map_err(server_failure)?;
    report.facts.cores = args.cores;
    check_facts(&report, console)?;
    let abilities = read_abilities(&session).await.map_err(server_failure)?;
    let choice = Choice::new(args.method, args.allow_temporary_objects, &abilities)?;
    console.note(&choice.describe());
    for improvement in &choice.improvements {
        console.note(improvement);
    }
    let mut watch = Watch::new(&choice);
    // Before the first counters: what waits for running transactions shall not widen the first interval.
    watch.begin(&session, &server, args.method, console).await.map_err(server_failure)?;
    let first = read_counters(&session).await.map_err(server_failure)?;
    let scope = args.scope();
    // Read before any file is made: a run that cannot be leaves nothing behind.
    let catalog = read_catalog(&session, &first, &scope).await.map_err(server_failure)?;
    if catalog.tables.is_empty() && !args.resume {
        return Err(no_table(DeriveError::NoTable(report.database)));
    }
    let (log, deriver) = open_log(args, &report, &first)?;
    let interval_s = deriver.start().map_or(10.0, |start| start.interval_s);
    let mut sampler = Sampler {
        server,
        session,
        watch,
        scope,
        log,
        deriver,
        console: *console,
        system_identifier: report.facts.system_identifier,
        facts_notes: report.notes,
        catalog_read: Instant::now(),
    };
    sampler.keep_catalog(catalog)?;
    sampler.take(first)?;
    for note in choice.improvements {
        sampler.keep(SampleLine::Note { note })?;
    }
    let wanted_s = if args.once { interval_s } else { args.duration };
    tokio::pin!(stop);
    let outcome = sampler.observe_for(wanted_s, interval_s, stop).await;
    sampler.watch.end().await;
    outcome.map(|()| sampler.deriver)
}

fn check_facts(report: &FactsReport, console: &Console) -> Result<(), Failure> {
    let setting = |name: &str| report.facts.settings.get(name).map(String::as_str);
    if setting("track_counts") == Some("off") {
        return Err(Failure::new("the server counts nothing: track_counts is off")
            .hint("Set \"track_counts\" to on and reload the server."));
    }
    if setting("wal_level").is_some_and(|level| level != "logical") {
        console.warning("wal_level is not logical: rates will be a little low, and slots cannot be made yet");
    }
    for note in &report.notes {
        console.warning(note);
    }
    Ok(())
}

/// A new log, or the old one with all that is in it.
fn open_log(args: &SampleArgs, report: &FactsReport, first: &CounterSnapshot) -> Result<(SampleLog, Deriver), Failure> {
    let path = SampleLog::path_for(&args.output);
    if args.resume {
        if files::is_standard(&args.output) {
            return Err(Failure::new("cannot resume: standard output keeps no samples").hint("Give a file with -o."));
        }
        let (log, deriver) = SampleLog::resume(path, args.rotate)?;
        check_same_database(&deriver, report)?;
        return Ok((log, deriver));
    }
    let usual = if first.tables.len() > MANY_TABLES { 30.0 } else { 10.0 };
    let start = SampleStart {
        kind: "samples".to_owned(),
        version: FORMAT_VERSION,
        tool: TOOL.to_owned(),
        database: report.database.clone(),
        database_oid: report.database_oid,
        server: report.facts.clone(),
        bucket_s: args.bucket as u32,
        interval_s: args.interval.unwrap_or(usual),
    };
    let mut log = match files::is_standard(&args.output) {
        true => SampleLog::none(),
        false => SampleLog::create(path, args.force.existing(), args.rotate)?,
    };
    log.append(&SampleLine::Start(start.clone()))?;
    Ok((log, Deriver::new(start)))
}

fn check_same_database(deriver: &Deriver, report: &FactsReport) -> Result<(), Failure> {
    let Some(start) = deriver.start() else { return Ok(()) };
    let (then, now) = (&start.server.system_identifier, &report.facts.system_identifier);
    let other_server = matches!((then, now), (Some(then), Some(now)) if then != now);
    if other_server || start.database != report.database || start.database_oid != report.database_oid {
        return Err(Failure::new("cannot resume: the samples are of another database")
            .detail(format!("They are of database \"{}\", and this is \"{}\".", start.database, report.database))
            .hint("Connect to the same server and database, or start anew with another output."));
    }
    Ok(())
}

/// A run in progress.
struct Sampler {
    server: Server,
    session: Session,
    watch: Watch,
    scope: CatalogScope,
    log: SampleLog,
    deriver: Deriver,
    console: Console,
    system_identifier: Option<String>,
    facts_notes: Vec<String>,
    catalog_read: Instant,
}

impl Sampler {
    async fn observe_for(
        &mut self,
        wanted_s: f64,
        interval_s: f64,
        mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), Failure> {
        let progress = self.progress(wanted_s);
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(interval_s));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await; // the first comes at once, and the first snapshot is taken
        // Half an interval short is done: the clock never hits the end exactly.
        while self.deriver.observed_s() + interval_s / 2.0 < wanted_s {
            let stopped = tokio::select! {
                () = stop.as_mut() => true,
                _ = ticks.tick() => false,
            };
            if stopped {
                self.console.note("stopping; folding what was observed");
                break;
            }
            let round = tokio::select! {
                () = stop.as_mut() => None,
                round = self.round(interval_s) => Some(round),
            };
            match round {
                None => break,
                Some(round) => round?,
            }
            progress.set_position(self.deriver.observed_s() as u64);
            progress.set_message(self.describe_rate());
        }
        progress.finish_and_clear();
        self.refresh_catalog().await;
        Ok(())
    }

    fn progress(&self, wanted_s: f64) -> ProgressBar {
        if !self.console.shows_progress() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{bar:30} {percent}%  {elapsed} elapsed, {eta} left  {msg}");
        ProgressBar::new(wanted_s.ceil() as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }

    fn describe_rate(&self) -> String {
        match self.deriver.mean_wal_bytes_per_s() {
            Some(rate) => format!("{}/s of WAL", Bytes(rate)),
            None => String::new(),
        }
    }

    /// One reading, with as many attempts as a restart or a failover may need.
    async fn round(&mut self, interval_s: f64) -> Result<(), Failure> {
        let snapshot = match read_counters(&self.session).await {
            Err(error) if error.is_passing() => self.reconnect(error).await?,
            other => other.map_err(server_failure)?,
        };
        let due = self.catalog_read.elapsed() >= Duration::from_secs(CATALOG_S);
        if due || self.deriver.catalog_is_stale(&snapshot) {
            self.take_catalog(&snapshot).await?;
        }
        self.take(snapshot)?;
        let lines = match self.watch.round(&self.session, &self.server, interval_s, &self.console).await {
            Err(error) if error.is_passing() => return Ok(()), // the next round connects again
            other => other.map_err(server_failure)?,
        };
        lines.into_iter().try_for_each(|line| self.keep(line))
    }

    /// Keeps a line in the log and in the sums.
    fn keep(&mut self, line: SampleLine) -> Result<(), Failure> {
        self.log.append(&line)?;
        self.deriver.push_line(line);
        Ok(())
    }

    async fn reconnect(&mut self, cause: PgError) -> Result<CounterSnapshot, Failure> {
        self.console.warning(&format!("{cause}; trying again for up to {}", Seconds(RECONNECT_LIMIT_S as f64)));
        let begun = Instant::now();
        let mut pause = Duration::from_millis(500);
        let mut last = cause;
        while begun.elapsed() < Duration::from_secs(RECONNECT_LIMIT_S) {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(15));
            match self.come_back().await {
                Ok(snapshot) => {
                    self.console.note("connected again");
                    return Ok(snapshot);
                }
                Err(Ok(error)) if error.is_passing() => last = error,
                Err(Ok(error)) => return Err(self.with_log_hint(server_failure(error))),
                Err(Err(failure)) => return Err(failure),
            }
        }
        Err(self.with_log_hint(server_failure(last)))
    }

    /// A new session with the same server, and its counters.
    async fn come_back(&mut self) -> Result<CounterSnapshot, Result<PgError, Failure>> {
        let session = self.server.open().await.map_err(Ok)?;
        let report = read_facts(&session).await.map_err(Ok)?;
        if report.facts.system_identifier != self.system_identifier {
            return Err(Err(self.with_log_hint(Failure::new("another server answers at the same address"))));
        }
        let snapshot = read_counters(&session).await.map_err(Ok)?;
        self.session = session;
        self.watch.forget();
        Ok(snapshot)
    }

    fn with_log_hint(&self, failure: Failure) -> Failure {
        match self.log.path() {
            Some(path) => failure.hint(format!(
                "{} of samples are kept in \"{}\"; continue with --resume.",
                Seconds(self.deriver.observed_s()),
                path.display()
            )),
            None => failure,
        }
    }

    fn take(&mut self, snapshot: CounterSnapshot) -> Result<(), Failure> {
        self.log.append(&SampleLine::between(self.deriver.previous(), &snapshot))?;
        self.deriver.push(snapshot);
        Ok(())
    }

    async fn take_catalog(&mut self, counters: &CounterSnapshot) -> Result<(), Failure> {
        let catalog = read_catalog(&self.session, counters, &self.scope).await.map_err(server_failure)?;
        self.keep_catalog(catalog)
    }

    fn keep_catalog(&mut self, mut catalog: Catalog) -> Result<(), Failure> {
        catalog.notes.extend(self.facts_notes.iter().cloned());
        self.keep(SampleLine::Catalog(catalog))?;
        self.catalog_read = Instant::now();
        Ok(())
    }

    /// Widths and sizes as they are at the end. The run is good without it.
    async fn refresh_catalog(&mut self) {
        let Some(last) = self.deriver.previous().cloned() else { return };
        let limit = Duration::from_secs(60);
        let outcome = tokio::time::timeout(limit, self.take_catalog(&last)).await;
        if !matches!(outcome, Ok(Ok(()))) {
            self.console.warning("could not read the catalog once more; sizes are those of an earlier reading");
        }
    }
}

fn no_table(error: DeriveError) -> Failure {
    Failure::from(error).hint("Is it the right database? Tables of extensions come in with --include.")
}

/// Folds, checks and writes.
fn finish(args: &SampleArgs, console: &Console, existing: Existing, deriver: &Deriver) -> Result<Exit, Failure> {
    let workload = deriver.workload().map_err(|error| match error {
        DeriveError::NoTable(_) => no_table(error),
        _ => Failure::from(error).hint("Sample for at least one interval without a reset."),
    })?;
    let workload = match args.fold {
        Some(period) => folded(&workload, period, args.percentile)?,
        None => workload,
    };
    check::validate(&workload)?;
    for finding in check::findings(&workload) {
        console.warning(&finding.message);
    }
    files::write(&args.output, existing, |out| format::write_lines(&workload, out))?;
    console.note(&format!(
        "observed {} tables for {} in {} × {}, {}/s of WAL on average",
        workload.tables.len(),
        Seconds(deriver.observed_s()),
        workload.bucket_count,
        Seconds(f64::from(workload.bucket_s)),
        Bytes(workload.cluster_wal_bytes_per_s.mean())
    ));
    Ok(Exit::Done)
}
