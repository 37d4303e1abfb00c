//! `pgslotplan monitor`: a running migration beside its plan. Here are the rounds; what they mean is judged in `health`.

mod nagios;
mod prometheus;
mod text;

use std::{path::PathBuf, time::Duration};

use pgslotplan::{
    format,
    health::{
        self, Stage, Status, Thresholds, Watch,
        load::{LoadModel, SlotLoad},
        status::Verdict,
    },
    pg::{
        connect::{Session, SessionPurpose},
        health::{self as pg_health, Depth},
        settings::ConnectionSide,
    },
    plan::Plan,
    units,
    workload::Workload,
};
use tokio::time::Instant;

use super::{
    connection::{PairArgs, Server, server_failure},
    files,
    output::{Console, Exit, Failure, json_text},
    simulate::read_pair,
    text::Characters,
    waiting::{interrupted, runtime},
};

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

/// See a running migration beside its plan
///
/// Reads both servers and says of every slot how it is doing, how far behind it is in bytes and in seconds, when it will be caught
/// up, how much WAL it retains and when that reaches its limit; how far the initial copy is; where the migration stands. After the
/// cutover the slots of the way back are watched the same way. Reads only; pg_monitor on both sides is enough, and what the role
/// cannot see is said. With --workload also the load of each slot beside the planned one.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan monitor plan.json --once --publisher 'host=db1 dbname=shop' --subscriber 'host=db2 dbname=shop'\n\
                  Exit codes: 0 every slot is well; 4 a slot is lost, absent, disabled, failing or not connected, or a finding says no; \
                  5 a threshold is exceeded; 2 no connection. With --format nagios: 0 well, 1 a threshold, 2 a slot, 3 not known."
)]
pub struct MonitorArgs {
    /// Plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Workload that it was made from: shows the load of each slot beside the planned one
    #[arg(long, value_name = "FILE")]
    workload: Option<PathBuf>,
    /// Look for ten seconds, say how it is, and end; without it a line for each change until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Time between looks
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    interval: Duration,
    /// Form of the status on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: StatusFormat,
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
const ONCE_S: u64 = 10;
/// And in between while a worker does not run, since one that fails is started again and again.
const BETWEEN: Duration = Duration::from_secs(2);

/// `pgslotplan monitor`
pub fn run(args: &MonitorArgs, console: &Console) -> Result<Exit, Failure> {
    if !args.once && matches!(args.format, StatusFormat::Prometheus | StatusFormat::Nagios) {
        return Err(Failure::new("--format prometheus and --format nagios need --once"));
    }
    let (plan, workload) = read(args)?;
    let model = workload.map(|workload| LoadModel::new(&plan, &workload));
    let runtime = runtime()?;
    let seen = runtime.block_on(async {
        let mut watcher = Watcher::open(args, &plan, model.as_ref(), console).await?;
        if args.once {
            return watcher.once().await.map(Some);
        }
        tokio::select! {
            ended = watcher.follow(args, console) => ended.map(|()| None),
            () = interrupted() => Ok(None),
        }
    });
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

fn read(args: &MonitorArgs) -> Result<(Plan, Option<Workload>), Failure> {
    match &args.workload {
        Some(workload) => read_pair(&args.plan, workload).map(|(plan, workload)| (plan, Some(workload))),
        None => Ok((files::read_plan(&args.plan)?, None)),
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

/// Both servers and what was seen of them.
struct Watcher<'a> {
    plan: &'a Plan,
    model: Option<&'a LoadModel>,
    thresholds: Thresholds,
    publisher: Session,
    subscriber: Session,
    watch: Watch,
}

impl<'a> Watcher<'a> {
    async fn open(
        args: &MonitorArgs,
        plan: &'a Plan,
        model: Option<&'a LoadModel>,
        console: &Console,
    ) -> Result<Self, Failure> {
        let mut watch = Watch::default();
        // one after the other, since both may ask for a password
        let (_, publisher) = side(args, ConnectionSide::Publisher, console).await?;
        let (_, subscriber) = side(args, ConnectionSide::Subscriber, console).await?;
        for (session, positions) in [(&publisher, &mut watch.publisher), (&subscriber, &mut watch.subscriber)] {
            pg_health::read_wal_files(session, positions).await.map_err(server_failure)?;
        }
        let thresholds = Thresholds {
            max_lag_s: args.max_lag,
            max_retained_bytes: args.max_retained,
            min_safe_wal_bytes: args.min_safe_wal,
            publisher_disk_bytes: args.publisher_disk,
        };
        Ok(Watcher { plan, model, thresholds, publisher, subscriber, watch })
    }

    /// One look.
    async fn look(&mut self) -> Result<(), Failure> {
        let depth = if self.model.is_some() { Depth::Changes } else { Depth::Server };
        let look = pg_health::look(&self.publisher, &self.subscriber, depth).await.map_err(server_failure)?;
        self.watch.take(look);
        Ok(())
    }

    fn status(&self) -> Option<Status> {
        let loads: Option<Vec<SlotLoad>> = self.model.map(|model| model.loads(self.plan, &self.watch));
        health::status(self.plan, &self.watch, &self.thresholds, loads.as_deref())
    }

    /// Looks until somebody ends it; a line for each change, or the whole status as JSON on one.
    async fn follow(&mut self, args: &MonitorArgs, console: &Console) -> Result<(), Failure> {
        let mut turns = tokio::time::interval(args.interval);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut before: Option<Status> = None;
        loop {
            turns.tick().await;
            self.look().await?;
            let Some(status) = self.status() else { continue };
            let changes = health::changes(before.as_ref(), &status);
            match args.format {
                StatusFormat::Json if !changes.is_empty() => {
                    console.result(&json_text(format!("{}\n", serde_json::to_string(&status)?).as_bytes()))?;
                }
                _ => {
                    let at = status.at.strftime("%Y-%m-%d %H:%M:%S");
                    changes.iter().try_for_each(|change| console.result(&format!("{at} {}\n", change.text)))?;
                }
            }
            before = Some(status);
        }
    }

    /// The looks of `--once`.
    async fn once(&mut self) -> Result<Status, Failure> {
        let end = Instant::now() + Duration::from_secs(ONCE_S);
        self.look().await?;
        loop {
            let next = Instant::now() + BETWEEN;
            tokio::time::sleep_until(next.min(end)).await;
            let is_last = next >= end;
            let is_calm = self.watch.last().is_some_and(|look| look.is_calm(self.plan));
            if is_last || !is_calm {
                self.look().await?;
            }
            if is_last {
                break;
            }
        }
        self.status().ok_or_else(|| Failure::new("the servers did not say how late it is"))
    }
}

async fn side(args: &MonitorArgs, side: ConnectionSide, console: &Console) -> Result<(Server, Session), Failure> {
    let (option, variable) = match side {
        ConnectionSide::Publisher => ("--publisher", "PGSLOTPLAN_PUBLISHER"),
        ConnectionSide::Subscriber => ("--subscriber", "PGSLOTPLAN_SUBSCRIBER"),
    };
    let connected = args.servers.connect(side, SessionPurpose::OBSERVE, console).await?;
    connected.ok_or_else(|| {
        Failure::new(format!("no {option} given"))
            .hint(format!("Both servers are watched: {option} CONNINFO or {variable}."))
    })
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
