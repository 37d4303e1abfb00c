//! Whole plans of generated workloads: they keep every rule, whatever the order of the tables and the number of threads,
//! and planning again with nothing changed moves nothing.

use std::collections::BTreeSet;

use pgslotplan::{
    cost::{CoefficientSets, CostModel},
    generate::{GenerateSettings, generate},
    optimize::{Budget, OptimizeOptions, optimize},
    plan::{Plan, check::check},
    policy::{ForeignKeyMode, Measure, NoIdentity, Policy, PublicationCount},
    workload::Workload,
};
use proptest::prelude::*;

fn workload(seed: u64, tables: u32) -> Workload {
    let settings =
        GenerateSettings { tables, hours: 6, seed, total_wal_bytes_per_s: 8e6, ..GenerateSettings::default() };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    workload
}

fn policy(measure: Measure, foreign_keys: ForeignKeyMode) -> Policy {
    Policy {
        load: measure,
        foreign_keys,
        publications: PublicationCount::Range(2, 3),
        // So few that hot tables are left in shared slots, which a plan made again must still say.
        max_dedicated: 1,
        no_identity: NoIdentity::Full,
        ..Policy::default()
    }
}

fn plan(workload: &Workload, policy: &Policy, previous: Option<&Plan>) -> Plan {
    let cost = CostModel {
        measure: policy.load,
        coefficients: CoefficientSets::default(),
        publisher: workload.server.version_num,
        subscriber: workload.server.version_num,
        made_full: BTreeSet::new(),
    };
    let options = OptimizeOptions {
        budget: Budget::Evaluations(2_000),
        previous,
        max_moves: previous.map(|_| 5),
        ..OptimizeOptions::default()
    };
    optimize(workload, policy, &cost, &options).expect("nothing contradicts")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_keep_every_rule_in_any_order(
        seed in 0..1000u64,
        tables in 10..50u32,
        measure in prop_oneof![Just(Measure::Pipeline), Just(Measure::Apply), Just(Measure::Wal)],
        mode in prop_oneof![Just(ForeignKeyMode::Restore), Just(ForeignKeyMode::Guard)],
    ) {
        let mut workload = workload(seed, tables);
        let policy = policy(measure, mode);
        let first = plan(&workload, &policy, None);
        prop_assert_eq!(check(&first, &workload), vec![]);
        workload.tables.reverse();
        workload.foreign_keys.reverse();
        workload.canonicalize();
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        prop_assert_eq!(&one_thread.install(|| plan(&workload, &policy, None)), &first);
    }

    #[test]
    fn planning_again_moves_nothing(seed in 0..1000u64, tables in 10..50u32) {
        let workload = workload(seed, tables);
        let policy = policy(Measure::Pipeline, ForeignKeyMode::Restore);
        let first = plan(&workload, &policy, None);
        let again = plan(&workload, &policy, Some(&first));
        prop_assert_eq!(check(&again, &workload), vec![]);
        prop_assert_eq!(again.objective.moves, Some(0));
        let slots = |plan: &Plan| plan.slots.iter().map(|slot| (slot.name.clone(), slot.tables.clone())).collect::<Vec<_>>();
        prop_assert_eq!(slots(&again), slots(&first));
    }
}
