//! The tables of `docs/trials.md` on `--max-slots` and on planning again: what a limit costs beside sharing all tables, and
//! what becomes of plans when the loads drift. Counts and loads only, so the output is the same on every machine.
//!
//! `cargo bench --bench promises -- limit` and `cargo bench --bench promises -- change`.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints and reads its arguments")]

use std::collections::BTreeSet;

use pgslotplan::{
    cost::{CoefficientSets, CostModel},
    generate::{GenerateSettings, generate},
    optimize::{Budget, OptimizeOptions, optimize, rng::generator},
    plan::{Plan, Role, check::check},
    policy::Policy,
    workload::{Series, Workload},
};
use rand_chacha::rand_core::Rng;

const USAGE: &str = "usage: cargo bench --bench promises -- limit|change";

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match asked.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["limit"] => limit(),
        ["change"] => change(),
        [] | ["--help"] => println!("{USAGE}"),
        _ => {
            println!("{USAGE}");
            std::process::exit(1);
        }
    }
}

fn workload(tables: u32, seed: u64, total_wal_bytes_per_s: f64) -> Workload {
    let settings =
        GenerateSettings { tables, hours: 24, seed, no_key_share: 0.0, total_wal_bytes_per_s, ..Default::default() };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    workload
}

/// A plan that passes its check; in words what it does not.
fn plan(workload: &Workload, policy: &Policy, previous: Option<&Plan>, max_moves: Option<u32>) -> Result<Plan, String> {
    let cost = CostModel {
        measure: policy.load,
        coefficients: CoefficientSets::default(),
        publisher: workload.server.version_num,
        subscriber: workload.server.version_num,
        made_full: BTreeSet::new(),
    };
    let options = OptimizeOptions { budget: Budget::Small, previous, max_moves, ..OptimizeOptions::default() };
    let plan = optimize(workload, policy, &cost, &options).map_err(|error| error.to_string())?;
    match check(&plan, workload).first() {
        None => Ok(plan),
        Some(finding) => Err(format!("{} {}", finding.code, finding.message)),
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Plans of 12 workloads under six limits, beside all-shared ones.
fn limit() {
    println!(
        "| `--max-slots` | plans | failed | worse than all-shared | peak / all-shared, median | largest | dedicated, mean |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for most in [2, 3, 4, 5, 6, 8] {
        let (mut ratios, mut failed, mut dedicated) = (Vec::new(), 0, 0);
        for tables in [30, 60, 120] {
            for seed in 11..15 {
                let workload = workload(tables, seed, 8e6);
                let policy = Policy { max_slots: Some(most), ..Policy::default() };
                let shared = Policy { max_dedicated: 0, ..policy.clone() };
                match (plan(&workload, &policy, None, None), plan(&workload, &shared, None, None)) {
                    (Ok(ours), Ok(theirs)) => {
                        ratios.push(ours.objective.peak_load / theirs.objective.peak_load);
                        dedicated += ours.slots.iter().filter(|slot| slot.role == Role::Dedicated).count();
                    }
                    _ => failed += 1,
                }
            }
        }
        let worse = ratios.iter().filter(|ratio| **ratio > 1.0).count();
        let (largest, made) = (ratios.iter().copied().fold(0.0, f64::max), ratios.len());
        println!(
            "| {most} | {} | {failed} | {worse} | {:.3} | {largest:.3} | {:.1} |",
            made + failed,
            median(&mut ratios),
            dedicated as f64 / made.max(1) as f64
        );
    }
}

/// Each table's rates times e^(0.5 z), z roughly normal: what some weeks do.
fn drift(workload: &Workload, seed: u64) -> Workload {
    let mut later = workload.clone();
    let mut dice = generator(seed, 1);
    for table in &mut later.tables {
        // The sum of twelve even numbers less six is close to normal.
        let sum: f64 = (0..12).map(|_| f64::from(dice.next_u32()) / f64::from(u32::MAX)).sum();
        let factor = (0.5 * (sum - 6.0)).exp();
        for series in table.load.series_mut() {
            match series {
                Series::Constant(value) => *value *= factor,
                Series::Buckets(values) => values.iter_mut().for_each(|value| *value *= factor),
            }
        }
    }
    later
}

/// 60 plans made again after each kind of change.
fn change() {
    println!(
        "| change | plans again | failed | over `max_dedicated` | moves, median | most | peak / a new plan's, median |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let kinds = [
        ("drift", None),
        ("drift, `--max-moves 5`", Some(5)),
        ("drift, `--max-moves 0`, the plan's slots in use", Some(0)),
        ("drift, `--max-slots` one below the slots in use", None),
        ("drift, `--publications 5`", None),
        ("drift, one table in ten dropped", None),
    ];
    for (number, (name, max_moves)) in kinds.into_iter().enumerate() {
        let (mut moves, mut ratios, mut failed, mut over) = (Vec::new(), Vec::new(), 0, 0);
        for seed in 1..31 {
            let now = workload([20, 40, 80][seed as usize % 3], seed, 40e6);
            for max_dedicated in [2, 4] {
                let first = Policy { max_dedicated, ..Policy::default() };
                let before = plan(&now, &first, None, None).expect("a first plan");
                let (mut later, mut policy) = (drift(&now, seed), first);
                match number {
                    2 => later.server.slots_in_use = before.slots.iter().map(|slot| slot.name.to_string()).collect(),
                    3 => policy.max_slots = Some(before.slots.len() as u32 - 1),
                    4 => policy.publications = "5".parse().expect("a count"),
                    5 => drop_some(&mut later),
                    _ => {}
                }
                match (plan(&later, &policy, Some(&before), max_moves), plan(&later, &policy, None, None)) {
                    (Ok(again), Ok(fresh)) => {
                        moves.push(f64::from(again.objective.moves.unwrap_or(0)));
                        ratios.push(again.objective.peak_load / fresh.objective.peak_load);
                        let alone = again.slots.iter().filter(|slot| slot.role == Role::Dedicated).count();
                        over += usize::from(alone > max_dedicated as usize);
                    }
                    _ => failed += 1,
                }
            }
        }
        let (most, made) = (moves.iter().copied().fold(0.0, f64::max), moves.len());
        let (moves, ratio) = (median(&mut moves), median(&mut ratios));
        println!("| {name} | {} | {failed} | {over} | {moves} | {most} | {ratio:.3} |", made + failed);
    }
}

/// Every tenth plain table goes, with its foreign keys.
fn drop_some(workload: &mut Workload) {
    let parents: BTreeSet<_> = workload.tables.iter().flat_map(|table| table.inherits.clone()).collect();
    let plain = workload.tables.iter().map(|table| table.table_name()).filter(|name| !parents.contains(name));
    let of_trees: BTreeSet<_> = workload
        .tables
        .iter()
        .flat_map(|table| {
            table.partition_root.clone().into_iter().chain(table.partition_root.as_ref().map(|_| table.table_name()))
        })
        .collect();
    let gone: BTreeSet<_> = plain.filter(|name| !of_trees.contains(name)).step_by(10).collect();
    workload.tables.retain(|table| !gone.contains(&table.table_name()));
    workload.foreign_keys.retain(|key| !gone.contains(&key.from) && !gone.contains(&key.to));
    workload.co_writes.retain(|pair| !gone.contains(&pair.a) && !gone.contains(&pair.b));
}
