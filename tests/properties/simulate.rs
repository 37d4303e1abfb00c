//! Forecasts of generated workloads: they agree with the plan's figures, do not depend on the order of tables, and get
//! worse, never better, when something goes wrong.

use std::collections::BTreeSet;

use pgslotplan::{
    cost::{CoefficientSets, Confidence, CostModel},
    generate::{GenerateSettings, generate},
    optimize::{Budget, OptimizeOptions, optimize},
    plan::{Plan, check::check, copy},
    policy::{NoIdentity, Policy, PublicationCount},
    preflight::Circumstances,
    simulate::{
        Compared,
        forecast::{Forecast, LayoutForecast, LayoutKind, Range},
        scenario::{BulkLoad, Outage, Scenario},
        simulate,
    },
    workload::{ReplicaIdentity, Series, TableKind, Workload},
};
use proptest::prelude::*;

fn sample(seed: u64, tables: u32, total_wal_bytes_per_s: f64) -> (Plan, Workload) {
    let settings = GenerateSettings {
        tables,
        hours: 24,
        bucket_s: 4 * 3600,
        seed,
        total_wal_bytes_per_s,
        ..GenerateSettings::default()
    };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    (planned(&workload), workload)
}

fn planned(workload: &Workload) -> Plan {
    let policy = Policy {
        publications: PublicationCount::Range(2, 3),
        no_identity: NoIdentity::Full,
        max_dedicated: 2,
        ..Policy::default()
    };
    let version = workload.server.version_num;
    let cost = CostModel {
        measure: policy.load,
        coefficients: CoefficientSets::default(),
        publisher: version,
        subscriber: version,
        made_full: BTreeSet::new(),
    };
    let options = OptimizeOptions { budget: Budget::Evaluations(50), ..OptimizeOptions::default() };
    optimize(workload, &policy, &cost, &options).expect("nothing contradicts")
}

fn forecast(plan: &Plan, workload: &Workload, scenario: &Scenario) -> Forecast {
    simulate(plan, workload, &plan.cost_model(), scenario, Compared::WithBaselines).expect("a valid scenario")
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * a.abs().max(b.abs()).max(1e-6)
}

fn worst(layout: &LayoutForecast) -> [f64; 3] {
    [layout.flush_lag_s.low, layout.flush_lag_s.nominal, layout.flush_lag_s.high]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn forecasts_agree_with_the_plan(seed in 0..1000u64, tables in 10..30u32, wal in 4e6..60e6f64) {
        let (plan, workload) = sample(seed, tables, wal);
        let forecast = forecast(&plan, &workload, &Scenario::default());
        let planned = &forecast.layouts[0];
        prop_assert_eq!(planned.layout, LayoutKind::Plan);
        for (slot, forecast) in plan.slots.iter().zip(&planned.slots) {
            prop_assert!(near(slot.peak_load, forecast.peak_load.nominal), "{} {:?}", slot.peak_load, forecast.peak_load);
            prop_assert!(near(slot.peak_load_high, forecast.peak_load.high));
            prop_assert!(near(slot.mean_load, forecast.mean_load.nominal), "{} {:?}", slot.mean_load, forecast.mean_load);
        }
        prop_assert_eq!(planned.cut_pairs as usize, plan.objective.cut_pairs.len());
        prop_assert_eq!(planned.cut_foreign_keys as usize, plan.foreign_keys.iter().filter(|key| key.cut).count());
        for layout in &forecast.layouts {
            let [low, nominal, high] = worst(layout);
            prop_assert!(low <= nominal + 1e-3 && nominal <= high + 1e-3, "{:?}", layout.flush_lag_s);
            // The least that the busiest of as many slots can carry is the mean of all: no layout is below it.
            let least_tables: u32 = layout.slots.iter().map(|slot| slot.table_count).sum();
            prop_assert_eq!(least_tables, planned.slots.iter().map(|slot| slot.table_count).sum::<u32>());
            let (Range { low, nominal, high }, slots) = (layout.apply_cores, layout.slots.len() as f64);
            prop_assert!(low <= nominal && nominal <= high && high <= slots + 1e-3, "{:?}", layout.apply_cores);
            prop_assert!(layout.retained_wal_bytes.nominal >= layout.flush_lag_bytes.nominal * 0.99999);
        }
        // One slot carries what all slots carry together, so it is never less behind than the plan.
        let one = forecast.layouts.iter().find(|layout| layout.layout == LayoutKind::OneSlot).expect("compared");
        prop_assert!(worst(one)[1] + 1e-3 >= worst(planned)[1]);
        prop_assert!(one.cut_foreign_keys <= planned.cut_foreign_keys);
        let copied: u64 = forecast.copy.tables.iter().map(|table| table.bytes).sum();
        let rounding = forecast.copy.tables.len() as u64;
        if forecast.copy.tables.iter().all(|table| table.ready_s.is_some()) {
            prop_assert!(copied.abs_diff(forecast.copy.bytes) <= rounding);
            prop_assert_eq!(forecast.copy.tables.len(), plan.members().count());
        } else {
            // A table that never catches up holds its worker for ever; those behind it may never begin.
            prop_assert!(copied <= forecast.copy.bytes + rounding);
            prop_assert!(forecast.copy.tables.len() <= plan.members().count());
        }
    }

    #[test]
    fn outages_and_limits_never_help(seed in 0..1000u64, wal in 4e6..30e6f64, hour in 0..20u32, cores in 1.0..4.0f64) {
        let (plan, workload) = sample(seed, 16, wal);
        let calm = forecast(&plan, &workload, &Scenario::default());
        let down = Outage { from_s: f64::from(hour) * 3600.0, duration_s: 1800.0, slot: None };
        let outage = forecast(&plan, &workload, &Scenario { outages: vec![down], ..Scenario::default() });
        let narrow = forecast(&plan, &workload, &Scenario { publisher_cores: Some(cores), ..Scenario::default() });
        for (calm, (outage, narrow)) in calm.layouts.iter().zip(outage.layouts.iter().zip(&narrow.layouts)) {
            prop_assert!(worst(outage)[1] >= 1799.9, "down for half an hour: {:?}", worst(outage));
            for which in 0..3 {
                prop_assert!(worst(calm)[which] <= worst(outage)[which] + 1e-3);
                prop_assert!(worst(calm)[which] <= worst(narrow)[which] + 1e-3);
            }
        }
    }

    #[test]
    fn the_order_of_tables_changes_nothing(seed in 0..1000u64) {
        let (plan, workload) = sample(seed, 14, 20e6);
        let mut reversed = workload.clone();
        reversed.tables.reverse();
        reversed.canonicalize();
        let scenario = Scenario { publisher_cores: Some(3.0), ..Scenario::default() };
        prop_assert_eq!(forecast(&plan, &workload, &scenario), forecast(&plan, &reversed, &scenario));
    }
}

/// Who asks how fast a table is copied, or how long all of it takes, gets one answer.
#[test]
fn the_copy_takes_as_long_everywhere() {
    let (plan, mut workload) = sample(5, 20, 1e6);
    for table in &mut workload.tables {
        table.load = Default::default();
    }
    workload.cluster_wal_bytes_per_s = Series::Constant(0.0);
    workload.cluster_transactions_per_s = Series::Constant(0.0);
    let rates = Scenario::default().copy_bytes_per_s;
    assert_eq!(rates.nominal, Circumstances::default().copy_bytes_per_s);
    let copied = forecast(&plan, &workload, &Scenario::default()).layouts[0].copy_s;
    for (rate, forecast) in [(rates.low, copied.low), (rates.nominal, copied.nominal), (rates.high, copied.high)] {
        let forecast = forecast.expect("nothing changes meanwhile");
        let expected = copy::copy_s(&plan, rate);
        assert!(near(forecast, expected), "{forecast} {expected}");
    }
}

/// With `--no-identity full` the scripts alter all partitions of a tree, those that have a key too.
#[test]
fn a_tree_made_full_costs_the_same_everywhere() {
    let (_, mut workload) = sample(7, 120, 20e6);
    let is_leaf = |table: &&mut pgslotplan::workload::Table| table.kind == TableKind::Partition;
    let mut leaves: Vec<_> = workload.tables.iter_mut().filter(is_leaf).collect();
    assert!(leaves.len() > 1, "a tree");
    let root = leaves[0].partition_root.clone();
    leaves.retain(|leaf| leaf.partition_root == root);
    for (number, leaf) in leaves.iter_mut().enumerate() {
        (leaf.primary_key, leaf.index_count, leaf.rows_estimate) = (false, 0, 50_000.0);
        (leaf.replica_identity, leaf.load.updates_per_s) = (ReplicaIdentity::Index, Series::Constant(2.0));
        if number == 0 {
            (leaf.replica_identity, leaf.identity_columns) = (ReplicaIdentity::Default, Vec::new());
        }
    }
    let plan = planned(&workload);
    let cost = plan.cost_model();
    let mut leaves = workload.tables.iter().filter(|table| table.partition_root == root);
    assert!(leaves.all(|leaf| cost.scans_for_old_row(leaf)));
    assert_eq!(check(&plan, &workload), []);
    let forecast = forecast(&plan, &workload, &Scenario::default());
    for (slot, forecast) in plan.slots.iter().zip(&forecast.layouts[0].slots) {
        assert!(near(slot.peak_load, forecast.peak_load.nominal), "{} {:?}", slot.peak_load, forecast.peak_load);
    }
}

/// The delay of a burst counts what decoding leaves of a walsender's time, in the plan and in the forecast.
#[test]
fn a_burst_keeps_its_neighbours_waiting_as_planned() {
    let (_, mut workload) = sample(9, 12, 40e6);
    for table in &mut workload.tables {
        (table.load.burst_wal_bytes, table.load.burst_s) = (Some(5e9), Some(10.0));
        table.load.logical_bytes_per_s = Series::Constant(table.load.wal_bytes_per_s.mean() * 5.0);
    }
    let plan = planned(&workload);
    let forecast = forecast(&plan, &workload, &Scenario::default());
    let (cost, tables) = (plan.cost_model(), workload.by_name());
    let context = cost.context(&workload, Confidence::Nominal, &workload.observed_buckets());
    for (slot, forecast) in plan.slots.iter().zip(&forecast.layouts[0].slots) {
        let delay = |member: &pgslotplan::plan::PlannedTable| {
            let parts: Vec<_> = member.with_leaves().filter_map(|name| tables.get(&name).copied()).collect();
            let bursts = parts.into_iter().filter_map(|table| cost.burst(&context, table, member.share(), None));
            bursts.map(|burst| burst.delay_s(1.0)).fold(0.0, f64::max)
        };
        let planned = slot.tables.iter().map(delay).fold(0.0, f64::max);
        assert!(near(planned, forecast.burst_delay_s.nominal), "{planned} {:?}", forecast.burst_delay_s);
        assert!(planned > 0.0, "{}", slot.name);
    }
}

#[test]
fn a_forecast_reads_back() {
    let (plan, workload) = sample(1, 20, 60e6);
    let forecast = forecast(&plan, &workload, &Scenario::default());
    let mut text = Vec::new();
    pgslotplan::format::write_lines(&forecast, &mut text).expect("memory");
    assert_eq!(pgslotplan::format::read::<Forecast>(&text).expect("our own file"), forecast);
}

/// A slot without much to do is woken by each transaction: 140 us on top of what the work takes, as long as there is time.
#[test]
fn apply_cores_have_a_wake_up_for_each_transaction() {
    let (plan, mut workload) = sample(3, 12, 1e6);
    for table in &mut workload.tables {
        table.load.transactions_per_s = Some(Series::Constant(50.0));
    }
    let cores = |workload: &Workload| forecast(&plan, workload, &Scenario::default()).layouts[0].apply_cores;
    let idle = cores(&workload);
    // Leaves have no unit of their own where their root is planned, but transactions of their own.
    let waking = 140e-6 * 50.0 * workload.tables.len() as f64;
    assert!(near(idle.high, idle.nominal + waking), "{idle:?} {waking}");
    for table in &mut workload.tables {
        table.load.transactions_per_s = Some(Series::Constant(1e6));
    }
    assert!(near(cores(&workload).high, plan.slots.len() as f64), "no worker is more than all awake");
    let few = Scenario { subscriber_cores: Some(0.5), ..Scenario::default() };
    let findings = forecast(&plan, &workload, &few).findings;
    assert!(findings.iter().any(|finding| finding.code == "SM108"), "{findings:?}");
}

/// A cutover between the edges of buckets, while a slot is down, and while a large transaction is applied.
#[test]
fn a_cutover_waits_for_what_is_under_way() {
    const HOUR: f64 = 3600.0;
    let (plan, workload) = sample(3, 12, 8e6);
    let drain = |scenario: &Scenario, at: f64| {
        let scenario = Scenario { cutover_s: Some(at), ..scenario.clone() };
        let forecast = simulate(&plan, &workload, &plan.cost_model(), &scenario, Compared::PlanOnly);
        forecast.expect("a valid scenario").cutover.drain_s.nominal
    };
    let outage = Outage { from_s: 5.0 * HOUR, duration_s: 2.0 * HOUR, slot: None };
    let down = Scenario { outages: vec![outage], ..Scenario::default() };
    assert_eq!(drain(&down, 4.5 * HOUR), 0.0, "nothing is behind yet");
    let (halfway, after) = (drain(&down, 6.0 * HOUR), drain(&down, 7.0 * HOUR));
    assert!(halfway > HOUR, "the servers are down for another hour: {halfway}");
    assert!(after > 0.0 && after >= halfway - HOUR - 0.01, "two hours are to be caught up on: {after}, {halfway}");

    let table = plan.slots[0].tables[0].table_name();
    let load = BulkLoad { table, bytes: 60_000_000_000, from_s: 4.0 * HOUR, duration_s: HOUR };
    let loaded = Scenario { bulk_loads: vec![load], ..Scenario::default() };
    const STEP_S: f64 = 300.0;
    let mut before = drain(&loaded, 5.0 * HOUR);
    assert!(before > 2.0 * STEP_S, "a transaction of 60 GB has just committed: {before}");
    for step in 1..=24 {
        let now = drain(&loaded, 5.0 * HOUR + f64::from(step) * STEP_S);
        assert!(now >= before - STEP_S - 0.5, "{before} s of work became {now} s in {STEP_S} s");
        before = now;
    }
}
