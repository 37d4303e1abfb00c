//! `pgslotplan calibrate`: what row changes and transactions cost an apply worker on the user's own subscriber.
#![expect(clippy::disallowed_methods, reason = "this is the edge: the run is limited by the clock")]

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use pgslotplan::{
    calibrate::{self, Fit, FitError},
    cost::{Calibration, Measured},
    format,
    pg::{
        calibrate::{self as measure, Cleared, NAME, Obstacle},
        connect::{Access, Recovery, Session, SessionPurpose, command_password},
        error::PgError,
        facts::read_facts,
    },
    server::ServerFacts,
    units,
};

use super::{
    connection::{Server, connect_subscriber, server_failure},
    files::{self, ForceArg},
    output::{Console, Exit, Failure, json_text},
    waiting::{AGAIN, interrupted},
};

/// Share of the time that may go into writing the changes; the rest is for applying them.
const WRITING_SHARE: f64 = 0.35;
/// Time between two looks at what is applied.
const POLL: Duration = Duration::from_millis(200);
/// A subscription's worker that has not come up or come back in this time cannot: the server's log says why.
const WORKER_LIMIT: Duration = Duration::from_secs(30);
/// Reading, writing and cleaning of the tool itself.
const PURPOSE: SessionPurpose = SessionPurpose {
    access: Access::ReadWrite,
    recovery: Recovery::Refuse,
    statement_timeout: Duration::from_secs(120),
    lock_timeout: Duration::from_secs(10),
};

/// Form of the summary on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SummaryFormat {
    /// For people
    Text,
    /// The calibration itself
    Json,
}

/// Measure the apply costs of a subscriber
///
/// Makes a throwaway schema, a replication slot and a subscription on the subscriber (which publishes to itself, with
/// wal_level = logical), has known changes applied, and removes everything again, also after Ctrl-C; what a killed run
/// left is removed by the next. Needs CREATE on the database, REPLICATION, and superuser or pg_create_subscription (16
/// and later). Writes some 100 MB of WAL there. Use the file with `plan --calibration`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan calibrate --subscriber 'host=new-db dbname=shop user=postgres' -o calibration.json"
)]
pub struct CalibrateArgs {
    /// Connection string or URI of the subscriber; PG* variables do not count for it
    #[arg(long, value_name = "CONNINFO", env = "PGSLOTPLAN_SUBSCRIBER", hide_env_values = true)]
    subscriber: Conninfo,
    /// Command whose output is the password, run at every connect
    #[arg(long, value_name = "COMMAND")]
    password_command: Option<String>,
    /// How the subscriber reaches itself, where that differs from how this machine reaches it
    #[arg(long, value_name = "CONNINFO")]
    loopback: Option<Conninfo>,
    /// File to write; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// Most time it may take, cleaning up aside
    #[arg(long, value_name = "TIME", default_value = "2min", value_parser = units::parse_seconds)]
    duration: f64,
    /// Rounds to measure; fewer count when the time is over, at least one
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Form of the summary on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: SummaryFormat,
}

/// A connection string on the command line: it may hold a password, so it is never shown.
#[derive(Clone)]
pub struct Conninfo(String);

impl std::str::FromStr for Conninfo {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Conninfo(text.to_owned()))
    }
}

impl std::fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// `pgslotplan calibrate`
pub fn run(args: &CalibrateArgs, console: &Console) -> Result<Exit, Failure> {
    files::check_output(&args.output, args.force.existing())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start the runtime").source(error))?;
    let calibration = runtime.block_on(calibrate(args, console));
    runtime.shutdown_background();
    let calibration = calibration?;
    files::write_bytes(&args.output, args.force.existing(), &format::write(&calibration))?;
    if files::is_standard(&args.output) {
        return Ok(Exit::Done);
    }
    console.note(&format!("wrote {}", files::shown(&args.output)));
    console.result(&match args.format {
        SummaryFormat::Json => json_text(&format::write(&calibration)),
        SummaryFormat::Text => summary(&calibration),
    })?;
    Ok(Exit::Done)
}

async fn calibrate(args: &CalibrateArgs, console: &Console) -> Result<Calibration, Failure> {
    let password_command = args.password_command.as_deref();
    let (server, session) = connect_subscriber(&args.subscriber.0, password_command, PURPOSE, console).await?;
    let facts = read_facts(&session).await.map_err(server_failure)?.facts;
    if let Some(obstacle) = measure::find_obstacle(&session).await.map_err(server_failure)? {
        return Err(explain_obstacle(&obstacle, &facts));
    }
    if removed(measure::clear(&session).await)? {
        console.note("removed what an earlier calibration left behind");
    }
    let conninfo = match &args.loopback {
        Some(conninfo) => conninfo.0.clone(),
        None => {
            let password = command_password(server.settings()).await.map_err(server_failure)?;
            server.settings().to_conninfo(password.as_deref())
        }
    };
    let at = jiff::Timestamp::now();
    let backend = measure::backend_pid(&session).await.map_err(server_failure)?;
    // The stop signal is taken before anything is made, so that there is no instant in which it would leave things behind.
    let measured = tokio::select! {
        biased;
        () = interrupted() => None,
        measured = measure_rounds(args, &session, &conninfo, console) => Some(measured),
    };
    if measured.is_none() {
        console.note(&format!("stopping; removing what was made ({AGAIN}, and leaves it)"));
    }
    let cleared = clear(&server, session, backend).await;
    let rounds = match measured {
        None => {
            cleared?;
            return Err(Failure::new("interrupted; everything that was made is removed"));
        }
        Some(Err(failure)) => {
            if let Err(second) = cleared {
                console.failure(&second);
            }
            return Err(failure);
        }
        Some(Ok(rounds)) => {
            cleared?;
            rounds
        }
    };
    let fit = calibrate::fit(&measure::steps(rounds.chunks), &rounds.seconds).map_err(explain_fit)?;
    Ok(in_file(fit, rounds.seconds.len(), facts, at))
}

/// After an interrupt a statement may still run in the old session, so cleaning up takes a new one.
async fn clear(server: &Server, session: Session, backend: i32) -> Result<(), Failure> {
    drop(session);
    let left = |error: PgError| {
        server_failure(error)
            .detail(format!(
                "Objects named {NAME} are left on the subscriber: a subscription, a publication, schemas, and a replication \
                 slot that keeps WAL."
            ))
            .hint(LEFT_HINT)
    };
    let session = server.open().await.map_err(left)?;
    measure::end_backend(&session, backend).await.map_err(left)?;
    removed(measure::clear(&session).await).map(drop)
}

const LEFT_HINT: &str =
    "Run calibrate again to remove them, as soon as the server answers: until then the slot keeps WAL.";

/// Whether there was something; a failure that names what is left.
fn removed(cleared: Cleared) -> Result<bool, Failure> {
    let names: Vec<String> = cleared.left.iter().map(|(what, _)| what.clone()).collect();
    match cleared.left.into_iter().next() {
        None => Ok(cleared.found),
        Some((_, error)) => {
            Err(server_failure(error).detail(format!("Left on the subscriber: {}.", names.join("; "))).hint(LEFT_HINT))
        }
    }
}

/// What was measured.
struct Rounds {
    /// Of each step of each round that counts.
    seconds: Vec<Vec<f64>>,
    /// TOAST chunks of a row that has some.
    chunks: f64,
}

/// Writes rounds of changes and has them applied.
async fn measure_rounds(
    args: &CalibrateArgs,
    session: &Session,
    conninfo: &str,
    console: &Console,
) -> Result<Rounds, Failure> {
    let begun = Instant::now();
    measure::prepare(session).await.map_err(explain_setup)?;
    // One more than asked for: the first warms up caches and is left out.
    let wanted = args.rounds as usize + 1;
    let (mut written, mut chunks) = (0, 0.0);
    while written < wanted && (written < 2 || begun.elapsed().as_secs_f64() < args.duration * WRITING_SHARE) {
        chunks = measure::write_round(session, written).await.map_err(server_failure)?;
        written += 1;
    }
    console.explain(&format!("wrote {written} rounds of changes in {:.1} s", begun.elapsed().as_secs_f64()));
    measure::begin_apply(session, conninfo).await.map_err(explain_setup)?;
    let mut seen_running = Instant::now();
    loop {
        tokio::time::sleep(POLL).await;
        let mut rounds = measure::read_rounds(session, written).await.map_err(server_failure)?;
        let over = begun.elapsed().as_secs_f64() > args.duration;
        if rounds.len() == written || (over && !rounds.is_empty()) {
            if rounds.len() > 1 {
                rounds.remove(0);
            }
            return Ok(Rounds { seconds: rounds, chunks });
        }
        if over {
            return Err(Failure::new("not one round was applied in the time that was given")
                .hint("Give more with --duration, and look at the subscriber's log if that does not help."));
        }
        if measure::worker_is_running(session).await.map_err(server_failure)? {
            seen_running = Instant::now();
        } else if seen_running.elapsed() > WORKER_LIMIT {
            return Err(Failure::new("the subscription's apply worker does not run")
                .hint(
                    "The subscriber's log says why; \"max_logical_replication_workers\" and \"max_worker_processes\" must \
                     leave room for one.",
                )
                .exit(Exit::Server));
        }
    }
}

fn explain_obstacle(obstacle: &Obstacle, facts: &ServerFacts) -> Failure {
    match obstacle {
        Obstacle::Running => Failure::new("another calibration runs in this database").hint("Wait until it has ended."),
        Obstacle::Schema(name) => Failure::new(format!("schema \"{name}\" exists, and was not made by this program"))
            .hint("Rename or drop it, or calibrate in another database."),
        Obstacle::WalLevel(level) => {
            Failure::new(format!("wal_level of the subscriber is {level}: it cannot publish to itself"))
                .detail("A calibration needs a replication slot on the subscriber.")
                .hint(format!("{} Or calibrate on a clone of the subscriber.", facts.flavor.to_decode()))
        }
    }
    .exit(Exit::Server)
}

/// What the server refuses while things are made is mostly a missing grant, or that it cannot reach itself.
fn explain_setup(error: PgError) -> Failure {
    let hint = match error.sqlstate() {
        Some("42501") => Some(
            "It takes CREATE on the database, the REPLICATION attribute, and superuser or membership in \
             pg_create_subscription (16 and later).",
        ),
        Some("53400") => Some("Raise \"max_replication_slots\", or drop a slot that nobody uses."),
        _ => None,
    };
    let text = error.to_string();
    if let Some((_, reason)) = text.split_once("could not connect to the publisher: ") {
        return Failure::new("the subscriber cannot connect to itself")
            .detail(reason.to_owned())
            .hint("Say how it reaches itself: --loopback CONNINFO.")
            .exit(Exit::Server);
    }
    let failure = server_failure(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn explain_fit(error: FitError) -> Failure {
    Failure::from(error).hint("Calibrate again with more time (--duration).")
}

fn in_file(fit: Fit, rounds: usize, server: ServerFacts, at: jiff::Timestamp) -> Calibration {
    let notes = vec![
        "measured on a backlog, with all pages in memory: tables that exceed the subscriber's memory cost more".to_owned(),
        "high.transaction_us adds a wake-up of the worker for each transaction, by the ratio of the built-in \
         coefficients; SQL cannot see it"
            .to_owned(),
        "send_byte_ns, decode_byte_ns and read_byte_ns are the publisher's, and empty_transaction_us needs a publisher \
         below 15: all four are built-in values"
            .to_owned(),
    ];
    let at = jiff::Timestamp::from_second(at.as_second()).unwrap_or(at);
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    let measured = Measured { at, server, rounds, steps: fit.steps, notes };
    Calibration { measured: Some(measured), ..Calibration::new(fit.coefficients) }
}

fn summary(calibration: &Calibration) -> String {
    let mut text = String::new();
    if let Some(measured) = &calibration.measured {
        text.push_str(&format!("PostgreSQL {}, {} rounds\n\n", measured.server.version_num, measured.rounds));
        text.push_str(&format!(
            "{:36} {:>8} {:>8} {:>8} {:>8}\n",
            "µs a row", "fastest", "median", "slowest", "fitted"
        ));
        for step in &measured.steps {
            text.push_str(&format!(
                "{:36} {:8.1} {:8.1} {:8.1} {:8.1}\n",
                step.name,
                step.fastest_us_per_row,
                step.median_us_per_row,
                step.slowest_us_per_row,
                step.fitted_us_per_row
            ));
        }
        text.push('\n');
    }
    let c = &calibration.coefficients.nominal;
    text.push_str(&format!(
        "nominal: {} µs a row, {} more an update, {} a delete, {} an index entry, {} a transaction; {} a byte, {} a byte of \
         TOAST\n",
        c.row_us, c.update_us, c.delete_us, c.index_entry_us, c.transaction_us, c.inline_byte_us, c.toast_byte_us
    ));
    text
}
