//! `pgslotplan demo`: the whole story on two throwaway servers, measured.
//!
//! The other commands run as if typed, and their lines are shown; the emitted files run through psql unchanged. Only
//! the servers, the application's writes and the measuring of lag are the demo's own.
#![expect(clippy::disallowed_methods, reason = "this is the edge: bursts and waits go by the clock")]

mod lag;
mod report;
mod stage;
mod traffic;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use pgslotplan::{
    cost::{Calibration, CoefficientSets},
    emit::{self, EmitOptions, Phase, Script, StepId, StepSide},
    format,
    plan::Plan,
    throwaway::{Servers, available_majors},
    units,
};

use self::{
    lag::Monitor,
    report::{BurstLag, Report},
    stage::{DATABASE, SINGLE_DATABASE, Stage},
    traffic::Traffic,
};
use super::{
    files,
    output::{Console, Exit, Failure, json_text},
    waiting::interrupted,
};

/// Steps that the demo leaves out: it has no PgBouncer, and nothing is to come back.
/// Scripts are left out, too, but for these.
const NOT_PLAYED: [StepId; 7] = [
    StepId::ReverseCheck,
    StepId::ReversePrepare,
    StepId::ReverseSubscriptions,
    StepId::ReverseSlots,
    StepId::ReverseStart,
    StepId::ReverseEnd,
    StepId::DdlFreeze,
];

/// The scripts that it plays.
const PLAYED: [StepId; 3] = [StepId::Drain, StepId::SubscriberCleanup, StepId::PublisherCleanup];

/// Slots within this of the publisher count as caught up, seconds.
const CAUGHT_UP_S: f64 = 0.5;
/// Writes before each measured burst, seconds.
const CALM_S: f64 = 3.0;
/// A burst that is not drained after this time is reported as it is, seconds.
const DRAIN_LIMIT_S: f64 = 120.0;

/// Form of the report on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// For people
    Text,
    /// The figures
    Json,
}

/// Show the whole story on two throwaway servers
///
/// Starts a publisher and a subscriber, makes the tables of a service that sends e-mail, and writes to them. Then it
/// samples, plans, emits, runs the scripts with psql while writes go on, measures each slot's lag in a burst with the
/// plan and with one slot for everything, compares every table on both sides, and cleans up. Takes about two minutes;
/// touches no server that it did not start.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: pgslotplan demo -o demo\nExit code 4: a table differs, or something was left behind.")]
pub struct DemoArgs {
    /// Directory to keep the workload, plan, scripts and figures in [default: nothing is kept]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Major version of the publisher
    #[arg(long, value_name = "N", default_value_t = 13)]
    publisher_version: u32,
    /// Major version of the subscriber
    #[arg(long, value_name = "N", default_value_t = 15)]
    subscriber_version: u32,
    /// How long the publisher is sampled
    #[arg(long, value_name = "TIME", default_value = "24s", value_parser = units::parse_seconds)]
    sample_for: f64,
    /// How long each measured burst lasts
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = units::parse_seconds)]
    burst_for: f64,
    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ReportFormat,
}

/// Whether the user asked to stop; servers then go away in good order.
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// Listens for Ctrl-C, SIGTERM and SIGHUP from now on.
    fn listen() -> Self {
        let interruption = Interruption::default();
        let asked = Arc::clone(&interruption.0);
        thread::spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                runtime.block_on(interrupted());
                asked.store(true, Ordering::Relaxed);
            }
        });
        interruption
    }

    /// An error when the user asked to stop.
    fn check(&self) -> Result<(), Failure> {
        if self.0.load(Ordering::Relaxed) {
            Err(Failure::new("interrupted; the demo's servers are gone"))
        } else {
            Ok(())
        }
    }

    /// Waits, in steps, so that an interruption counts.
    fn wait(&self, seconds: f64) -> Result<(), Failure> {
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.check()?;
            thread::sleep(left.min(Duration::from_millis(100)));
        }
        self.check()
    }
}

/// `pgslotplan demo`
pub fn run(args: &DemoArgs, console: &Console) -> Result<Exit, Failure> {
    check(args)?;
    let begun = Instant::now();
    let (_temporary, folder) = folder(args)?;
    let servers = Servers::cached().map_err(stage::failure)?;
    let interruption = Interruption::listen();
    let demo = Demo { args, console, begun, folder, interruption };
    let outcome = demo.play(&servers);
    // A psql that Ctrl-C ended, say, is not the cause.
    demo.interruption.check()?;
    outcome
}

fn check(args: &DemoArgs) -> Result<(), Failure> {
    let (from, to) = (args.publisher_version, args.subscriber_version);
    for major in [from, to] {
        let there = available_majors();
        if !there.contains(&major) {
            let there: Vec<String> = there.iter().map(u32::to_string).collect();
            return Err(Failure::new(format!("there is no server of major version {major} for the demo"))
                .hint(format!("There are servers of versions {}.", there.join(", "))));
        }
    }
    if to < from {
        return Err(Failure::new(format!("the subscriber's version {to} is older than the publisher's {from}")));
    }
    if args.sample_for < 8.0 || args.burst_for < 1.0 {
        return Err(Failure::new("too short: --sample-for is at least 8s, --burst-for at least 1s"));
    }
    Ok(())
}

/// Where files go; the guard removes a temporary folder.
fn folder(args: &DemoArgs) -> Result<(Option<tempfile::TempDir>, PathBuf), Failure> {
    if let Some(output) = &args.output {
        files::check_directory(output, files::Existing::Refuse)?;
        std::fs::create_dir_all(output).map_err(|error| {
            Failure::new(format!("could not create directory {}", files::shown(output))).source(error)
        })?;
        return Ok((None, output.clone()));
    }
    let temporary =
        tempfile::tempdir().map_err(|error| Failure::new("could not create a temporary directory").source(error))?;
    let path = temporary.path().to_owned();
    Ok((Some(temporary), path))
}

struct Demo<'a> {
    args: &'a DemoArgs,
    console: &'a Console,
    begun: Instant,
    folder: PathBuf,
    interruption: Interruption,
}

impl Demo<'_> {
    fn play(&self, servers: &Servers) -> Result<Exit, Failure> {
        let (from, to) = (self.args.publisher_version, self.args.subscriber_version);
        self.say(&format!("starting Postgres {from} (publisher) and {to} (subscriber)"));
        let stage = Stage::start(servers, from, to)?;
        self.interruption.check()?;
        let application = stage.publisher.conninfo(DATABASE);
        self.say(&format!(
            "three clients write {:.0} rows/s, and {:.0} while a campaign goes out",
            traffic::usual_rows_per_s(),
            traffic::campaign_rows_per_s()
        ));
        let traffic = Traffic::start(&application);
        self.sample(&stage, &traffic)?;
        let row_cost_s = stage.measure_storage()?;
        self.say(&format!("an applied row costs the subscriber {:.2} ms, measured", row_cost_s * 1e3));
        let (plan, script) = self.plan_and_emit(row_cost_s)?;
        self.run_phases(
            &stage,
            &script,
            &[Phase::Schema, Phase::Prepare, Phase::Start, Phase::Indexes, Phase::Verify],
        )?;
        self.say("a campaign goes out; measuring the lag of the plan's slots");
        let planned = self.burst(&stage, DATABASE, &traffic)?;
        self.monitor(&stage)?;
        traffic.stop()?;
        self.say("writes stopped; comparing every table at one LSN");
        let comparison = stage.compare(DATABASE, &self.interruption)?;
        self.run_phases(&stage, &script, &[Phase::Cutover])?;
        stage.open_writes(&self.folder.join("scripts"))?;
        self.run_phases(&stage, &script, &[Phase::Cleanup])?;
        let leftovers = stage.leftovers()?;

        self.say("the same campaign with one slot for everything");
        let traffic = Traffic::start(&application);
        stage.start_single()?;
        let single = self.burst(&stage, SINGLE_DATABASE, &traffic)?;
        traffic.stop()?;
        let single_comparison = stage.compare(SINGLE_DATABASE, &self.interruption)?;
        let report = Report {
            kind: "demo",
            version: 1,
            publisher_version: from,
            subscriber_version: to,
            burst_s: self.args.burst_for,
            row_cost_s,
            planned,
            single,
            comparison,
            single_comparison,
            leftovers,
            seconds: self.begun.elapsed().as_secs_f64(),
        };
        self.print(&plan, &report)
    }

    /// How the slots of the plan are doing beside it.
    fn monitor(&self, stage: &Stage) -> Result<(), Failure> {
        let (publisher, subscriber) = (stage.publisher.conninfo(DATABASE), stage.subscriber.conninfo(DATABASE));
        let (plan, workload) = (self.path("plan.json"), self.path("workload.json"));
        let line = [
            "monitor",
            &plan,
            "--workload",
            &workload,
            "--once",
            "--publisher",
            &publisher,
            "--subscriber",
            &subscriber,
        ];
        self.run_line(&line, &self.results())
    }

    /// A line with the time since the start.
    fn say(&self, what: &str) {
        self.console.note(&format!("[{:3.0} s] {what}", self.begun.elapsed().as_secs_f64()));
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    /// Runs one of our commands, and shows its line with the connection string as users would keep it.
    fn run_line(&self, arguments: &[&str], console: &Console) -> Result<(), Failure> {
        let before = std::iter::once(&"").chain(arguments);
        let shown: Vec<String> = arguments
            .iter()
            .zip(before)
            .map(|(argument, before)| match *argument {
                conninfo if conninfo.contains("host=") && *before == "--subscriber" => {
                    "\"$PGSLOTPLAN_SUBSCRIBER\"".to_owned()
                }
                conninfo if conninfo.contains("host=") => "\"$PGSLOTPLAN_PUBLISHER\"".to_owned(),
                path => Path::new(path)
                    .strip_prefix(&self.folder)
                    .map_or_else(|_| path.to_owned(), |short| short.to_string_lossy().into_owned()),
            })
            .collect();
        self.say(&format!("pgslotplan {}", shown.join(" ")));
        match super::run_line(arguments, console)? {
            Exit::Done => self.interruption.check(),
            exit => {
                Err(Failure::new(format!("pgslotplan {} ended with exit code {}", shown[0], exit as u8)).exit(exit))
            }
        }
    }

    /// The publisher is sampled while a campaign begins and ends.
    fn sample(&self, stage: &Stage, traffic: &Traffic) -> Result<(), Failure> {
        let duration = format!("{:.0}s", self.args.sample_for);
        let (conninfo, workload) = (stage.monitor_conninfo(), self.path("workload.json"));
        let line =
            ["sample", &conninfo, "--duration", &duration, "--interval", "2s", "--bucket", "4s", "-o", &workload];
        let sampled = AtomicBool::new(false);
        thread::scope(|scope| {
            let campaign = scope.spawn(|| {
                let begun = Instant::now();
                let at = |share: f64| {
                    while begun.elapsed().as_secs_f64() < share * self.args.sample_for
                        && !sampled.load(Ordering::Relaxed)
                    {
                        thread::sleep(Duration::from_millis(50));
                    }
                };
                at(0.4);
                traffic.begin_campaign();
                at(0.8);
                traffic.end_campaign();
            });
            let outcome = self.run_line(&line, self.console);
            sampled.store(true, Ordering::Relaxed);
            campaign.join().map_err(|_| Failure::new("the demo's campaign ended early"))?;
            outcome
        })
    }

    fn plan_and_emit(&self, row_cost_s: f64) -> Result<(Plan, Script), Failure> {
        let (workload, plan, scripts) = (self.path("workload.json"), self.path("plan.json"), self.path("scripts"));
        let version = self.args.subscriber_version.to_string();
        let console = self.results();
        let calibration = self.path("calibration.json");
        files::write_bytes(
            Path::new(&calibration),
            files::Existing::Replace,
            &format::write(&calibration_of(row_cost_s)),
        )?;
        let line = [
            "plan",
            &workload,
            "--subscriber-version",
            &version,
            "--calibration",
            &calibration,
            "--max-slots",
            "8",
            "-o",
            &plan,
        ];
        self.run_line(&line, &console)?;
        self.run_line(&["audit", &plan, &workload], &console.without_results())?;
        self.run_line(&["emit", &plan, "-o", &scripts], &console.without_results())?;
        let plan = files::read_plan(Path::new(&plan))?;
        let script = emit::script(&plan, &EmitOptions::default())?;
        Ok((plan, script))
    }

    /// Results of other commands are shown to people only: JSON is one document.
    fn results(&self) -> Console {
        match self.args.format {
            ReportFormat::Text => *self.console,
            ReportFormat::Json => self.console.without_results(),
        }
    }

    /// Runs the files of these phases in their order.
    fn run_phases(&self, stage: &Stage, script: &Script, phases: &[Phase]) -> Result<(), Failure> {
        let played = |step: &&emit::Step| {
            matches!(step.side, StepSide::Publisher | StepSide::Subscriber) && !NOT_PLAYED.contains(&step.id)
                || PLAYED.contains(&step.id)
        };
        for step in script.steps.iter().filter(|step| phases.contains(&step.phase())).filter(played) {
            self.interruption.check()?;
            self.say(&match step.side {
                StepSide::Shell => format!("sh {}", step.file),
                side => format!("psql ({}) -f {}", side.as_str(), step.file),
            });
            stage.run(&self.folder.join("scripts"), step)?;
        }
        Ok(())
    }

    /// A calm time, a campaign, and what it takes until every slot is caught up again.
    fn burst(&self, stage: &Stage, database: &str, traffic: &Traffic) -> Result<BurstLag, Failure> {
        stage.slow_storage(database)?;
        let monitor = Monitor::start(&stage.publisher.conninfo(DATABASE), &stage.subscriber.conninfo(database));
        self.interruption.wait(CALM_S)?;
        let (begin_s, rows) = (monitor.elapsed_s(), traffic.rows());
        traffic.begin_campaign();
        self.interruption.wait(self.args.burst_for)?;
        traffic.end_campaign();
        let (end_s, rows) = (monitor.elapsed_s(), traffic.rows() - rows);
        let mut caught_up = false;
        while !caught_up && monitor.elapsed_s() < end_s + DRAIN_LIMIT_S {
            self.interruption.wait(CAUGHT_UP_S)?;
            caught_up = monitor.trace().is_caught_up(CAUGHT_UP_S);
        }
        let trace = monitor.stop()?;
        stage.fast_storage(database)?;
        let wal = |at_s: f64| trace.looks.iter().find(|look| look.at_s >= at_s).map_or(0, |look| look.current.0);
        let seconds = end_s - begin_s;
        Ok(BurstLag {
            rows_per_s: rows as f64 / seconds,
            wal_bytes_per_s: wal(end_s).saturating_sub(wal(begin_s)) as f64 / seconds,
            slots: trace.worst(end_s, CAUGHT_UP_S),
            caught_up,
        })
    }

    fn print(&self, plan: &Plan, report: &Report) -> Result<Exit, Failure> {
        let mut json = serde_json::to_vec_pretty(report)?;
        json.push(b'\n');
        if self.args.output.is_some() {
            files::write_bytes(&self.folder.join("demo.json"), files::Existing::Replace, &json)?;
            self.console.note(&format!("kept everything in directory \"{}\"", self.folder.display()));
        }
        self.console.result(&match self.args.format {
            ReportFormat::Text => report.text(plan),
            ReportFormat::Json => json_text(&json),
        })?;
        Ok(if report.is_good() { Exit::Done } else { Exit::No })
    }
}

/// The built-in costs, but for a row what was measured.
fn calibration_of(row_cost_s: f64) -> Calibration {
    let mut sets = CoefficientSets::default();
    for set in [&mut sets.low, &mut sets.nominal, &mut sets.high] {
        set.row_us = row_cost_s * 1e6;
    }
    Calibration::new(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_shown_is_refused_before_anything_starts() {
        let args = DemoArgs {
            output: None,
            publisher_version: 13,
            subscriber_version: 15,
            sample_for: 24.0,
            burst_for: 12.0,
            format: ReportFormat::Text,
        };
        assert!(check(&args).is_ok());
        assert!(check(&DemoArgs { publisher_version: 11, ..args }).unwrap_err().to_string().contains("11"));
    }

    #[test]
    fn an_interruption_ends_a_wait() {
        let interruption = Interruption::default();
        assert!(interruption.wait(0.0).is_ok());
        interruption.0.store(true, Ordering::Relaxed);
        assert!(interruption.wait(3600.0).is_err());
    }
}
