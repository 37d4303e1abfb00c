//! `pgslotplan plan`: workload and policy into a plan, checked by independent code before it is written.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use pgslotplan::{
    cost::{Calibration, CoefficientSets, CostModel},
    finding, format,
    optimize::{self, Budget, ExactMode, OptimizeError, OptimizeOptions},
    plan::{self, Plan},
    policy::{Policy, PolicyError},
    server::{OLDEST_MAJOR, ServerVersion},
    units,
    workload::Workload,
};

use super::{
    files::{self, ForceArg},
    output::{Console, Exit, Failure, json_text},
    plan_cluster,
    plan_markdown::plan_markdown,
    plan_policy::PolicyArgs,
    plan_text::plan_text,
    plan_view::PlanView,
    text::Characters,
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
    workloads: Vec<PathBuf>,
    /// File to write the plan to; without it only the summary is printed, `-` prints the plan instead. With several
    /// workloads: directory for a plan each
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) force: ForceArg,
    /// Form of the summary on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: SummaryFormat,
    /// Major version of the publisher that is planned for [default: the sampled server's]
    #[arg(long, value_name = "N")]
    publisher_version: Option<u32>,
    /// Major version of the subscriber [default: the publisher's]
    #[arg(long, value_name = "N")]
    subscriber_version: Option<u32>,
    /// Apply and decode costs of your own servers, in place of the built-in ones
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    /// Plan in use, to be changed as little as --max-moves says
    #[arg(long, value_name = "FILE")]
    pub(super) previous: Option<PathBuf>,
    /// Most table groups that may be elsewhere than in the previous plan
    #[arg(long, value_name = "N", requires = "previous")]
    max_moves: Option<u32>,
    /// Seed of the search: the same inputs, seed and budget give the same plan
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How much is searched: small, normal, large, or a number of evaluations
    #[arg(long, value_name = "BUDGET", default_value = "normal", value_parser = budget)]
    budget: Budget,
    /// Stop the search after this time; the plan then depends on the machine
    #[arg(long, value_name = "TIME", value_parser = units::parse_seconds)]
    time_limit: Option<f64>,
    /// Prove optimality where the problem is small enough
    #[arg(long)]
    exact: bool,
    /// Share of the sampled time that must have been observed, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    min_validity: f64,
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

/// `pgslotplan plan`
pub fn run(args: &PlanArgs, console: &Console) -> Result<Exit, Failure> {
    let [path] = args.workloads.as_slice() else {
        return plan_cluster::run(args, &args.workloads, console);
    };
    let existing = args.force.existing();
    if let Some(path) = &args.output {
        files::check_output(path, existing)?;
    }
    let policy = args.policy.policy()?;
    let mut workload: Workload = files::read_document(path)?;
    workload.canonicalize();
    check_validity(args, &workload)?;
    let previous: Option<Plan> = args.previous.as_deref().map(files::read_document).transpose()?;
    let cost = cost_model(args, &policy, &workload)?;
    let plan = search(args, path, &workload, &policy, &cost, previous.as_ref())?;
    prove(&plan, &workload)?;
    if let Some(path) = args.output.as_deref() {
        files::write_bytes(path, existing, &format::write(&plan))?;
        if !files::is_standard(path) {
            console.note(&format!("wrote {}", files::shown(path)));
        }
    }
    if !args.output.as_deref().is_some_and(files::is_standard) {
        console.result(&summary(args.format, &plan, &workload))?;
    }
    Ok(if finding::has_error(&plan.findings) { Exit::No } else { Exit::Done })
}

/// A peak in hours that nobody saw is not planned for: below some share, that is for the user to say.
fn check_validity(args: &PlanArgs, workload: &Workload) -> Result<(), Failure> {
    let (observed, wanted) = (workload.observed_share(), args.min_validity);
    if !(0.0..=1.0).contains(&wanted) {
        return Err(Failure::new("invalid --min-validity: it must lie between 0 and 1"));
    }
    if observed >= wanted || observed == 0.0 {
        return Ok(()); // of nothing at all the search says so itself
    }
    Err(Failure::new(format!(
        "only {:.0} % of the sampled time was observed, and {:.0} % are asked for",
        100.0 * observed,
        100.0 * wanted
    ))
    .detail("Peaks in the rest are not in the file; \"pgslotplan workload show\" says which buckets lack.")
    .hint(format!(
        "Sample again over these hours and merge, or plan on what there is with --min-validity {:.2}.",
        (observed - 0.005).max(0.0)
    )))
}

fn summary(form: SummaryFormat, plan: &Plan, workload: &Workload) -> String {
    match form {
        SummaryFormat::Json => json_text(&format::write(plan)),
        SummaryFormat::Text => plan_text(&PlanView::new(plan, workload), Characters::of_locale()),
        SummaryFormat::Markdown => plan_markdown(&PlanView::new(plan, workload)),
    }
}

pub(super) fn cost_model(args: &PlanArgs, policy: &Policy, workload: &Workload) -> Result<CostModel, Failure> {
    let sampled = workload.server.version_num;
    let version = |option: &str, major: u32| {
        if (OLDEST_MAJOR..100).contains(&major) {
            Ok(ServerVersion::of_major(major))
        } else {
            Err(Failure::new(format!(
                "invalid value {major} for --{option}: expected a major version of at least {OLDEST_MAJOR}"
            )))
        }
    };
    let publisher = match args.publisher_version {
        Some(major) if major != sampled.major() => version("publisher-version", major)?,
        Some(_) => sampled,
        None => policy.versions(sampled).0,
    };
    if publisher.is_unsupported() {
        return Err(Failure::new(format!(
            "the workload was sampled on version {sampled}, but {OLDEST_MAJOR} is the oldest supported"
        )));
    }
    let subscriber = match args.subscriber_version {
        Some(major) => version("subscriber-version", major)?,
        None => policy.subscriber_version.unwrap_or(ServerVersion::of_major(publisher.major())),
    };
    Ok(CostModel {
        measure: policy.load,
        coefficients: coefficients(args.calibration.as_deref())?,
        publisher,
        subscriber,
        made_full: Default::default(),
    })
}

fn coefficients(calibration: Option<&Path>) -> Result<CoefficientSets, Failure> {
    let Some(path) = calibration else { return Ok(CoefficientSets::default()) };
    let calibration: Calibration = files::read_document(path)?;
    calibration.check().map_err(|error| files::unreadable(path, error))?;
    Ok(calibration.coefficients)
}

#[expect(clippy::disallowed_methods, reason = "--time-limit needs the clock; the edge owns it")]
pub(super) fn search(
    args: &PlanArgs,
    path: &Path,
    workload: &Workload,
    policy: &Policy,
    cost: &CostModel,
    previous: Option<&Plan>,
) -> Result<Plan, Failure> {
    let started = Instant::now();
    let limit = args.time_limit.map(Duration::from_secs_f64);
    let over = || limit.is_some_and(|limit| started.elapsed() >= limit);
    let options = OptimizeOptions {
        seed: args.seed,
        budget: args.budget,
        exact: if args.exact { ExactMode::Required } else { ExactMode::Auto },
        previous,
        max_moves: args.max_moves,
        stop: limit.is_some().then_some(&over),
    };
    optimize::optimize(workload, policy, cost, &options).map_err(|error| explain(args, path, error))
}

/// The error with the file it is about and what to do.
fn explain(args: &PlanArgs, path: &Path, error: OptimizeError) -> Failure {
    let policy_hint = match args.policy.file() {
        Some(path) => format!("Change the rules in {} or the options.", files::shown(path)),
        None => "Change the options that state these rules.".to_owned(),
    };
    match error {
        OptimizeError::Workload(error) => files::unreadable(path, error),
        OptimizeError::Policy(error @ PolicyError::MissingTable { .. }) => Failure::from(error)
            .hint("Names are schema.table as the catalog has them; a bare name means schema public."),
        OptimizeError::Policy(error) => Failure::from(error).hint(policy_hint),
        OptimizeError::NoTables(_) => {
            Failure::from(error).hint("Check --exclude and --include, and which database was sampled.")
        }
        OptimizeError::NothingObserved => {
            Failure::from(error).hint("Sample again; the gaps of the file say what was missed.")
        }
        OptimizeError::OtherDatabase { .. } | OptimizeError::Previous(_) => {
            Failure::from(error).hint("Give the plan of the same database to --previous.")
        }
    }
}

/// Every plan passes the independent checker before anybody sees it.
pub(super) fn prove(plan: &Plan, workload: &Workload) -> Result<(), Failure> {
    let broken = plan::check::check(plan, workload);
    match broken.iter().find(|finding| finding.severity == finding::Severity::Error) {
        None => Ok(()),
        Some(finding) => Err(Failure::new(format!(
            "internal error: the plan failed its own check: {} {}: {}",
            finding.code, finding.subject, finding.message
        ))
        .hint("Nothing was written. Please report this with the workload and the options.")),
    }
}
