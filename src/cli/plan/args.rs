//! The options of `plan` that are no policy.

use std::path::PathBuf;

use pgslotplan::{optimize::Budget, units};

use super::{
    super::{
        files::ForceArg,
        findings::{FailOn, FindingFormat},
    },
    policy::PolicyArgs,
};

/// Form of the summary on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SummaryFormat {
    /// For people
    Text,
    /// The plan itself
    Json,
    /// For tickets and pull requests
    Markdown,
    /// Only the findings, as annotations of GitHub Actions
    Github,
    /// Only the findings, as SARIF 2.1.0 for code scanning
    Sarif,
    /// Only the findings, as JUnit XML for test reports
    Junit,
}

impl SummaryFormat {
    /// The form of findings, where only these are printed.
    pub(super) fn of_findings(self) -> Option<FindingFormat> {
        match self {
            SummaryFormat::Text | SummaryFormat::Json | SummaryFormat::Markdown => None,
            SummaryFormat::Github => Some(FindingFormat::Github),
            SummaryFormat::Sarif => Some(FindingFormat::Sarif),
            SummaryFormat::Junit => Some(FindingFormat::Junit),
        }
    }
}

/// Assign the tables of a workload to replication slots
///
/// Hot tables get a slot of their own; the others are packed into few shared slots, so that the busiest one is as quiet
/// as can be proved. The plan is self-contained: every later step needs only it and the servers.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: pgslotplan plan workload.json -o plan.json\nExit code 4: the plan is written, but has an error-level finding."
)]
pub struct PlanArgs {
    /// Workload, as `sample` and `generate` write it; `-` is standard input. Several: databases of one cluster, which get
    /// a plan each under one slot budget
    #[arg(value_name = "WORKLOAD", required = true)]
    pub(super) workloads: Vec<PathBuf>,
    /// File to write the plan to; without it only the summary is printed, `-` prints the plan instead. With several
    /// workloads: directory for a plan each
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) force: ForceArg,
    /// Form of the summary on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: SummaryFormat,
    /// Severity of findings from which on the exit code is 4
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub(super) fail_on: FailOn,
    /// Plan again and compare with this plan, instead of writing one: exit code 4 when they differ in more than the release
    /// that wrote them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "force"])]
    pub(super) check: Option<PathBuf>,
    /// Major version of the publisher that is planned for [default: the sampled server's]
    #[arg(long, value_name = "N")]
    pub(super) publisher_version: Option<u32>,
    /// Major version of the subscriber [default: the publisher's]
    #[arg(long, value_name = "N")]
    pub(super) subscriber_version: Option<u32>,
    /// Apply and decode costs of your own servers, in place of the built-in ones
    #[arg(long, value_name = "FILE")]
    pub(super) calibration: Option<PathBuf>,
    /// Plan in use, to be changed as little as --max-moves says
    #[arg(long, value_name = "FILE")]
    pub(super) previous: Option<PathBuf>,
    /// Most table groups that may be elsewhere than in the previous plan
    #[arg(long, value_name = "N", requires = "previous")]
    pub(super) max_moves: Option<u32>,
    /// Seed of the search: the same inputs, seed and budget give the same plan
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// How much is searched: small, normal, large, or a number of evaluations
    #[arg(long, value_name = "BUDGET", default_value = "normal", value_parser = budget)]
    pub(super) budget: Budget,
    /// Stop the search after this time; the plan then depends on the machine
    #[arg(long, value_name = "TIME", value_parser = units::parse_seconds)]
    pub(super) time_limit: Option<f64>,
    /// Prove optimality where the problem is small enough
    #[arg(long)]
    pub(super) exact: bool,
    /// Share of the sampled time that must have been observed, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    pub(super) min_validity: f64,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
}

fn budget(text: &str) -> Result<Budget, String> {
    match text {
        "small" => Ok(Budget::Small),
        "normal" => Ok(Budget::Normal),
        "large" => Ok(Budget::Large),
        number => match number.parse() {
            Ok(evaluations) if evaluations > 0 => Ok(Budget::Evaluations(evaluations)),
            _ => Err("expected small, normal, large or a number of at least 1".to_owned()),
        },
    }
}
