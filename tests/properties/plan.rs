//! Whole plans of generated workloads: they keep every rule, whatever the order of the tables and the number of threads,
//! and planning again with nothing changed moves nothing.

use std::collections::BTreeSet;

use pgslotplan::{
    cost::{CoefficientSets, CostModel},
    generate::{GenerateSettings, generate},
    optimize::{Budget, ExactMode, OptimizeOptions, optimize},
    plan::{Caveat, Plan, check::check},
    policy::{ForeignKeyMode, Measure, NoIdentity, Policy, PublicationCount, Split},
    server::ServerVersion,
    workload::{ReferentialAction, TableKind, Workload},
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
        // Counting covers takes long unoptimised; `packing` holds it against brute force.
        exact: ExactMode::Off,
        previous,
        max_moves: previous.map(|_| 5),
        ..OptimizeOptions::default()
    };
    optimize(workload, policy, &cost, &options).expect("nothing contradicts")
}

/// One table in `parts` shards: covered once, stable when planned again, and forged filters are refused.
fn split_is_lawful(seed: u64, parts: u32, pick: usize) -> Result<(), TestCaseError> {
    let mut workload = workload(seed, 20);
    workload.server.version_num = ServerVersion::of_major(16);
    let able: Vec<usize> = (0..workload.tables.len())
        .filter(|&index| {
            let table = &workload.tables[index];
            table.kind == TableKind::Table && table.inherits.is_empty() && !table.identity_columns.is_empty()
        })
        .collect();
    prop_assume!(!able.is_empty());
    let name = workload.tables[able[pick % able.len()]].table_name();
    let heirs = workload.tables.iter().any(|table| table.inherits.contains(&name));
    prop_assume!(!heirs);
    let mut policy = policy(Measure::Pipeline, ForeignKeyMode::Restore);
    policy.split.insert(name.to_string(), Split { parts });
    let made = plan(&workload, &policy, None);
    prop_assert_eq!(check(&made, &workload), vec![]);
    let shards = |plan: &Plan| plan.members().filter(|(_, table)| table.row_filter.is_some()).count();
    prop_assert_eq!(shards(&made), parts as usize);
    let again = plan(&workload, &policy, Some(&made));
    prop_assert_eq!((again.objective.moves, check(&again, &workload)), (Some(0), vec![]));
    // The same shard twice, and one that nobody has.
    let mut forged = made.clone();
    let filters: Vec<String> = made.members().filter_map(|(_, table)| table.row_filter.clone()).collect();
    let last =
        forged.slots.iter_mut().flat_map(|slot| &mut slot.tables).filter(|table| table.row_filter.is_some()).last();
    last.expect("it is split").row_filter =
        filters.iter().min().cloned().filter(|least| filters.last() != Some(least)).or(filters.first().cloned());
    if forged != made {
        forged.plan_sha256 = forged.digest();
        prop_assert!(check(&forged, &workload).iter().any(|finding| finding.code == "AU209"));
    }
    Ok(())
}

/// What a plan knows to be wrong it says as data, not only in the words of its findings.
#[test]
fn a_plan_says_what_is_wrong_with_it() {
    let settings = GenerateSettings {
        tables: 120,
        hours: 6,
        seed: 4,
        no_key_share: 0.2,
        total_wal_bytes_per_s: 60e6,
        ..GenerateSettings::default()
    };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    let root = workload.tables.iter_mut().find(|table| table.kind == TableKind::Partitioned).expect("a tree");
    root.identity_columns.clear();
    let policy = Policy {
        max_dedicated: 0,
        no_identity: NoIdentity::Refuse,
        ..policy(Measure::Pipeline, ForeignKeyMode::Guard)
    };
    let made = plan(&workload, &policy, None);
    assert_eq!(check(&made, &workload), []);
    let without = |is: fn(&Caveat) -> bool| {
        let mut forged = made.clone();
        forged.caveats.retain(|caveat| !is(caveat));
        assert!(forged.caveats.len() < made.caveats.len(), "{:?}", made.caveats);
        forged.plan_sha256 = forged.digest();
        check(&forged, &workload).into_iter().map(|finding| finding.code).collect::<BTreeSet<_>>()
    };
    assert_eq!(without(|caveat| matches!(caveat, Caveat::NoIdentity { .. })), ["AU208".to_owned()].into());
    assert_eq!(without(|caveat| matches!(caveat, Caveat::UnlikeRoot { .. })), ["AU208".to_owned()].into());
    assert_eq!(without(|caveat| matches!(caveat, Caveat::HotShared { .. })), ["AU302".to_owned()].into());
    let mut reworded = made.clone();
    reworded.findings.clear();
    reworded.objective.one_slot_peak_load_high = Some(0.0);
    reworded.plan_sha256 = reworded.digest();
    let found = check(&reworded, &workload);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.starts_with("\"one_slot_peak_load_high\" is 0"), "{found:?}");
    assert_eq!((made.one_slot_is_enough(), reworded.one_slot_is_enough()), (Some(false), Some(true)));
    reworded.objective.one_slot_peak_load_high = None;
    assert_eq!(reworded.one_slot_is_enough(), None, "absent means unknown");
}

/// A foreign key in a plan is the workload's to the last part, since it may be what the subscriber gets.
#[test]
fn a_forged_foreign_key_is_found() {
    let workload = workload(7, 20);
    let policy = policy(Measure::Pipeline, ForeignKeyMode::Restore);
    let mut forged = plan(&workload, &policy, None);
    assert_eq!(check(&forged, &workload), vec![]);
    let key = &mut forged.foreign_keys.first_mut().expect("they are generated").key;
    key.on_delete = ReferentialAction::Cascade;
    forged.plan_sha256 = forged.digest();
    let codes: Vec<String> = check(&forged, &workload).into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["AU707"]);
}

/// The stage that cuts fewer foreign keys comes upon a lower peak here than the packing did.
#[test]
fn the_cut_stage_may_find_a_lower_peak() {
    split_is_lawful(594, 2, 96).expect("lawful");
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

    #[test]
    fn split_tables_are_covered_once_and_forged_filters_are_refused(
        seed in 0..1000u64, parts in 2..6u32, pick in 0..100usize,
    ) {
        split_is_lawful(seed, parts, pick)?;
    }
}
