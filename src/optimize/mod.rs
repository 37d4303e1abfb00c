//! Search: a workload and a policy into a plan. Each step is a room of its own; this page is their order.

#[doc(hidden)]
pub mod assemble;
#[doc(hidden)]
pub mod bound;
pub mod cluster;
#[doc(hidden)]
pub mod cut_pairs;
#[doc(hidden)]
pub mod demand;
#[doc(hidden)]
pub mod fk_graph;
#[doc(hidden)]
pub mod grouping;
#[doc(hidden)]
pub mod hot;
#[doc(hidden)]
pub mod judge;
#[doc(hidden)]
pub mod packing;
#[doc(hidden)]
pub mod previous;
#[doc(hidden)]
pub mod replan;
#[doc(hidden)]
pub mod rng;
#[doc(hidden)]
pub mod scope;
#[doc(hidden)]
pub mod simd;
#[doc(hidden)]
pub mod slot_limit;
#[doc(hidden)]
pub mod split;
#[doc(hidden)]
pub mod sweep;
#[doc(hidden)]
pub mod trade;

pub use packing::{Budget, ExactMode};

use crate::{
    cost::{CostError, CostModel},
    format::FormatError,
    names::SlotName,
    plan::Plan,
    policy::{Policy, PolicyError, PublicationCount},
    workload::{self, Workload},
};

/// How the search runs.
#[derive(Clone, Copy)]
pub struct OptimizeOptions<'a> {
    /// Seed: the same inputs, seed and budget give the same plan.
    pub seed: u64,
    /// Evaluations the search may spend.
    pub budget: Budget,
    /// Whether small problems are proved.
    pub exact: ExactMode,
    /// The plan that is in use, to be changed as little as `max_moves` says.
    pub previous: Option<&'a Plan>,
    /// Groups that may be elsewhere than in `previous`; `None`: any number.
    pub max_moves: Option<u32>,
    /// Asked now and then: `true` ends the search early and marks the plan. The caller owns the clock.
    pub stop: Option<&'a (dyn Fn() -> bool + Sync)>,
}

impl Default for OptimizeOptions<'_> {
    fn default() -> Self {
        OptimizeOptions {
            seed: 1,
            budget: Budget::Normal,
            exact: ExactMode::Auto,
            previous: None,
            max_moves: None,
            stop: None,
        }
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizeError {
    /// The workload contradicts itself.
    #[error(transparent)]
    Workload(#[from] FormatError),
    /// The policy contradicts itself or the workload.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The cost model counts something else than the policy balances, or for a version that there is not.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// Nothing to plan for.
    #[error("there is no table to plan for: {0} are excluded and none is left")]
    NoTables(usize),
    /// No bucket was observed by all.
    #[error("no bucket of the workload was observed for every table")]
    NothingObserved,
    /// The previous plan is of another database.
    #[error("the previous plan is for database \"{previous}\", the workload for \"{workload}\"")]
    OtherDatabase {
        /// The previous plan's.
        previous: String,
        /// The workload's.
        workload: String,
    },
    /// The previous plan is none that could be in use.
    #[error("invalid previous plan: {0}")]
    Previous(&'static str),
}

/// Solves the assignment. The result has passed nothing yet: run `plan::check` on it before it is written, as
/// [`crate::plan()`] does.
///
/// # Errors
/// [`OptimizeError`]; findings that say no are in the plan, not here.
pub fn optimize(
    workload: &Workload,
    policy: &Policy,
    cost: &CostModel,
    options: &OptimizeOptions<'_>,
) -> Result<Plan, OptimizeError> {
    let workload = &*workload.canonical();
    policy.validate()?;
    cost.check(policy)?;
    workload::check::validate(workload)?;
    let mut scope = scope::scope(workload, policy, cost.publisher, cost.subscriber)?;
    if workload.observed_buckets().is_empty() {
        return Err(OptimizeError::NothingObserved);
    }
    let cost = &CostModel { made_full: scope::with_trees(workload, &scope, policy, cost), ..cost.clone() };
    if !(cost.publisher.publishes_partition_roots() && cost.subscriber.receives_into_partition_roots()) {
        scope.leave_out_empty_trees(workload);
    }
    if scope.tables.is_empty() {
        return Err(OptimizeError::NoTables(scope.excluded.len()));
    }
    let graph = fk_graph::FkGraph::new(workload, policy)?;
    let parts = split::parts(workload, &scope, policy, cost)?;
    let groups = grouping::group(workload, &scope, &graph, policy, &parts)?;
    let demand = demand::Demand::new(workload, &groups, cost, policy.slot_capacity);
    demand.check_total(&groups)?;
    check_pinned_names(workload, policy, options.previous)?;
    check_counts(&groups, policy)?;
    let problem = sweep::Problem { workload, groups: &groups, demand: &demand, graph: &graph, policy, cost, options };
    let traded = match options.previous {
        Some(previous) => replan::plan_again(&problem, previous)?,
        None => trade::trade(&problem, problem.run())?,
    };
    Ok(assemble::plan(&problem, &scope, traded))
}

/// A pin gives a slot its name, and the server may have one of that name.
fn check_pinned_names(workload: &Workload, policy: &Policy, previous: Option<&Plan>) -> Result<(), PolicyError> {
    let own = |name: &SlotName| previous.is_some_and(|plan| plan.slots.iter().any(|slot| slot.name == *name));
    let in_use = |name: &&&SlotName| workload.server.slots_in_use.iter().any(|used| used == name.as_str());
    match policy.pinned_slots().iter().filter(in_use).find(|name| !own(name)) {
        None => Ok(()),
        Some(name) => Err(PolicyError::Contradiction {
            first: format!("pin = {name}"),
            second: "slots_in_use".into(),
            reason: "a slot of that name exists on the publisher".into(),
        }),
    }
}

/// Rules that ask for more slots than there may be.
fn check_counts(groups: &grouping::Groups, policy: &Policy) -> Result<(), PolicyError> {
    use crate::policy::Pin;
    let forced =
        groups.groups.iter().filter(|group| group.part_of.is_some() || group.pin == Some(Pin::Dedicated)).count();
    let rest = usize::from(forced < groups.groups.len());
    if let Some(max_slots) = policy.max_slots
        && forced + rest > max_slots as usize
    {
        return Err(PolicyError::Contradiction {
            first: format!("max_slots = {max_slots}"),
            second: "pin = dedicated, split".into(),
            reason: format!("{} slots are needed: {forced} dedicated ones and {rest} for the rest", forced + rest),
        });
    }
    let named = policy.pinned_slots().len();
    let (high, rule) = match (policy.publications, policy.max_slots) {
        (PublicationCount::Range(_, high), _) => (high as usize, format!("publications = {}", policy.publications)),
        (PublicationCount::Auto, Some(max_slots)) => (max_slots as usize, format!("max_slots = {max_slots}")),
        (PublicationCount::Auto, None) => return Ok(()),
    };
    if named > high {
        return Err(PolicyError::Contradiction {
            first: rule,
            second: "pin".into(),
            reason: format!("tables are pinned to {named} different shared slots"),
        });
    }
    for (number, set) in policy.keep_apart.iter().enumerate() {
        if set.len() > high + policy.max_dedicated as usize + forced {
            return Err(PolicyError::Contradiction {
                first: rule,
                second: format!("keep_apart[{number}]"),
                reason: format!("{} tables that must be apart need as many slots", set.len()),
            });
        }
    }
    Ok(())
}
