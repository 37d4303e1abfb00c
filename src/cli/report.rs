//! `pgslotplan report`: one HTML file on which a team decides.

use std::path::PathBuf;

use pgslotplan::{
    baseline::{
        Baseline,
        compare::{Limits, compare},
    },
    finding,
    report::{self, Observed, ReportInput},
    simulate::Compared,
};

use super::{
    files::{self, ForceArg},
    output::{Console, Exit, Failure},
    simulate::{ScenarioArgs, read_pair},
};

/// Write a plan with its forecast as one HTML file
///
/// The file is self-contained: it loads nothing, and can be mailed, printed and read on a phone. It shows the verdict, load
/// over time, slots and why, the forecast beside naive layouts, foreign keys, the initial copy, findings, every table and
/// where it all comes from.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan report plan.json workload.json -o report.html\nExit code 4: the page is written, and has a finding of severity error."
)]
pub struct ReportArgs {
    /// Plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Workload that it was made from
    #[arg(value_name = "WORKLOAD")]
    workload: PathBuf,
    /// File to write; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: ForceArg,
    /// What the database does, of `baseline take`; of several the last is after the upgrade, and compared (may be repeated)
    #[arg(long, value_name = "FILE")]
    baseline: Vec<PathBuf>,
    #[command(flatten)]
    scenario: ScenarioArgs,
}

/// `pgslotplan report`
pub fn run(args: &ReportArgs, console: &Console) -> Result<Exit, Failure> {
    let existing = args.force.existing();
    files::check_output(&args.output, existing)?;
    let (plan, workload) = read_pair(&args.plan, &args.workload)?;
    let forecast = args.scenario.forecast(&plan, &workload, Compared::WithBaselines)?;
    let windows =
        args.baseline.iter().map(|path| files::read_document(path)).collect::<Result<Vec<Baseline>, Failure>>()?;
    let comparison = match windows.split_last() {
        Some((after, before)) if !before.is_empty() => Some(compare(before, after, Limits::default())?),
        _ => None,
    };
    let observed = comparison.as_ref().map(Observed::Both).or(windows.first().map(Observed::Before));
    let page = report::html(&ReportInput { plan: &plan, workload: &workload, forecast: &forecast, observed });
    files::write_bytes(&args.output, existing, page.as_bytes())?;
    if !files::is_standard(&args.output) {
        console.note(&format!("wrote {}", files::shown(&args.output)));
    }
    let compared = comparison.as_ref().map(|comparison| comparison.findings.as_slice()).unwrap_or_default();
    let error = [&plan.findings, &forecast.findings, compared].into_iter().any(finding::has_error);
    Ok(if error { Exit::No } else { Exit::Done })
}
