//! The library's search as the options ask for it, and its errors with what to do about them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use pgslotplan::{
    cost::{Calibration, CoefficientSets, CostModel},
    finding,
    optimize::{self, ExactMode, OptimizeError, OptimizeOptions},
    plan::{self, Plan},
    policy::{Policy, PolicyError},
    server::{OLDEST_MAJOR, ServerVersion},
    workload::Workload,
};

use super::{
    super::{files, output::Failure},
    args::PlanArgs,
};

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
