//! The library's search as the options ask for it, and its errors with what to do about them.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use pgslotplan::{
    CheckedPlan, PlanError,
    cost::{Calibration, CoefficientSets, CostError, CostModel},
    optimize::{ExactMode, OptimizeError, OptimizeOptions},
    plan::Plan,
    policy::{Policy, PolicyError},
    server::{NEWEST_MAJOR, OLDEST_MAJOR, ServerVersion},
    workload::Workload,
};

use super::{
    super::{files, output::Failure},
    args::PlanArgs,
};

/// A peak in hours that nobody saw is not planned for: below some share, that is for the user to say.
pub(super) fn check_validity(args: &PlanArgs, path: &Path, workload: &Workload) -> Result<(), Failure> {
    let (observed, wanted) = (workload.observed_share(), args.min_validity);
    if !(0.0..=1.0).contains(&wanted) {
        return Err(Failure::new("invalid --min-validity: it must lie between 0 and 1"));
    }
    if observed >= wanted || observed == 0.0 {
        return Ok(()); // of nothing at all the search says so itself
    }
    Err(Failure::new(format!(
        "only {:.0} % of the sampled time of {} was observed, and {:.0} % are asked for",
        100.0 * observed,
        files::shown(path),
        100.0 * wanted
    ))
    .detail("Peaks in the rest are not in the file; \"pgslotplan workload show\" says which buckets lack.")
    .hint(format!(
        "Sample again over these hours and merge, or plan on what there is with --min-validity {:.2}.",
        (observed - 0.005).max(0.0)
    )))
}

pub(super) fn cost_model(
    args: &PlanArgs,
    path: &Path,
    policy: &Policy,
    workload: &Workload,
) -> Result<CostModel, Failure> {
    let sampled = workload.server.version_num;
    let publisher = match args.publisher_version {
        Some(major) if major != sampled.major() => ServerVersion::of_major(major),
        Some(_) => sampled,
        None => policy.versions(sampled).0,
    };
    let subscriber = args.subscriber_version.map(ServerVersion::of_major).or(policy.subscriber_version);
    CostModel::new(workload, policy, coefficients(args.calibration.as_deref())?, subscriber)
        .and_then(|cost| cost.for_publisher(publisher))
        .map(|cost| CostModel { subscriber: subscriber.unwrap_or(cost.subscriber), ..cost })
        .map_err(|error| explain(args, path, error.into()))
}

fn coefficients(calibration: Option<&Path>) -> Result<CoefficientSets, Failure> {
    let Some(path) = calibration else { return Ok(CoefficientSets::default()) };
    let calibration: Calibration = files::read_document(path)?;
    calibration.check().map_err(|error| files::unreadable(path, error))?;
    Ok(calibration.coefficients)
}

/// The clock of `--time-limit`, which counts for each search.
pub(super) struct Clock {
    limit: Option<Duration>,
    started: Mutex<Instant>,
}

#[expect(clippy::disallowed_methods, reason = "--time-limit needs the clock; the edge owns it")]
impl Clock {
    /// It runs from now on.
    pub(super) fn start(args: &PlanArgs) -> Self {
        let started = Mutex::new(Instant::now());
        Clock { limit: args.time_limit.map(Duration::from_secs_f64), started }
    }

    /// Whether there is a limit.
    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Starts again.
    pub(super) fn restart(&self) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether the time is over.
    pub(super) fn is_over(&self) -> bool {
        let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
        self.limit.is_some_and(|limit| started.elapsed() >= limit)
    }
}

/// How the options want it searched.
pub(super) fn options<'a>(
    args: &PlanArgs,
    previous: Option<&'a Plan>,
    over: Option<&'a (dyn Fn() -> bool + Sync)>,
) -> OptimizeOptions<'a> {
    OptimizeOptions {
        seed: args.seed,
        budget: args.budget,
        exact: if args.exact { ExactMode::Required } else { ExactMode::Auto },
        previous,
        max_moves: args.max_moves,
        stop: over,
    }
}

/// A plan of one workload, which has passed the independent check.
pub(super) fn search(
    args: &PlanArgs,
    path: &Path,
    workload: &Workload,
    policy: &Policy,
    cost: &CostModel,
    previous: Option<&Plan>,
) -> Result<CheckedPlan, Failure> {
    let clock = Clock::start(args);
    let over = || clock.is_over();
    let options = options(args, previous, if clock.is_limited() { Some(&over) } else { None });
    pgslotplan::plan(workload, policy, cost, &options).map_err(|error| match error {
        PlanError::Optimize(error) => explain(args, path, error),
        error => broken(error),
    })
}

/// The error with the file it is about and what to do.
pub(super) fn explain(args: &PlanArgs, path: &Path, error: OptimizeError) -> Failure {
    let policy_hint = match args.policy.file() {
        Some(path) => format!("Change the rules in {} or the options.", files::shown(path)),
        None => "Change the options that state these rules.".to_owned(),
    };
    match error {
        OptimizeError::Workload(error) => files::unreadable(path, error),
        OptimizeError::Cost(CostError::Policy(error)) => explain(args, path, error.into()),
        OptimizeError::Cost(CostError::Version { server, version }) => Failure::new(format!(
            "invalid value {version} for --{server}-version: expected a major version from {OLDEST_MAJOR} to {NEWEST_MAJOR}"
        ))
        .hint(if version.is_too_new() {
            "A newer release of pgslotplan may know it: a new major version changes what the scripts rely on."
        } else {
            "Versions are numbered as the server numbers them: 15 for 15.18."
        }),
        OptimizeError::Policy(error @ PolicyError::MissingTable { .. }) => Failure::from(error)
            .hint("Names are schema.table as the catalog has them; a bare name means schema public."),
        OptimizeError::Policy(error) => Failure::from(error).hint(policy_hint),
        OptimizeError::Cost(error @ CostError::Capacity(_)) => Failure::from(error).hint(
            "Balance WAL bytes with --load wal, or leave the capacity out: the other measures count time, of which a slot \
             has one second a second.",
        ),
        OptimizeError::NoTables(_) => {
            Failure::from(error).hint("Check --exclude and --include, and which database was sampled.")
        }
        OptimizeError::NothingObserved => {
            Failure::from(error).hint("Sample again; the gaps of the file say what was missed.")
        }
        OptimizeError::OtherDatabase { .. } | OptimizeError::Previous(_) => {
            Failure::from(error).hint("Give the plan of the same database to --previous.")
        }
        error => Failure::from(error),
    }
}

/// Every plan passes the independent checker before anybody sees it.
pub(super) fn prove(plan: Plan, workload: &Workload) -> Result<CheckedPlan, Failure> {
    CheckedPlan::check(plan, workload).map_err(broken)
}

fn broken(error: PlanError) -> Failure {
    Failure::new(format!("internal error: {error}"))
        .hint("Nothing was written. Please report this with the workload and the options.")
}
