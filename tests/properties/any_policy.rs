//! No policy, contradictory ones too, and no hand-made workload leads to anything but a plan that passes its check, or a refusal
//! that names what is wrong.

use pgslotplan::{
    optimize::OptimizeError,
    plan::check::{check, check_alone},
    policy::{EdgeWeight, ForeignKeyMode, Measure, NoIdentity, Pattern, Pin, Policy, Split},
    workload::{Series, TableKind, Workload},
};
use proptest::{collection::vec, option, prelude::*};

use super::promises::{Asked, cases, plain_policy, plan, workload};

/// A name in a rule: mostly a table's, now and then none.
fn name(workload: &Workload, pick: usize) -> String {
    match workload.tables.get(pick % workload.tables.len().max(1)) {
        Some(table) if pick != 150 => table.table_name().to_string(),
        _ => "public.is_not_there".into(),
    }
}

/// Every option of a policy, tables as numbers.
#[derive(Debug, Clone)]
struct Draft {
    base: Policy,
    together: Vec<Vec<usize>>,
    apart: Vec<Vec<usize>>,
    pins: Vec<(usize, u32)>,
    splits: Vec<(usize, u32)>,
    excluded: Vec<usize>,
    included: Option<Vec<usize>>,
    identities: Vec<(usize, NoIdentity)>,
    weights: Vec<(usize, usize, u64)>,
}

fn identity_modes() -> impl Strategy<Value = NoIdentity> {
    prop_oneof![
        Just(NoIdentity::Refuse),
        Just(NoIdentity::Exclude),
        Just(NoIdentity::InsertOnly),
        Just(NoIdentity::Full)
    ]
}

fn any_policy() -> impl Strategy<Value = Draft> {
    let modes = prop_oneof![Just(ForeignKeyMode::Restore), Just(ForeignKeyMode::Guard), Just(ForeignKeyMode::Together)];
    let edge = |within: BoxedStrategy<f64>, beyond: f64| prop_oneof![99 => within, 1 => Just(beyond)];
    let sizes =
        prop_oneof![9 => Just(2_000_000u64), 9 => Just(1 << 53), 9 => Just(1), 1 => Just(0), 1 => Just(u64::MAX)];
    let numbers = (
        edge((0.0..0.9f64).boxed(), 1.0),
        edge((0.01..2.0f64).boxed(), 1e300),
        edge((0.0..0.5f64).boxed(), -1.0),
        edge((0.0..40.0f64).boxed(), f64::NAN),
        prop_oneof![99 => 1..4u32, 1 => Just(0)],
    );
    let capacity = option::weighted(0.3, sizes);
    let limits = prop_oneof![50 => Just(None), 50 => (1..10u32).prop_map(Some), 1 => Just(Some(0))];
    let base = (plain_policy(), limits, modes, capacity, identity_modes(), numbers).prop_map(
        |(policy, max_slots, foreign_keys, slot_capacity, no_identity, numbers)| {
            let (headroom, hot_share, cut_tolerance, max_delay_s, sync_workers) = numbers;
            Policy {
                max_slots,
                foreign_keys,
                slot_capacity: slot_capacity.filter(|_| policy.load == Measure::Wal),
                no_identity,
                headroom,
                hot_share,
                cut_tolerance,
                max_delay_s,
                sync_workers,
                ..policy
            }
        },
    );
    let parts = prop_oneof![60 => 2..6u32, 1 => Just(1)];
    let few = |most: usize| vec(0..200usize, 0..most);
    let set = || prop_oneof![60 => vec(0..200usize, 2..4), 1 => vec(0..200usize, 1)];
    let sets = || vec(set(), 0..2);
    (
        base,
        sets(),
        sets(),
        vec((0..200usize, 0..6u32), 0..4),
        prop_oneof![3 => Just(Vec::new()), 1 => vec((0..200usize, parts), 1..3)],
        (few(2), option::weighted(0.2, few(3))),
        vec((0..200usize, identity_modes()), 0..3),
        vec((0..200usize, 0..200usize, prop_oneof![60 => 0..9u64, 1 => Just(u64::MAX)]), 0..2),
    )
        .prop_map(|(base, together, apart, pins, splits, (excluded, included), identities, weights)| Draft {
            base,
            together,
            apart,
            pins,
            splits,
            excluded,
            included,
            identities,
            weights,
        })
}

impl Draft {
    fn policy(&self, workload: &Workload) -> Policy {
        let name = |pick: &usize| name(workload, *pick);
        let sets = |sets: &[Vec<usize>]| sets.iter().map(|set| set.iter().map(name).collect()).collect();
        let pin = |kind: u32| match kind {
            0 => Pin::Dedicated,
            1 => Pin::Shared,
            2 => Pin::try_from("other".to_owned()).expect("a slot's name"),
            3 => Pin::try_from("pgsp_shared_1".to_owned()).expect("a slot's name"),
            4 => Pin::try_from("pgsp_shared_1_ins".to_owned()).expect("a slot's name"),
            _ => Pin::try_from("x".repeat(63)).expect("a slot's name"),
        };
        Policy {
            keep_together: sets(&self.together),
            keep_apart: sets(&self.apart),
            pin: self.pins.iter().map(|(table, kind)| (name(table), pin(*kind))).collect(),
            split: self.splits.iter().map(|(table, parts)| (name(table), Split { parts: *parts })).collect(),
            exclude: self.excluded.iter().map(|table| Pattern(name(table))).collect(),
            include: match &self.included {
                None => Vec::new(),
                Some(some) => some.iter().map(|table| Pattern(name(table))).chain([Pattern("*e*".into())]).collect(),
            },
            no_identity_tables: self.identities.iter().map(|(table, mode)| (name(table), *mode)).collect(),
            edge_weights: self
                .weights
                .iter()
                .map(|(a, b, weight)| EdgeWeight { a: name(a), b: name(b), weight: *weight })
                .collect(),
            ..self.base.clone()
        }
    }
}

/// Files that no server has written.
fn spoil(workload: &mut Workload, kinds: &[(u32, usize, usize)]) {
    for &(kind, a, b) in kinds {
        let other = workload.tables[b % workload.tables.len()].table_name();
        let count = workload.tables.len();
        let table = &mut workload.tables[a % count];
        match kind {
            0 => (table.kind, table.partition_root) = (TableKind::Partition, Some(table.table_name())),
            1 => (table.kind, table.partition_root) = (TableKind::Partition, Some(other)),
            2 => (table.kind, table.load) = (TableKind::Partitioned, Default::default()),
            3 => table.inherits = vec![other],
            4 => table.heap_bytes = u64::MAX - 1,
            5 => table.toast_bytes = 1 << (b % 64),
            6 => table.load.updates_per_s = Series::Constant(10f64.powi((b % 20) as i32)),
            7 => table.load.wal_bytes_per_s = Series::Constant(10f64.powi((b % 20) as i32)),
            8 => table.rows_estimate = 10f64.powi((b % 20) as i32),
            9 => table.index_count = u32::MAX,
            10 => (table.primary_key, table.identity_columns) = (false, Vec::new()),
            11 => table.replica_identity = pgslotplan::workload::ReplicaIdentity::Full,
            12 => table.load = Default::default(),
            13 => table.load.burst_wal_bytes = Some(10f64.powi((b % 20) as i32)),
            14 => table.load.inserts_per_s = Series::Buckets([f64::NAN, 1.0].into()),
            15 => workload.cluster_transactions_per_s = Series::Constant(10f64.powi((b % 20) as i32)),
            16 => workload.bucket_count = (b as u32).pow(4),
            17 => workload.bucket_s = u32::MAX,
            18 => workload.server.slots_in_use = vec!["other".into(), "pgsp_shared_2".into()],
            _ => drop(workload.tables.remove(a % count)),
        }
        if workload.tables.is_empty() {
            return;
        }
    }
    workload.canonicalize();
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// A plan that passes the check, or a refusal in words; never a plan that fails its own check, never a panic.
    #[test]
    fn any_policy_is_planned_or_refused_by_name(
        first in any_policy(),
        second in option::of((any_policy(), option::of(0..6u32))),
        spoiled in prop_oneof![2 => Just(Vec::new()), 1 => vec((0..20u32, 0..50usize, 0..50usize), 1..4)],
        versions in (12..19u32, 12..19u32),
        seed in 0..1000u64,
        tables in 1..25u32,
    ) {
        let mut workload = workload(seed, tables, 2);
        spoil(&mut workload, &spoiled);
        let refused = |error: &OptimizeError| {
            let text = error.to_string();
            !text.is_empty() && !text.contains("internal")
        };
        let versions = Some(versions);
        let before = match plan(&workload, &first.policy(&workload), Asked { versions, ..Asked::default() }) {
            Ok(plan) => plan,
            Err(error) => {
                prop_assert!(refused(&error), "{error}");
                return Ok(());
            }
        };
        prop_assert_eq!((check(&before, &workload), check_alone(&before)), (vec![], vec![]));
        let Some((second, max_moves)) = second else { return Ok(()) };
        workload.server.slots_in_use.extend(before.slots.iter().map(|slot| slot.name.to_string()));
        match plan(&workload, &second.policy(&workload), Asked { previous: Some(&before), max_moves, versions }) {
            Err(error) => prop_assert!(refused(&error), "{error}"),
            Ok(again) => {
                prop_assert_eq!((check(&again, &workload), check_alone(&again)), (vec![], vec![]));
                let most = max_moves.unwrap_or(u32::MAX);
                prop_assert!(again.objective.moves.is_some_and(|moves| moves <= most), "{:?}", again.objective.moves);
            }
        }
    }
}
