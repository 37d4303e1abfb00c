//! `baseline take`: readings by the clock, from an open session to the file.
#![expect(clippy::disallowed_methods, reason = "this is the edge: the loop waits by the clock")]

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use pgslotplan::{
    baseline::{
        Baseline, BaselineServer, MOST_INTERVALS,
        reading::{Ending, Folder, StatementId, TablesReading},
        text::Statement,
    },
    format,
    pg::{
        baseline::{self as pg_baseline, StatementsPlace},
        connect::{Session, SessionPurpose},
        error::PgError,
        facts::read_facts,
    },
    units::{self, Seconds},
};

use super::super::{
    connection::{PublisherArgs, Server, server_failure},
    files::{self, ForceArg},
    output::{Console, Exit, Failure},
    waiting::{AGAIN, interrupted, runtime},
};

/// Intervals of a window when nothing else is asked for.
const INTERVALS: f64 = 12.0;
/// Looks at sessions in an interval.
const LOOKS: f64 = 10.0;
/// The longest window.
const LONGEST_S: f64 = 31.0 * 86_400.0;
/// A server that stays away longer ends the window.
const RECONNECT_LIMIT: Duration = Duration::from_secs(600);
/// What is read at the end may take so long, or so long when somebody waits for it.
const ENDING_LIMIT: Duration = Duration::from_secs(120);
const ENDING_IN_HASTE: Duration = Duration::from_secs(10);

/// Write down what the database does
///
/// Reads counters at several moments of a window, so that rates and how much they vary are known, and looks at sessions ten times in
/// between. Ctrl-C writes what was measured until then. Reads only; the role needs pg_monitor, and SELECT on the tables (or ownership)
/// to see which have statistics. Texts of statements lose their literals before anything is written.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan baseline take 'host=db1 dbname=shop user=monitor' -o before.json --duration 1h"
)]
pub struct TakeArgs {
    #[command(flatten)]
    server: PublisherArgs,
    /// File to write
    #[arg(short = 'o', long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// Length of the window, as in `1h`
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    duration: f64,
    /// Time between two readings [default: a twelfth of the window, at most 10 min where that is not too many]
    #[arg(long, value_name = "TIME", value_parser = interval)]
    interval: Option<f64>,
}

fn duration(text: &str) -> Result<f64, String> {
    let seconds = units::parse_seconds(text).map_err(|error| error.to_string())?;
    if (2.0..=LONGEST_S).contains(&seconds) { Ok(seconds) } else { Err("expected 2s to 31d".to_owned()) }
}

fn interval(text: &str) -> Result<f64, String> {
    let seconds = units::parse_seconds(text).map_err(|error| error.to_string())?;
    if (1.0..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("expected 1s to 1d".to_owned()) }
}

impl TakeArgs {
    /// The interval, so that there are at least two and not too many.
    fn interval_s(&self) -> Result<f64, Failure> {
        let most = self.duration / MOST_INTERVALS as f64;
        let interval = self.interval.unwrap_or((self.duration / INTERVALS).clamp(1.0, 600.0).max(most));
        let interval = interval.min(self.duration);
        let (count, most) = (self.duration / interval, MOST_INTERVALS);
        if count > most as f64 {
            return Err(Failure::new(format!("the window would have {count:.0} intervals, and {most} are the most"))
                .hint("Give a longer --interval, or a shorter --duration."));
        }
        Ok(interval)
    }
}

/// `pgslotplan baseline take`
pub fn run(args: &TakeArgs, console: &Console) -> Result<Exit, Failure> {
    let interval_s = args.interval_s()?;
    files::check_output(&args.output, args.force.existing())?;
    let baseline = runtime()?.block_on(take(args, interval_s, console))?;
    files::write(&args.output, args.force.existing(), |out| format::write_lines(&baseline, out))?;
    for line in baseline.gaps.iter().chain(&baseline.notes) {
        console.warning(line);
    }
    if !files::is_standard(&args.output) {
        let observed = Seconds(baseline.observed_s());
        console.note(&format!(
            "wrote {}: {observed} in {}, {}, {}",
            files::shown(&args.output),
            units::counted(baseline.intervals_s.len(), "interval"),
            units::counted(baseline.statements().len(), "statement"),
            units::counted(baseline.tables.len(), "table"),
        ));
    }
    Ok(Exit::Done)
}

async fn take(args: &TakeArgs, interval_s: f64, console: &Console) -> Result<Baseline, Failure> {
    let mut stop = std::pin::pin!(interrupted());
    let (server, session) = args.server.connect(SessionPurpose::OBSERVE, console).await?;
    let mut taker = tokio::select! {
        biased;
        () = stop.as_mut() => return Err(nothing()),
        taker = Taker::begin(server, session, *console) => taker?,
    };
    let end = Instant::now() + Duration::from_secs_f64(args.duration);
    let mut limit = ENDING_LIMIT;
    tokio::select! {
        biased;
        () = stop.as_mut() => {
            console.note(&format!("stopping; writing what was measured ({AGAIN})"));
            limit = ENDING_IN_HASTE;
        }
        outcome = taker.observe(end, Duration::from_secs_f64(interval_s)) => outcome?,
    }
    taker.end(limit).await
}

fn nothing() -> Failure {
    Failure::new("nothing was measured yet").hint("A window needs at least two readings.")
}

struct Taker {
    server: Server,
    session: Option<Session>,
    console: Console,
    of_server: BaselineServer,
    place: Option<StatementsPlace>,
    folder: Folder,
    texts: BTreeMap<StatementId, Option<Statement>>,
    first: TablesReading,
    last: TablesReading,
    ending: Ending,
    read_at: Instant,
}

impl Taker {
    async fn begin(server: Server, session: Session, console: Console) -> Result<Self, Failure> {
        let facts = read_facts(&session).await.map_err(server_failure)?;
        let mut notes: Vec<String> =
            pg_baseline::read_sight(&session).await.map_err(server_failure)?.into_iter().collect();
        let place = match pg_baseline::find_statements(&session).await.map_err(server_failure)? {
            Ok(place) => Some(place),
            Err(reason) => {
                notes.push(reason);
                None
            }
        };
        let first = pg_baseline::read_tables(&session).await.map_err(server_failure)?;
        let mut taker = Taker {
            server,
            session: None,
            console,
            of_server: BaselineServer {
                version_num: facts.facts.version_num,
                system_identifier: facts.facts.system_identifier,
            },
            place,
            folder: Folder::default(),
            texts: BTreeMap::new(),
            last: first.clone(),
            first,
            ending: Ending { database: facts.database, notes, ..Ending::default() },
            read_at: Instant::now(),
        };
        taker.read_ending(&session).await.map_err(server_failure)?;
        let reading = pg_baseline::read(&session, taker.place.as_ref()).await.map_err(server_failure)?;
        taker.folder.take(reading);
        taker.read_at = Instant::now();
        taker.session = Some(session);
        Ok(taker)
    }

    /// Readings until the end. A server that goes away is waited for.
    async fn observe(&mut self, end: Instant, interval: Duration) -> Result<(), Failure> {
        let pause = (interval.div_f64(LOOKS)).max(Duration::from_secs(1));
        let mut away: Option<Instant> = None;
        loop {
            // half an interval short is done
            if self.read_at + interval / 2 > end && self.folder.interval_count() > 0 {
                return Ok(());
            }
            let next = (self.read_at + interval).min(end);
            let now = Instant::now();
            if now < next {
                tokio::time::sleep(pause.min(next - now)).await;
            }
            let outcome = if Instant::now() < next { self.look().await } else { self.read().await };
            match outcome {
                Ok(()) => away = None,
                Err(error) if error.is_passing() => {
                    self.session = None;
                    let since = *away.get_or_insert_with(|| {
                        self.console.warning(&format!("{error}; trying again for up to 10 min"));
                        self.folder.note_gap("the connection was lost, and made again".to_owned());
                        Instant::now()
                    });
                    if since.elapsed() > RECONNECT_LIMIT || Instant::now() >= end {
                        return if self.folder.interval_count() > 0 { Ok(()) } else { Err(server_failure(error)) };
                    }
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(server_failure(error)),
            }
        }
    }

    async fn session(&mut self) -> Result<Session, PgError> {
        match self.session.take() {
            Some(session) => Ok(session),
            None => self.server.open().await,
        }
    }

    async fn look(&mut self) -> Result<(), PgError> {
        let session = self.session().await?;
        let levels = pg_baseline::read_levels(&session).await?;
        self.folder.take_levels(&levels);
        self.session = Some(session);
        Ok(())
    }

    async fn read(&mut self) -> Result<(), PgError> {
        let session = self.session().await?;
        let reading = pg_baseline::read(&session, self.place.as_ref()).await?;
        self.folder.take(reading);
        self.read_at = Instant::now();
        self.session = Some(session);
        Ok(())
    }

    /// Tables, texts, indexes, settings as they are now; until it is read once more, what is here stays.
    async fn read_ending(&mut self, session: &Session) -> Result<(), PgError> {
        let last = pg_baseline::read_tables(session).await?;
        let kept = last.busiest();
        let indexes = pg_baseline::read_indexes(session, &kept).await?;
        let has_statistics = pg_baseline::read_statistics(session, &kept).await?;
        let settings = pg_baseline::read_settings(session).await?;
        if let Some(place) = &self.place {
            match pg_baseline::read_texts(session, place, &mut self.texts).await {
                Ok(_) => {}
                // one text that this database's encoding has no characters for hides them all
                Err(PgError::Statement { message, .. }) => {
                    let note = format!("texts of statements cannot be read: {message}");
                    if !self.ending.notes.contains(&note) {
                        self.ending.notes.push(note);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        self.last = last;
        self.ending.indexes = indexes;
        self.ending.has_statistics = has_statistics;
        self.ending.settings = settings;
        Ok(())
    }

    /// The file. Without another answer of the server it has what was read before.
    async fn end(mut self, limit: Duration) -> Result<Baseline, Failure> {
        let ending = async {
            // whoever ends it early wants the last minutes too
            if self.read_at.elapsed() >= Duration::from_secs(1) {
                self.read().await?;
            }
            let session = self.session().await?;
            self.read_ending(&session).await
        };
        if !matches!(tokio::time::timeout(limit, ending).await, Ok(Ok(()))) {
            self.ending
                .notes
                .push("the server did not answer at the end: tables are as they were at the beginning".to_owned());
        }
        self.ending.texts = self.texts;
        self.folder.finish(self.of_server, &self.first, &self.last, self.ending).map_err(|_| nothing())
    }
}
