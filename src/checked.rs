//! Planning for library users: the search and the independent check, so that what comes out has passed it.

use std::ops::Deref;

use crate::{
    cost::CostModel,
    finding::{self, Finding, Severity},
    optimize::{OptimizeError, OptimizeOptions, optimize},
    plan::{Plan, check},
    policy::Policy,
    workload::Workload,
};

/// A plan of which every rule and figure was derived again, by code that shares nothing with the search.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedPlan(Plan);

/// Why there is no checked plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no plan: workload, policy or cost model are refused.
    #[error(transparent)]
    Optimize(#[from] OptimizeError),
    /// A plan that does not hold. Of a plan that was just made it is a bug of this library.
    #[error("the plan does not pass its check: {}", described(.0))]
    Broken(Vec<Finding>),
}

fn described(findings: &[Finding]) -> String {
    let first = findings.iter().find(|finding| finding.severity == Severity::Error).or(findings.first());
    first.map_or_else(String::new, |finding| format!("{} {}: {}", finding.code, finding.subject, finding.message))
}

impl CheckedPlan {
    /// Checks a plan that was read from a file, or made by hand.
    ///
    /// # Errors
    /// [`PlanError::Broken`] with all that does not hold for this workload.
    pub fn check(plan: Plan, workload: &Workload) -> Result<Self, PlanError> {
        let broken = check::check(&plan, workload);
        if broken.is_empty() { Ok(CheckedPlan(plan)) } else { Err(PlanError::Broken(broken)) }
    }

    /// Whether no finding of the plan says that it must not be carried out like this.
    pub fn is_good(&self) -> bool {
        !finding::has_error(&self.0.findings)
    }

    /// The plan, which may then be changed.
    pub fn into_plan(self) -> Plan {
        self.0
    }
}

impl Deref for CheckedPlan {
    type Target = Plan;
    fn deref(&self) -> &Plan {
        &self.0
    }
}

/// Plans: which tables share a slot, how good that is, and why. The same inputs and options give the same plan on every
/// machine. Findings that say no are in the plan ([`CheckedPlan::is_good`]).
///
/// # Errors
/// [`PlanError::Optimize`] for inputs that contradict each other or have nothing to plan for.
pub fn plan(
    workload: &Workload,
    policy: &Policy,
    cost: &CostModel,
    options: &OptimizeOptions<'_>,
) -> Result<CheckedPlan, PlanError> {
    CheckedPlan::check(optimize(workload, policy, cost, options)?, workload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cost::CoefficientSets,
        generate::{GenerateSettings, generate},
        optimize::Budget,
        policy::{Measure, PublicationCount},
    };

    #[test]
    fn a_plan_comes_out_checked_or_not_at_all() {
        let settings = GenerateSettings {
            tables: 10,
            hours: 2,
            hot: 1,
            no_key_share: 0.0,
            total_wal_bytes_per_s: 4e6,
            ..Default::default()
        };
        let mut workload = generate(&settings).unwrap();
        let policy = Policy { publications: PublicationCount::Range(2, 2), ..Policy::default() };
        let cost = CostModel::new(&workload, &policy, CoefficientSets::default(), None).unwrap();
        let options = OptimizeOptions { budget: Budget::Evaluations(50), ..OptimizeOptions::default() };
        let sorted = plan(&workload, &policy, &cost, &options).unwrap();
        assert!(sorted.is_good(), "{:?}", sorted.findings);
        // Canonical form is made, not asked for.
        workload.tables.reverse();
        workload.foreign_keys.reverse();
        let reversed = plan(&workload, &policy, &cost, &options).unwrap();
        assert_eq!(sorted, reversed);

        let mut broken = reversed.into_plan();
        broken.slots.pop();
        assert!(
            matches!(CheckedPlan::check(broken, &workload), Err(PlanError::Broken(findings)) if !findings.is_empty())
        );
        for publications in [PublicationCount::Range(9, 2), PublicationCount::Range(0, 0)] {
            let policy = Policy { publications, ..policy.clone() };
            assert!(matches!(
                plan(&workload, &policy, &cost, &options),
                Err(PlanError::Optimize(OptimizeError::Policy(_)))
            ));
        }
        let wal = Policy { load: Measure::Wal, ..policy };
        assert!(matches!(plan(&workload, &wal, &cost, &options), Err(PlanError::Optimize(OptimizeError::Cost(_)))));
    }
}
