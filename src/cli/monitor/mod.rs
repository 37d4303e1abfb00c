//! `pgslotplan monitor`: a running migration beside its plan. Here are the rounds; what they mean is judged in `health`.

mod follow;
mod nagios;
mod notify;
mod prometheus;
mod reader;
mod rules;
mod screen;
mod serve;
mod text;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use pgslotplan::{
    format,
    health::{
        Stage, State, Status, Thresholds, Watch,
        load::LoadModel,
        status::{SlotStatus, Verdict},
    },
    plan::Plan,
    units,
    workload::Workload,
};
use tokio::time::Instant;

use super::{
    connection::PairArgs,
    files,
    output::{Console, Exit, Failure, json_text},
    simulate::read_pair,
    text::Characters,
    waiting::{interrupted, runtime},
};
use follow::{Known, follow};
use reader::Reader;

/// Form of the status on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StatusFormat {
    /// For people
    Text,
    /// The whole status
    Json,
    /// Metrics for Prometheus
    Prometheus,
    /// One line and the exit codes of a monitoring plugin: 0 to 3
    Nagios,
}

#[derive(Debug, clap::Subcommand)]
enum MonitorCommand {
    Rules(rules::RulesArgs),
}

/// See a running migration beside its plan
///
/// Reads both servers and says of every slot how it is doing, how far behind it is in bytes and in seconds, when it will be caught
/// up, how much WAL it retains and when that reaches its limit; how far the initial copy is; where the migration stands. After the
/// cutover the slots of the way back are watched the same way. On a terminal it fills the screen, elsewhere it prints a line for each
/// change. Reads only; pg_monitor on both sides is enough, and what the role
/// cannot see is said. With --workload also the load of each slot beside the planned one.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Example: pgslotplan monitor plan.json --once --publisher 'host=db1 dbname=shop' --subscriber 'host=db2 dbname=shop'\n\
                  Exit codes: 0 every slot is well; 4 a slot is lost, absent, disabled, failing or not connected, or a finding says no; \
                  5 a threshold is exceeded; 2 no connection. With --format nagios: 0 well, 1 a threshold, 2 a slot, 3 not known."
)]
pub struct MonitorArgs {
    #[command(subcommand)]
    command: Option<MonitorCommand>,
    /// Plan
    #[arg(value_name = "PLAN", required = true)]
    plan: Option<PathBuf>,
    /// Workload that it was made from: shows the load of each slot beside the planned one
    #[arg(long, value_name = "FILE")]
    workload: Option<PathBuf>,
    /// Look for ten seconds, say how it is, and end
    #[arg(long)]
    once: bool,
    /// Time between looks
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    interval: Duration,
    /// Form of the status on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: StatusFormat,
    /// Serve metrics at http://ADDRESS/metrics, as in 127.0.0.1:9188
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    listen: Option<SocketAddr>,
    /// Command to run when something got worse: PGSLOTPLAN_EVENT says what, the status is its standard input
    #[arg(long, value_name = "COMMAND", conflicts_with = "once")]
    notify: Option<String>,
    /// Most time that a slot may be behind, as in `5min`
    #[arg(long, value_name = "TIME", value_parser = units::parse_seconds, help_heading = "Thresholds")]
    max_lag: Option<f64>,
    /// Most WAL that a slot may retain, as in `100GB`
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes, help_heading = "Thresholds")]
    max_retained: Option<u64>,
    /// Least WAL that must be left until a slot is lost, as in `50GB`
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes, help_heading = "Thresholds")]
    min_safe_wal: Option<u64>,
    /// What WAL may take on the publisher's disk: no view tells
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes, help_heading = "Thresholds")]
    publisher_disk: Option<u64>,
    #[command(flatten)]
    servers: PairArgs,
}

/// A look a second is enough for anybody.
fn interval(text: &str) -> Result<Duration, String> {
    let seconds = units::parse_seconds(text).map_err(|error| error.to_string())?;
    if !(1.0..=3600.0).contains(&seconds) {
        return Err("expected 1s to 1h".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// `--once` looks twice, so far apart.
const ONCE: Duration = Duration::from_secs(10);
/// And in between while a worker does not run, since one that fails is started again and again.
const BETWEEN: Duration = Duration::from_secs(2);
/// Looks after that where it is not clear yet.
const MORE_LOOKS: usize = 5;

/// `pgslotplan monitor`
pub fn run(args: &MonitorArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(MonitorCommand::Rules(args)) = &args.command {
        return rules::run(args, console);
    }
    if !args.once && matches!(args.format, StatusFormat::Prometheus | StatusFormat::Nagios) {
        return Err(Failure::new("--format prometheus and --format nagios need --once")
            .hint("--listen serves metrics for as long as the monitor runs."));
    }
    let (plan, workload) = read(args)?;
    let model = workload.map(|workload| LoadModel::new(&plan, &workload));
    let seen = runtime()?.block_on(watch(args, &plan, model.as_ref(), console));
    match seen {
        Err(failure) if args.format == StatusFormat::Nagios => {
            console.result(&nagios::unknown(&failure.to_string()))?;
            Ok(Exit::PLUGIN_UNKNOWN)
        }
        Err(failure) => Err(failure),
        Ok(None) => Ok(Exit::Done),
        Ok(Some(status)) => {
            console.result(&shown(args.format, &plan, &status))?;
            Ok(exit(args.format, &status))
        }
    }
}

/// The status of `--once`; nothing where somebody ended it.
async fn watch(
    args: &MonitorArgs,
    plan: &Plan,
    model: Option<&LoadModel>,
    console: &Console,
) -> Result<Option<Status>, Failure> {
    let thresholds = Thresholds {
        max_lag_s: args.max_lag,
        max_retained_bytes: args.max_retained,
        min_safe_wal_bytes: args.min_safe_wal,
        publisher_disk_bytes: args.publisher_disk,
    };
    let mut known = Known { plan, model, thresholds, watch: Watch::default() };
    let reader = Reader::open(&args.servers, model.is_some(), console).await?;
    reader.read_history(&mut known.watch).await?;
    if args.once {
        tokio::select! {
            status = once(reader, known) => status.map(Some),
            () = interrupted() => Ok(None),
        }
    } else {
        follow(args, reader, known, console).await.map(|()| None)
    }
}

/// The looks of `--once`.
async fn once(mut reader: Reader, mut known: Known<'_>) -> Result<Status, Failure> {
    let end = Instant::now() + ONCE;
    let mut status = known.take(reader.look().await?, &reader).await?;
    loop {
        let next = Instant::now() + BETWEEN;
        tokio::time::sleep_until(next.min(end)).await;
        let is_last = next >= end;
        let is_calm = known.watch.last().is_some_and(|look| look.is_calm(known.plan));
        if is_last || !is_calm {
            status = known.take(reader.look().await?, &reader).await?;
        }
        if is_last {
            break;
        }
    }
    // a worker that was another one, or none, at the last look: the next ones tell whether it begins again and again
    for _ in 0..MORE_LOOKS {
        let is_open = |slot: &SlotStatus| slot.state >= State::Disconnected && !known.watch.has_steady_worker(slot);
        if !status.slots.iter().any(is_open) {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
        status = known.take(reader.look().await?, &reader).await?;
    }
    Ok(status)
}

fn read(args: &MonitorArgs) -> Result<(Plan, Option<Workload>), Failure> {
    let plan = args.plan.as_deref().ok_or_else(|| Failure::new("no plan given"))?;
    match &args.workload {
        Some(workload) => read_pair(plan, workload).map(|(plan, workload)| (plan, Some(workload))),
        None => Ok((files::read_plan(plan)?, None)),
    }
}

fn shown(form: StatusFormat, plan: &Plan, status: &Status) -> String {
    match form {
        StatusFormat::Text => text::status_text(plan, status, Characters::of_locale()),
        StatusFormat::Json => {
            let mut bytes = Vec::new();
            // Writing to memory does not fail.
            drop(format::write_lines(status, &mut bytes));
            json_text(&bytes)
        }
        StatusFormat::Prometheus => prometheus::metrics(status),
        StatusFormat::Nagios => nagios::line(status),
    }
}

fn exit(form: StatusFormat, status: &Status) -> Exit {
    match (status.verdict(), form) {
        (Verdict::Well, _) => Exit::Done,
        (Verdict::Exceeded, StatusFormat::Nagios) => Exit::PLUGIN_WARNING,
        (Verdict::Bad, StatusFormat::Nagios) => Exit::PLUGIN_CRITICAL,
        (Verdict::Exceeded, _) => Exit::Exceeded,
        (Verdict::Bad, _) => Exit::No,
    }
}

/// A stage as people read it.
fn stage_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Prepared => "prepared, nothing is subscribed yet",
        Stage::Copying => "copying",
        Stage::CatchingUp => "catching up",
        Stage::Streaming => "streaming",
        Stage::CutOver => "cut over, the new server is written to",
        Stage::RolledBack => "rolled back, the old server is written to",
    }
}
