//! `pgslotplan simulate`: what would happen, from plan and workload alone.

mod markdown;
mod text;

use std::path::{Path, PathBuf};

use pgslotplan::{
    cost::{Calibration, CostModel},
    finding, format,
    plan::Plan,
    simulate::{
        self, Compared,
        forecast::Forecast,
        scenario::{self, BulkLoad, Outage, Pieces, Scenario, ScenarioError},
    },
    units,
    workload::{self, Workload},
};

use super::{
    files::{self, ForceArg},
    output::{Console, Exit, Failure, json_text},
    text::Characters,
};
use markdown::forecast_markdown;
use text::forecast_text;

/// Form of the summary on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ForecastFormat {
    /// For people
    Text,
    /// The whole forecast
    Json,
    /// For tickets and pull requests
    Markdown,
}

/// Who copies the rows
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Copying {
    /// Table synchronization workers of the subscriptions
    Copy,
    /// Programs that take pieces of one exported snapshot
    Snapshot,
}

/// What there is to carry the load, and what happens
#[derive(Debug, Clone, clap::Args)]
pub struct ScenarioArgs {
    /// Publisher cores that the walsenders together may use [default: what the workload says, else one for each]
    #[arg(long, value_name = "N", help_heading = "Scenario")]
    publisher_cores: Option<f64>,
    /// Subscriber cores that the apply workers together may use [default: one for each]
    #[arg(long, value_name = "N", help_heading = "Scenario")]
    subscriber_cores: Option<f64>,
    /// What the network between the servers carries, for example 1GB/s [default: everything]
    #[arg(long, value_name = "RATE", value_parser = units::parse_bytes_per_s, help_heading = "Scenario")]
    network: Option<u64>,
    /// What one table synchronization worker copies [default: 50MB/s, between 20MB/s and 100MB/s]
    #[arg(long, value_name = "RATE", value_parser = units::parse_bytes_per_s, help_heading = "Scenario")]
    copy_rate: Option<u64>,
    /// Table synchronization workers of each subscription [default: the plan's]
    #[arg(long, value_name = "N", help_heading = "Scenario")]
    sync_workers: Option<u32>,
    /// Who copies
    #[arg(long, value_name = "BOOTSTRAP", default_value = "copy", help_heading = "Scenario")]
    bootstrap: Copying,
    /// With `--bootstrap snapshot`: programs that copy at the same time [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Scenario")]
    jobs: Option<u32>,
    /// With `--bootstrap snapshot`: size of a piece [default: 1.02GB]
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes, help_heading = "Scenario")]
    piece: Option<u64>,
    /// Space that WAL may take on the publisher
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes, help_heading = "Scenario")]
    disk_free: Option<u64>,
    /// `max_slot_wal_keep_size` [default: what the workload says]
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes, help_heading = "Scenario")]
    slot_wal_limit: Option<u64>,
    /// Nothing is applied for a while: "30min at Mon 14:00", with " for SLOT" only there
    #[arg(long, value_name = "WHEN", help_heading = "Scenario")]
    outage: Vec<String>,
    /// One large transaction: "200GB into public.events at Mon 14:00 over 1h"
    #[arg(long, value_name = "WHAT", help_heading = "Scenario")]
    bulk_load: Vec<String>,
    /// Start of the initial copy: "Sat 22:00", "+3h" or an RFC 3339 time, in UTC [default: the best hour]
    #[arg(long, value_name = "TIME", help_heading = "Scenario")]
    start_at: Option<String>,
    /// When writes stop [default: the best hour]
    #[arg(long, value_name = "TIME", help_heading = "Scenario")]
    cutover_at: Option<String>,
    /// Apply and decode costs of your own servers, in place of the plan's
    #[arg(long, value_name = "FILE", help_heading = "Scenario")]
    calibration: Option<PathBuf>,
}

/// Forecast flush lag, retained WAL, initial copy and cutover of a plan
///
/// Runs the workload's week through the plan's slots: which slot is behind when, how much WAL the publisher keeps, how long
/// the initial copy takes, which hours are best. With --compare also what one slot, round-robin, by size and by tuple
/// count would have done. No server is needed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan simulate plan.json workload.json --compare --outage \"30min at Mon 14:00\"\nExit code 4: a slot never catches up, or more WAL is retained than there is room."
)]
pub struct SimulateArgs {
    /// Plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Workload that it was made from
    #[arg(value_name = "WORKLOAD")]
    workload: PathBuf,
    /// File to write the whole forecast to; `-` prints it instead of the summary
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    force: ForceArg,
    /// Form of the summary on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ForecastFormat,
    /// Also forecast what naive layouts would do
    #[arg(long)]
    compare: bool,
    #[command(flatten)]
    scenario: ScenarioArgs,
}

/// `pgslotplan simulate`
pub fn run(args: &SimulateArgs, console: &Console) -> Result<Exit, Failure> {
    let existing = args.force.existing();
    if let Some(path) = &args.output {
        files::check_output(path, existing)?;
    }
    let (plan, workload) = read_pair(&args.plan, &args.workload)?;
    let compared = if args.compare { Compared::WithBaselines } else { Compared::PlanOnly };
    let forecast = args.scenario.forecast(&plan, &workload, compared)?;
    if let Some(path) = args.output.as_deref() {
        files::write(path, existing, |out| format::write_lines(&forecast, out))?;
        if !files::is_standard(path) {
            console.note(&format!("wrote {}", files::shown(path)));
        }
    }
    if !args.output.as_deref().is_some_and(files::is_standard) {
        console.result(&summary(args.format, &forecast))?;
    }
    Ok(if finding::has_error(&forecast.findings) { Exit::No } else { Exit::Done })
}

fn summary(form: ForecastFormat, forecast: &Forecast) -> String {
    match form {
        ForecastFormat::Json => {
            let mut text = Vec::new();
            // Writing to memory does not fail.
            drop(format::write_lines(forecast, &mut text));
            json_text(&text)
        }
        ForecastFormat::Text => forecast_text(forecast, Characters::of_locale()),
        ForecastFormat::Markdown => forecast_markdown(forecast),
    }
}

/// Plan and workload that belong together.
pub fn read_pair(plan_path: &Path, workload_path: &Path) -> Result<(Plan, Workload), Failure> {
    if files::is_standard(plan_path) && files::is_standard(workload_path) {
        return Err(Failure::new("plan and workload cannot both be standard input")
            .hint("Give the name of a file for one of them."));
    }
    let plan = files::read_plan(plan_path)?;
    let mut workload: Workload = files::read_document(workload_path)?;
    workload.canonicalize();
    workload::check::validate(&workload).map_err(|error| files::unreadable(workload_path, error))?;
    if workload.digest() != plan.workload_sha256 {
        return Err(Failure::new(format!(
            "{} is not the workload that {} was made from: its digest differs",
            files::shown(workload_path),
            files::shown(plan_path)
        ))
        .hint("Give the file that the plan was made from, or plan again."));
    }
    Ok((plan, workload))
}

impl ScenarioArgs {
    /// The forecast under these options.
    pub fn forecast(&self, plan: &Plan, workload: &Workload, compared: Compared) -> Result<Forecast, Failure> {
        let mut cost: CostModel = plan.cost_model();
        if let Some(path) = &self.calibration {
            let calibration: Calibration = files::read_document(path)?;
            calibration.check().map_err(|error| files::unreadable(path, error))?;
            cost.coefficients = calibration.coefficients;
        }
        let scenario = self.scenario(plan, workload)?;
        simulate::simulate(plan, workload, &cost, &scenario, compared).map_err(explain)
    }

    fn pieces(&self) -> Result<Option<Pieces>, Failure> {
        if self.bootstrap == Copying::Snapshot {
            let defaults = Pieces::default();
            return Ok(Some(Pieces {
                jobs: self.jobs.unwrap_or(defaults.jobs),
                bytes: self.piece.unwrap_or(defaults.bytes),
            }));
        }
        match (self.jobs, self.piece) {
            (None, None) => Ok(None),
            _ => Err(Failure::new("--jobs and --piece belong to --bootstrap snapshot")
                .hint("--sync-workers are the workers of a subscription.")),
        }
    }

    fn scenario(&self, plan: &Plan, workload: &Workload) -> Result<Scenario, Failure> {
        let span = simulate::span(workload);
        let moment = |text: &Option<String>| {
            text.as_deref().map(|text| scenario::parse_moment(text, span)).transpose().map_err(explain)
        };
        // -1 is no limit; the setting is in megabytes of 2^20 bytes.
        let kept = workload.server.setting_number("max_slot_wal_keep_size").filter(|&megabytes| megabytes >= 0);
        let defaults = Scenario::default();
        Ok(Scenario {
            publisher_cores: self.publisher_cores.or(workload.server.cores.map(f64::from)),
            subscriber_cores: self.subscriber_cores,
            network_bytes_per_s: self.network.map(|rate| rate as f64),
            copy_bytes_per_s: self.copy_rate.map_or(defaults.copy_bytes_per_s, |rate| scenario::copy_rate(rate as f64)),
            sync_workers: self.sync_workers.unwrap_or(plan.policy.sync_workers),
            pieces: self.pieces()?,
            disk_free_bytes: self.disk_free,
            slot_wal_limit_bytes: self.slot_wal_limit.or(kept.map(|megabytes| megabytes as u64 * 1_048_576)),
            outages: self
                .outage
                .iter()
                .map(|text| Outage::parse(text, span))
                .collect::<Result<_, _>>()
                .map_err(explain)?,
            bulk_loads: self
                .bulk_load
                .iter()
                .map(|text| BulkLoad::parse(text, span))
                .collect::<Result<_, _>>()
                .map_err(explain)?,
            start_s: moment(&self.start_at)?,
            cutover_s: moment(&self.cutover_at)?,
        })
    }
}

fn explain(error: ScenarioError) -> Failure {
    let hint = match &error {
        ScenarioError::Outside { .. } => Some("Times are UTC."),
        ScenarioError::MissingSlot(_) => Some("\"pgslotplan plan\" prints the names of the slots."),
        ScenarioError::MissingTable(_) => {
            Some("Names are schema.table as the catalog has them; a bare name means schema public.")
        }
        _ => None,
    };
    let failure = Failure::from(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
