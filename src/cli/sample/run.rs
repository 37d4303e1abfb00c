//! One run of `sample`: from an open session to what was seen in it.
#![expect(clippy::disallowed_methods, reason = "this is the edge: the loop waits by the clock")]

use std::{
    future::Future,
    path::Path,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use pgslotplan::{
    format::TOOL,
    names::one_line,
    pg::{
        abilities::read_abilities,
        catalog::{CatalogScope, read_catalog},
        connect::Session,
        counters::read_counters,
        error::PgError,
        facts::{FactsReport, read_facts},
    },
    server::SystemIdentifier,
    units::{Bytes, Seconds},
    workload::{
        derive::{DeriveError, Deriver},
        method::Choice,
        snapshot::{Catalog, CounterSnapshot, SampleLine, SampleStart},
    },
};

use super::{
    super::{
        connection::{Server, server_failure},
        files,
        output::{Console, Exit, Failure, Teller},
        waiting::AGAIN,
    },
    args::SampleArgs,
    clock::{LocalTime, Reading, ServerClock},
    log::SampleLog,
    watch::Watch,
};

/// Seconds between two catalog reads when nothing calls for one earlier.
const CATALOG_S: u64 = 3600;
/// A server that stays away longer than this ends the run.
const RECONNECT_LIMIT_S: u64 = 600;
/// The catalog at the end of a run is given up after this time, or after this when somebody waits for the end.
const LAST_CATALOG_LIMIT: Duration = Duration::from_secs(60);
const LAST_CATALOG_IN_HASTE: Duration = Duration::from_secs(5);
/// What a run may take beyond its duration and an interval before it is ended: readings, and waking up late.
const OVERTIME: Duration = Duration::from_secs(2);
/// A run is not continued after a pause of more buckets than this.
const LONGEST_PAUSE_BUCKETS: f64 = 200_000.0;
/// Above so many tables the interval is longer unless it is given.
const MANY_TABLES: usize = 10_000;

/// All that is read before any file is made: a run that cannot be leaves nothing behind.
pub struct Prepared {
    server: Server,
    session: Session,
    teller: Teller,
    report: FactsReport,
    choice: Choice,
    watch: Watch,
    first: CounterSnapshot,
    clock: ServerClock,
    catalog: Catalog,
}

impl Prepared {
    /// Reads facts, abilities, the first counters and the catalog, and says how load will be measured.
    pub async fn read(args: &SampleArgs, server: Server, session: Session, teller: Teller) -> Result<Self, Failure> {
        let mut report = read_facts(&session).await.map_err(server_failure)?;
        report.facts.cores = args.cores;
        check_facts(&report, &teller)?;
        let (abilities, reader) = read_abilities(&session).await.map_err(server_failure)?;
        let method = args.method.into();
        let choice = Choice::new(method, args.allow_temporary_objects, &abilities, report.facts.flavor)
            .map_err(|error| Failure::new(error.to_string()).hint(error.remedy))?;
        teller.note(&choice.describe());
        for improvement in &choice.improvements {
            teller.note(improvement);
        }
        let mut watch = Watch::new(&choice, reader);
        // Before the first counters: what waits for running transactions shall not widen the first interval.
        watch.begin(&session, &server, method, &teller).await.map_err(server_failure)?;
        let first = read_counters(&session).await.map_err(server_failure)?;
        let clock = ServerClock::new(first.instant.at, LocalTime::now());
        let catalog = read_catalog(&session, &first, &args.scope()).await.map_err(server_failure)?;
        Ok(Prepared { server, session, teller, report, choice, watch, first, clock, catalog })
    }

    /// Whether there is a table that could be replicated.
    pub fn has_tables(&self) -> bool {
        !self.catalog.tables.is_empty()
    }

    /// Refuses a database without tables, unless its run is continued.
    pub fn check_tables(&self, args: &SampleArgs) -> Result<(), Failure> {
        if self.has_tables() || args.resume {
            return Ok(());
        }
        Err(no_table(DeriveError::NoTable(self.report.database.clone())))
    }

    /// Drops what was made for the run.
    pub async fn give_up(mut self) {
        self.watch.end().await;
    }

    /// Begins the sample file, or goes on with it.
    pub fn start(self, args: &SampleArgs, output: &Path) -> Result<Sampler, Failure> {
        self.check_tables(args)?;
        let (log, deriver) = open_log(args, output, &self.report, &self.first)?;
        let mut sampler = Sampler {
            progress: progress(self.teller.console()),
            server: self.server,
            session: self.session,
            watch: self.watch,
            scope: args.scope(),
            log,
            deriver,
            clock: self.clock,
            teller: self.teller,
            system_identifier: self.report.facts.system_identifier,
            facts_notes: self.report.notes,
            catalog_read: Instant::now(),
        };
        sampler.keep_catalog(self.catalog)?;
        sampler.take(self.first)?;
        for note in self.choice.improvements {
            sampler.keep(SampleLine::Note { note })?;
        }
        Ok(sampler)
    }
}

fn progress(console: &Console) -> ProgressBar {
    if !console.shows_progress() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent}%  {elapsed} elapsed, {eta} left  {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Stops where an extension keeps rows out of the tables that can be published.
pub fn check_extensions(report: &FactsReport) -> Result<(), Failure> {
    match report.facts.unsupported_extension() {
        Some(extension) => Err(Failure::new(format!(
            "database \"{}\" has the extension \"{}\", whose tables cannot be planned for",
            one_line(&report.database),
            extension.name
        ))
        .detail(extension.reason)
        .hint(extension.remedy)
        .exit(Exit::No)),
        None => Ok(()),
    }
}

fn check_facts(report: &FactsReport, teller: &Teller) -> Result<(), Failure> {
    check_extensions(report)?;
    let setting = |name: &str| report.facts.settings.get(name).map(String::as_str);
    if setting("track_counts") == Some("off") {
        return Err(Failure::new("the server counts nothing: track_counts is off")
            .hint(report.facts.flavor.to_set("track_counts", "on")));
    }
    let version = report.facts.version_num;
    if setting("wal_level").is_some_and(|level| !version.decodes_with(level)) {
        let hint = report.facts.flavor.to_decode();
        teller.warning(&format!(
            "wal_level is not {}: rates will be a little low, and slots cannot be made yet. {hint}",
            version.wal_levels_in_words()
        ));
    }
    for note in &report.notes {
        teller.warning(note);
    }
    Ok(())
}

/// A new log, or the old one with all that is in it.
fn open_log(
    args: &SampleArgs,
    output: &Path,
    report: &FactsReport,
    first: &CounterSnapshot,
) -> Result<(SampleLog, Deriver), Failure> {
    let path = SampleLog::path_for(output);
    if args.resume && (!args.is_of_several() || SampleLog::exists(&path)) {
        if files::is_standard(output) {
            return Err(Failure::new("cannot resume: standard output keeps no samples").hint("Give a file with -o."));
        }
        let (log, deriver) = SampleLog::resume(path, args.rotate)?;
        check_same_database(&deriver, report)?;
        check_pause(&deriver, first)?;
        return Ok((log, deriver));
    }
    let usual = if first.tables.len() > MANY_TABLES { 30.0 } else { 10.0 };
    let start = SampleStart {
        kind: "samples".to_owned(),
        version: SampleStart::VERSION,
        tool: TOOL.to_owned(),
        database: report.database.clone(),
        database_oid: report.database_oid,
        server: report.facts.clone(),
        bucket_s: args.bucket as u32,
        interval_s: args.interval.unwrap_or(usual),
    };
    let mut log = match files::is_standard(output) {
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

/// A clock that was wrong when the samples were taken, or is wrong now, would fill the workload with empty buckets.
fn check_pause(deriver: &Deriver, first: &CounterSnapshot) -> Result<(), Failure> {
    let (Some(start), Some(last)) = (deriver.start(), deriver.previous()) else { return Ok(()) };
    let pause_s = first.instant.at.duration_since(last.instant.at).as_secs_f64();
    if pause_s <= LONGEST_PAUSE_BUCKETS * f64::from(start.bucket_s) {
        return Ok(());
    }
    Err(Failure::new(format!("cannot resume: the last sample is {} old", Seconds(pause_s)))
        .detail(format!("It was taken at {}, and the server's clock says {}.", last.instant.at, first.instant.at))
        .hint("Is the server's clock right? Otherwise start anew with another output."))
}

/// A run in progress.
pub struct Sampler {
    server: Server,
    session: Session,
    watch: Watch,
    scope: CatalogScope,
    log: SampleLog,
    deriver: Deriver,
    clock: ServerClock,
    teller: Teller,
    progress: ProgressBar,
    system_identifier: Option<SystemIdentifier>,
    facts_notes: Vec<String>,
    catalog_read: Instant,
}

impl Sampler {
    /// Observes until the duration is over or `stop` ends, and returns what was seen.
    pub async fn observe(mut self, args: &SampleArgs, stop: impl Future<Output = ()>) -> Result<Deriver, Failure> {
        let interval_s = self.deriver.start().map_or(10.0, |start| start.interval_s);
        let wanted_s = if args.once { interval_s } else { args.duration };
        tokio::pin!(stop);
        let outcome = self.observe_for(wanted_s, interval_s, stop).await;
        self.watch.end().await;
        outcome.map(|()| self.deriver)
    }

    /// Shows no progress: another run does.
    pub fn without_progress(mut self) -> Self {
        self.progress = ProgressBar::hidden();
        self
    }

    async fn observe_for(
        &mut self,
        wanted_s: f64,
        interval_s: f64,
        mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), Failure> {
        self.progress.set_length(wanted_s.ceil() as u64);
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(interval_s));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await; // the first comes at once, and the first snapshot is taken
        // However the server behaves, a run ends when its time is over by this machine's clock.
        let left = Duration::try_from_secs_f64(wanted_s - self.deriver.observed_s() + interval_s).unwrap_or_default();
        let mut over = std::pin::pin!(tokio::time::sleep(left + OVERTIME));
        let mut limit = LAST_CATALOG_LIMIT;
        // Half an interval short is done: the clock never hits the end exactly.
        while self.deriver.observed_s() + interval_s / 2.0 < wanted_s {
            let round = async {
                ticks.tick().await;
                self.round(interval_s).await
            };
            let round = tokio::select! {
                biased;
                () = stop.as_mut() => Err(End::Asked),
                () = over.as_mut() => Err(End::TimeOver),
                round = round => Ok(round),
            };
            match round {
                Ok(round) => round?,
                Err(end) => {
                    limit = LAST_CATALOG_IN_HASTE;
                    self.tell_of(end, wanted_s)?;
                    break;
                }
            }
            self.progress.set_position(self.deriver.observed_s() as u64);
            self.progress.set_message(self.describe_rate());
        }
        self.progress.finish_and_clear();
        self.refresh_catalog(limit).await;
        Ok(())
    }

    fn tell_of(&self, end: End, wanted_s: f64) -> Result<(), Failure> {
        let observed_s = self.deriver.observed_s();
        match end {
            End::Asked => self.teller.note(&format!("stopping; folding what was observed ({AGAIN})")),
            End::TimeOver if observed_s == 0.0 => {
                return Err(Failure::new("the server did not answer as long as --duration lasted")
                    .hint("Nothing was observed. Does the server work, and is --duration long enough?")
                    .exit(Exit::Connection));
            }
            End::TimeOver => self.teller.warning(&format!(
                "the time is over; {} of {} were observed",
                Seconds(observed_s),
                Seconds(wanted_s)
            )),
        }
        Ok(())
    }

    fn describe_rate(&self) -> String {
        match self.deriver.mean_wal_bytes_per_s() {
            Some(rate) => format!("{}/s of WAL", Bytes(rate)),
            None => String::new(),
        }
    }

    /// One reading, with as many attempts as a restart or a failover may need.
    async fn round(&mut self, interval_s: f64) -> Result<(), Failure> {
        let mut snapshot = match read_counters(&self.session).await {
            Err(error) if error.is_passing() => self.reconnect(error).await?,
            other => other.map_err(server_failure)?,
        };
        match self.clock.take(snapshot.instant.at, LocalTime::now()) {
            Reading::Follows(at) => snapshot.instant.at = at,
            Reading::Jumped(by) => return self.leave_out(by),
        }
        let due = self.catalog_read.elapsed() >= Duration::from_secs(CATALOG_S);
        if due || self.deriver.catalog_is_stale(&snapshot) {
            let catalog = read_catalog(&self.session, &snapshot, &self.scope).await.map_err(server_failure)?;
            self.keep_catalog(catalog)?;
        }
        self.take(snapshot)?;
        let lines = match self.watch.round(&self.session, &self.server, interval_s, &self.teller).await {
            Err(error) if error.is_passing() => return Ok(()), // the next round connects again
            other => other.map_err(server_failure)?,
        };
        lines.into_iter().try_for_each(|line| self.keep(line))
    }

    /// A reading of another age goes to no file: the next one tells whether the clock jumped for good.
    fn leave_out(&mut self, by: jiff::SignedDuration) -> Result<(), Failure> {
        let jump = Seconds(by.as_secs_f64().abs());
        let direction = if by.is_negative() { "back" } else { "ahead" };
        let note = format!("the server's clock jumped {direction} by {jump}; the reading is left out");
        self.teller.warning(&note);
        self.keep(SampleLine::Note { note })
    }

    /// Keeps a line in the log and in the sums.
    fn keep(&mut self, line: SampleLine) -> Result<(), Failure> {
        self.log.append(&line)?;
        self.deriver.push_line(line);
        Ok(())
    }

    async fn reconnect(&mut self, cause: PgError) -> Result<CounterSnapshot, Failure> {
        self.teller.warning(&format!("{cause}; trying again for up to {}", Seconds(RECONNECT_LIMIT_S as f64)));
        let begun = Instant::now();
        let mut pause = Duration::from_millis(500);
        let mut last = cause;
        while begun.elapsed() < Duration::from_secs(RECONNECT_LIMIT_S) {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(15));
            match self.come_back().await {
                Ok(snapshot) => {
                    self.teller.note("connected again");
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

    fn keep_catalog(&mut self, mut catalog: Catalog) -> Result<(), Failure> {
        catalog.notes.extend(self.facts_notes.iter().cloned());
        self.keep(SampleLine::Catalog(catalog))?;
        self.catalog_read = Instant::now();
        Ok(())
    }

    /// Widths and sizes as they are at the end. The run is good without it.
    async fn refresh_catalog(&mut self, limit: Duration) {
        let Some(last) = self.deriver.previous() else { return };
        let reading = read_catalog(&self.session, last, &self.scope);
        let kept = match tokio::time::timeout(limit, reading).await {
            Ok(Ok(catalog)) => self.keep_catalog(catalog).is_ok(),
            _ => false,
        };
        if !kept {
            self.teller.warning("could not read the catalog once more; sizes are those of an earlier reading");
        }
    }
}

/// Why a run ends before all is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The user or the system wants it to.
    Asked,
    /// `--duration` has passed.
    TimeOver,
}

pub fn no_table(error: DeriveError) -> Failure {
    Failure::from(error).hint("Is it the right database? Tables of extensions come in with --include.")
}
