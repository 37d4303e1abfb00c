//! What `plan` promises for options of slots and for changes: a limit is never worse than sharing all tables, and planning again
//! passes its own check.

use std::collections::{BTreeMap, BTreeSet};

use pgslotplan::{
    cost::{CoefficientSets, CostModel},
    generate::{GenerateSettings, generate},
    optimize::{Budget, ExactMode, OptimizeError, OptimizeOptions, optimize},
    plan::{Plan, Role, check::check},
    policy::{Measure, NoIdentity, Policy, PolicyError, PublicationCount},
    server::ServerVersion,
    workload::{Series, TableKind, Workload},
};
use proptest::{collection::vec, option, prelude::*};

/// So many cases, or what `PROPTEST_CASES` says.
#[allow(clippy::disallowed_methods, reason = "how long a test runs is for its caller to say")]
pub fn cases(otherwise: u32) -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: otherwise, ..config } }
}

pub fn workload(seed: u64, tables: u32, hot: u32) -> Workload {
    let settings = GenerateSettings {
        tables,
        hours: 2,
        seed,
        hot: hot.min(tables),
        total_wal_bytes_per_s: 20e6,
        ..GenerateSettings::default()
    };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    workload
}

/// How a plan is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    pub previous: Option<&'a Plan>,
    pub max_moves: Option<u32>,
    pub versions: Option<(u32, u32)>,
}

pub fn plan(workload: &Workload, policy: &Policy, asked: Asked<'_>) -> Result<Plan, OptimizeError> {
    let of = |major: Option<u32>| major.map_or(workload.server.version_num, ServerVersion::of_major);
    let cost = CostModel {
        measure: policy.load,
        coefficients: CoefficientSets::default(),
        publisher: of(asked.versions.map(|(publisher, _)| publisher)),
        subscriber: of(asked.versions.map(|(_, subscriber)| subscriber)),
        made_full: BTreeSet::new(),
    };
    let options = OptimizeOptions {
        budget: Budget::Evaluations(50),
        exact: ExactMode::Off,
        previous: asked.previous,
        max_moves: asked.max_moves,
        ..OptimizeOptions::default()
    };
    optimize(workload, policy, &cost, &options)
}

fn has_finding(plan: &Plan, code: &str) -> bool {
    plan.findings.iter().any(|finding| finding.code == code)
}

/// Members of each slot by its name: which rows are where.
fn places(plan: &Plan) -> BTreeMap<String, Vec<String>> {
    let members = |slot: &pgslotplan::plan::PlannedSlot| {
        slot.tables.iter().map(|table| format!("{} {:?}", table.table_name(), table.row_filter)).collect()
    };
    plan.slots.iter().map(|slot| (slot.name.to_string(), members(slot))).collect()
}

fn measures() -> impl Strategy<Value = Measure> {
    prop_oneof![Just(Measure::Pipeline), Just(Measure::Apply), Just(Measure::Wal)]
}

fn counts() -> impl Strategy<Value = PublicationCount> {
    prop_oneof![
        1 => Just(PublicationCount::Auto),
        9 => (1..6u32, 0..3u32).prop_map(|(low, more)| PublicationCount::Range(low, low + more)),
    ]
}

/// Options of slots that never contradict each other.
pub fn plain_policy() -> impl Strategy<Value = Policy> {
    (counts(), option::of(2..10u32), measures(), 0..5u32, 0.1..1.2f64).prop_map(
        |(publications, max_slots, load, max_dedicated, hot_share)| Policy {
            publications,
            max_slots,
            load,
            max_dedicated,
            hot_share,
            no_identity: NoIdentity::Full,
            ..Policy::default()
        },
    )
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// With `--max-slots` the peak over all slots is never above that of the same policy without dedicated slots; and where
    /// everything fits, the limit changes nothing.
    #[test]
    fn a_limit_is_never_worse_than_sharing_all(
        policy in plain_policy(), most in 1..10u32, seed in 0..1000u64, tables in 3..20u32, hot in 0..5u32,
    ) {
        let workload = workload(seed, tables, hot);
        let policy = Policy { max_slots: Some(most), cut_tolerance: 0.0, ..policy };
        let made = plan(&workload, &policy, Asked::default()).expect("nothing contradicts");
        prop_assert_eq!(check(&made, &workload), vec![]);
        prop_assert!(made.slots.len() <= most as usize);
        if has_finding(&made, "PL106") {
            let shared = Policy { max_dedicated: 0, ..policy };
            let shared = plan(&workload, &shared, Asked::default()).expect("nothing contradicts");
            let (ours, theirs) = (made.objective.peak_load, shared.objective.peak_load);
            prop_assert!(ours <= theirs, "{ours} is above {theirs}");
        } else {
            let free = plan(&workload, &Policy { max_slots: None, ..policy }, Asked::default()).expect("as before");
            prop_assert_eq!(places(&made), places(&free));
        }
    }
}

/// The split with one dedicated slot had the lower peak after the first search, so that sharing all was not searched with the
/// whole budget, which would have made it the better one.
#[test]
fn sharing_all_is_searched_as_long() {
    let workload = workload(308, 19, 2);
    let policy = Policy {
        publications: PublicationCount::Range(5, 7),
        max_slots: Some(6),
        hot_share: 0.1,
        max_dedicated: 1,
        cut_tolerance: 0.0,
        no_identity: NoIdentity::Full,
        ..Policy::default()
    };
    let made = plan(&workload, &policy, Asked::default()).expect("nothing contradicts");
    let shared = Policy { max_dedicated: 0, ..policy };
    let shared = plan(&workload, &shared, Asked::default()).expect("nothing contradicts");
    assert!(has_finding(&made, "PL106"));
    assert!(made.objective.peak_load <= shared.objective.peak_load);
}

/// What may happen between two plans.
#[derive(Debug, Clone)]
struct Change {
    policy: Policy,
    max_moves: Option<u32>,
    factors: Vec<f64>,
    turned: Vec<usize>,
    dropped: Vec<usize>,
    added: u32,
    versions: Option<(u32, u32)>,
}

fn changes() -> impl Strategy<Value = Change> {
    let versions = (12..19u32, 12..19u32);
    let moves = prop_oneof![Just(None), Just(Some(0)), (1..12u32).prop_map(Some)];
    let factors = vec((-1.2..1.2f64).prop_map(f64::exp), 40);
    (plain_policy(), moves, factors, vec(0..40usize, 0..4), vec(0..40usize, 0..6), 0..5u32, option::of(versions))
        .prop_map(|(policy, max_moves, factors, turned, dropped, added, versions)| Change {
            policy,
            max_moves,
            factors,
            turned,
            dropped,
            added,
            versions,
        })
}

fn scale(series: &mut Series, factor: f64) {
    match series {
        Series::Constant(value) => *value *= factor,
        Series::Buckets(values) => values.iter_mut().for_each(|value| *value *= factor),
    }
}

impl Change {
    /// The workload some weeks later, while the slots of `plan` are in use.
    fn apply(&self, workload: &Workload, plan: &Plan) -> Workload {
        let mut later = workload.clone();
        later.server.slots_in_use =
            plan.slots.iter().map(|slot| slot.name.to_string()).chain(["other".into()]).collect();
        for (number, table) in later.tables.iter_mut().enumerate() {
            let hot = if self.turned.contains(&number) { 30.0 } else { 1.0 };
            let factor = self.factors[number % self.factors.len()] * hot;
            table.load.series_mut().for_each(|series| scale(series, factor));
        }
        let parents: BTreeSet<_> = later.tables.iter().flat_map(|table| table.inherits.clone()).collect();
        let may_go: Vec<_> = later
            .tables
            .iter()
            .filter(|table| table.kind == TableKind::Table && !parents.contains(&table.table_name()))
            .map(|table| table.table_name())
            .collect();
        let gone: BTreeSet<_> = self.dropped.iter().filter_map(|number| may_go.get(*number)).collect();
        let mut added: Vec<_> =
            later.tables.iter().filter(|table| may_go.contains(&table.table_name())).cloned().collect();
        added.truncate(self.added as usize);
        added.iter_mut().for_each(|table| table.name.push_str("_new"));
        later.tables.retain(|table| !gone.contains(&table.table_name()));
        later.foreign_keys.retain(|key| !gone.contains(&key.from) && !gone.contains(&key.to));
        later.co_writes.retain(|pair| !gone.contains(&pair.a) && !gone.contains(&pair.b));
        later.tables.extend(added);
        later.canonicalize();
        later
    }
}

/// Whether more moves than there may be are asked for: the one refusal that a change may meet.
fn lacks_moves(error: &OptimizeError) -> bool {
    matches!(error, OptimizeError::Policy(PolicyError::Contradiction { first, .. }) if first.starts_with("max_moves"))
}

/// Groups are trees, families and tables here, so that moved tables are counted by these.
fn moved(before: &Plan, after: &Plan, workload: &Workload) -> usize {
    let slot_of = |plan: &Plan| -> BTreeMap<String, String> {
        let of = |(slot, table): (&pgslotplan::plan::PlannedSlot, &pgslotplan::plan::PlannedTable)| {
            let name = table.partition_root.clone().unwrap_or_else(|| table.table_name());
            (name.to_string(), slot.name.to_string())
        };
        plan.members().map(of).collect()
    };
    let (before, after) = (slot_of(before), slot_of(after));
    let heirs: BTreeSet<String> = workload
        .tables
        .iter()
        .filter(|table| !table.inherits.is_empty())
        .map(|table| table.table_name().to_string())
        .collect();
    let is_elsewhere = |(table, slot): &(&String, &String)| before.get(*table).is_some_and(|old| old != *slot);
    after.iter().filter(is_elsewhere).filter(|(table, _)| !heirs.contains(*table)).count()
}

proptest! {
    #![proptest_config(cases(500))]

    /// Planning again passes the check whatever changed, and moves no more groups than it may.
    #[test]
    fn a_change_is_planned_and_audited(
        first in plain_policy(), change in changes(), seed in 0..1000u64, tables in 3..20u32, hot in 0..5u32,
    ) {
        let now = workload(seed, tables, hot);
        let before = plan(&now, &first, Asked::default()).expect("nothing contradicts");
        let later = change.apply(&now, &before);
        prop_assume!(!later.tables.is_empty());
        let asked = Asked { previous: Some(&before), max_moves: change.max_moves, versions: change.versions };
        let again = match plan(&later, &change.policy, asked) {
            Err(error) if lacks_moves(&error) => {
                plan(&later, &change.policy, Asked { max_moves: None, ..asked }).expect("any number of moves will do")
            }
            other => {
                let again = other.expect("nothing contradicts");
                let (moves, most) = (again.objective.moves, change.max_moves.unwrap_or(u32::MAX));
                prop_assert!(moves.is_some_and(|moves| moves <= most), "{moves:?} of {most}");
                again
            }
        };
        prop_assert_eq!(check(&again, &later), vec![]);
        let moves = again.objective.moves.unwrap_or(0) as usize;
        prop_assert!(moved(&before, &again, &later) <= moves, "{} of {moves}", moved(&before, &again, &later));
        // Once more with the same: nothing moves.
        let asked = Asked { previous: Some(&again), max_moves: Some(0), versions: change.versions };
        let same = plan(&later, &change.policy, asked).expect("it keeps what it was given");
        prop_assert_eq!(check(&same, &later), vec![]);
        prop_assert_eq!((places(&same), same.objective.moves), (places(&again), Some(0)));
    }

    /// Other loads of the same tables and no moves: the same slots with new figures.
    #[test]
    fn without_moves_the_assignment_stays(
        policy in plain_policy(), change in changes(), seed in 0..1000u64, tables in 3..20u32, hot in 0..5u32,
    ) {
        let now = workload(seed, tables, hot);
        let before = plan(&now, &policy, Asked::default()).expect("nothing contradicts");
        let later = Change { dropped: Vec::new(), added: 0, ..change }.apply(&now, &before);
        let asked = Asked { previous: Some(&before), max_moves: Some(0), versions: None };
        let again = plan(&later, &policy, asked).expect("nothing has to move");
        prop_assert_eq!(check(&again, &later), vec![]);
        prop_assert_eq!((places(&again), again.objective.moves), (places(&before), Some(0)));
    }
}

/// One table with 40 % of the load and ten with 6 %, two slots: the search lowered the count, the check did not.
#[test]
fn one_large_table_and_two_slots() {
    let mut workload = workload(1, 30, 0);
    workload.tables.retain(|table| table.kind == TableKind::Table && table.inherits.is_empty());
    workload.tables.truncate(11);
    assert_eq!(workload.tables.len(), 11);
    workload.foreign_keys.clear();
    for (number, table) in workload.tables.iter_mut().enumerate() {
        table.load.wal_bytes_per_s = Series::Constant(if number == 0 { 40.0 } else { 6.0 });
    }
    for publications in [PublicationCount::Range(2, 2), PublicationCount::Range(2, 3)] {
        let policy = Policy {
            publications,
            max_slots: Some(2),
            load: Measure::Wal,
            no_identity: NoIdentity::Full,
            ..Policy::default()
        };
        let made = plan(&workload, &policy, Asked::default()).expect("nothing contradicts");
        assert_eq!(check(&made, &workload), vec![]);
        // 40 and 6 and 6 against eight times 6; alone it would leave 60 for the other.
        assert_eq!((made.objective.peak_load, made.slots.len()), (52.0, 2));
        assert!(made.slots.iter().all(|slot| slot.role == Role::Shared));
        assert!(has_finding(&made, "PL106") && has_finding(&made, "PL108"));
        let why = made.decisions.iter().find_map(|decision| match decision {
            pgslotplan::plan::Decision::HotShared { why, .. } => Some(why.as_str()),
            _ => None,
        });
        assert!(why.is_some_and(|why| why.contains("--max-slots")), "{why:?}");
    }
}

#[test]
fn forged_plans_are_refused() {
    let mut workload = workload(3, 20, 3);
    let policy =
        Policy { publications: PublicationCount::Range(2, 2), no_identity: NoIdentity::Full, ..Policy::default() };
    let made = plan(&workload, &policy, Asked::default()).expect("nothing contradicts");
    assert!(made.slots.iter().any(|slot| slot.role == Role::Dedicated));
    let codes = |change: &dyn Fn(&mut Plan)| {
        let mut forged = made.clone();
        change(&mut forged);
        forged.plan_sha256 = forged.digest();
        check(&forged, &workload).into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&|_| ()), Vec::<String>::new());
    assert_eq!(codes(&|plan| plan.policy.max_dedicated = 0), ["AU303"]);
    assert_eq!(codes(&|plan| plan.load.coefficients.nominal.row_us = 1e30), ["AU105"]);
    assert_eq!(codes(&|plan| plan.policy.hot_share = 1e300), ["AU104"]);
    let taken = made.slots[0].name.clone();
    assert_eq!(codes(&|plan| plan.server.slots_in_use = vec![taken.to_string()]), ["AU106", "AU603"]);
    // A plan made again knows the slots that it goes on with.
    workload.server.slots_in_use = vec![taken.to_string()];
    let again = plan(&workload, &policy, Asked { previous: Some(&made), ..Asked::default() }).expect("as before");
    assert_eq!(check(&again, &workload), vec![]);
    assert!(again.previous.is_some_and(|previous| previous.slots.contains(&taken)));
}

/// All tables alone fill the limit, so that none is left to share: planning again took one of them for that.
#[test]
fn all_alone_stay_alone() {
    let workload = workload(0, 3, 0);
    let policy = Policy {
        publications: PublicationCount::Auto,
        max_slots: Some(3),
        max_dedicated: 3,
        hot_share: 0.1,
        no_identity: NoIdentity::Full,
        ..Policy::default()
    };
    let before = plan(&workload, &policy, Asked::default()).expect("nothing contradicts");
    let asked = Asked { previous: Some(&before), max_moves: Some(0), versions: None };
    let again = plan(&workload, &policy, asked).expect("nothing has to move");
    assert_eq!((places(&again), check(&again, &workload)), (places(&before), vec![]));
}
