//! Laws of several databases under one budget.

use pgslotplan::{
    cost::{CoefficientSets, CostModel},
    optimize::{
        Budget, ExactMode, OptimizeOptions,
        cluster::{ClusterError, ClusterOptions, ClusterPlan, Database, optimize_cluster, slot_budget},
        optimize,
    },
    plan::check::check,
    policy::Policy,
    workload::Workload,
};
use proptest::{collection::vec, option, prelude::*};

use super::promises::{cases, plain_policy, workload};

fn options() -> OptimizeOptions<'static> {
    OptimizeOptions { budget: Budget::Evaluations(20), exact: ExactMode::Off, ..OptimizeOptions::default() }
}

fn cost(workload: &Workload, policy: &Policy) -> CostModel {
    CostModel::new(workload, policy, CoefficientSets::default(), None).expect("nothing contradicts")
}

/// Databases of one cluster, with so many slots free.
fn databases(sizes: &[(u64, u32, u32)], free: Option<u32>) -> Vec<Workload> {
    let make = |(number, &(seed, tables, hot)): (usize, &(u64, u32, u32))| {
        let mut workload = workload(seed, tables, hot);
        workload.database = ["shop", "Shop", "caf\u{e9} \"x\"", "tiny"][number % 4].to_owned();
        workload.server.settings.remove("max_wal_senders");
        workload.server.slots_in_use.clear();
        match free {
            Some(free) => workload.server.settings.insert("max_replication_slots".into(), free.to_string()),
            None => workload.server.settings.remove("max_replication_slots"),
        };
        workload.canonicalize();
        workload
    };
    sizes.iter().enumerate().map(make).collect()
}

fn plan(workloads: &[Workload], policy: &Policy) -> Result<ClusterPlan, ClusterError> {
    let databases: Vec<Database<'_>> =
        workloads.iter().map(|workload| Database { workload, cost: cost(workload, policy) }).collect();
    optimize_cluster(&databases, policy, &ClusterOptions { search: options(), ..ClusterOptions::default() })
}

/// A case of several databases plans some thirty times.
fn fewer_cases() -> ProptestConfig {
    ProptestConfig { cases: (cases(1_000).cases / 10).max(1), ..cases(1_000) }
}

proptest! {
    #![proptest_config(fewer_cases())]

    /// The slots of all databases never exceed the budget, every database has a plan that passes its check, names differ, and
    /// the order of the files changes nothing.
    #[test]
    fn databases_keep_one_budget(
        policy in plain_policy(),
        max_slots in option::of(1..10u32),
        free in option::of(0..10u32),
        sizes in vec((0..1000u64, 2..7u32, 0..3u32), 2..4),
        turn in 0..3usize,
    ) {
        let policy = Policy { max_slots, ..policy };
        let mut workloads = databases(&sizes, free);
        let planned = plan(&workloads, &policy);
        let budget = slot_budget(&policy, &workloads);
        prop_assert_eq!(budget, max_slots.or(free).map(|slots| slots as usize));
        match &planned {
            Ok(cluster) => {
                prop_assert!(budget.is_none_or(|budget| cluster.slot_count() <= budget));
                prop_assert_eq!(cluster.databases.len(), workloads.len());
                let mut names: Vec<&str> = cluster
                    .databases
                    .iter()
                    .flat_map(|database| database.plan.slots.iter().map(|slot| slot.name.as_str()))
                    .collect();
                names.sort_unstable();
                prop_assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", names);
                for database in &cluster.databases {
                    let of = |workload: &&Workload| workload.database == database.plan.database;
                    let wrong = check(&database.plan, workloads.iter().find(of).expect("a plan of each"));
                    prop_assert!(wrong.is_empty(), "{:?}", wrong);
                }
            }
            Err(ClusterError::TooFew { databases, budget: slots }) => {
                prop_assert!(databases > slots && budget == Some(*slots));
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
        workloads.rotate_left(turn % sizes.len());
        match (planned, plan(&workloads, &policy)) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
            (one, other) => prop_assert_eq!(one.unwrap_err().to_string(), other.unwrap_err().to_string()),
        }
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// One database is planned as alone, but never with more slots than there are.
    #[test]
    fn one_database_is_planned_as_alone(
        policy in plain_policy(), free in option::of(1..12u32), seed in 0..1000u64, tables in 2..12u32, hot in 0..3u32,
    ) {
        let workloads = databases(&[(seed, tables, hot)], free);
        let cluster = plan(&workloads, &policy).expect("nothing contradicts");
        let of = |policy: &Policy| {
            optimize(&workloads[0], policy, &cost(&workloads[0], policy), &options()).expect("nothing contradicts")
        };
        let alone = of(&policy);
        let budget = slot_budget(&policy, &workloads);
        prop_assert!(budget.is_none_or(|budget| cluster.slot_count() <= budget));
        if budget.is_none_or(|budget| alone.slots.len() <= budget) {
            prop_assert_eq!(&cluster.databases[0].plan, &alone);
        }
    }
}

#[test]
fn databases_that_do_not_belong_together_are_refused() {
    let policy = Policy::default();
    let mut workloads = databases(&[(1, 3, 0), (2, 3, 0)], None);
    workloads[1].database = workloads[0].database.clone();
    assert!(matches!(plan(&workloads, &policy), Err(ClusterError::Twice(database)) if database == "shop"));
    workloads[1].database = "other".into();
    workloads[0].server.system_identifier = Some(pgslotplan::server::SystemIdentifier(1));
    workloads[1].server.system_identifier = Some(pgslotplan::server::SystemIdentifier(2));
    assert!(matches!(plan(&workloads, &policy), Err(ClusterError::SeveralClusters)));
}

#[test]
fn rules_that_need_more_slots_than_there_are_are_named() {
    let workloads = databases(&[(1, 4, 0), (2, 4, 0)], Some(2));
    let tables: Vec<String> = workloads[0].tables.iter().take(2).map(|table| table.table_name().to_string()).collect();
    let policy = Policy { pin: [(tables[0].clone(), pgslotplan::policy::Pin::Dedicated)].into(), ..Policy::default() };
    let refused = plan(&workloads, &policy).unwrap_err().to_string();
    assert!(refused.contains("cannot be planned") || refused.contains("the rules of the policy need"), "{refused}");
}
