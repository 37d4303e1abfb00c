//! The library from a workload to scripts: `cargo run --no-default-features --example plan`.

#![allow(clippy::print_stdout, reason = "an example shows what comes out")]

use pgslotplan::{
    Budget, CoefficientSets, Compared, CostModel, EmitOptions, GenerateSettings, OptimizeOptions, Policy, Scenario,
    audit, emit, generate, plan, simulate, write,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = GenerateSettings {
        tables: 40,
        hours: 48,
        no_key_share: 0.0,
        total_wal_bytes_per_s: 6e6,
        ..GenerateSettings::default()
    };
    let workload = generate(&settings)?;
    let policy = Policy::from_toml("publications = \"3..5\"\nmax_dedicated = 2\n")?;
    let cost = CostModel::new(&workload, &policy, CoefficientSets::default(), None)?;
    let options = OptimizeOptions { budget: Budget::Small, ..OptimizeOptions::default() };

    let plan = plan(&workload, &policy, &cost, &options)?;
    for slot in &plan.slots {
        println!("{:16} {:>8}  {} tables", slot.name, plan.shown_load(slot.peak_load), slot.tables.len());
    }
    println!("{}", plan.proof());
    for finding in &plan.findings {
        println!("{} {}: {}", finding.severity, finding.code, finding.message);
    }
    // What passed once passes again, from the file too.
    assert!(audit(&pgslotplan::read(&write(&*plan))?, &workload).is_empty());

    let script = emit(&plan, &EmitOptions::default())?;
    println!("{} steps, the first is {}", script.steps.len(), script.steps[0].file);
    let forecast = simulate(&plan, &workload, &plan.cost_model(), &Scenario::default(), Compared::PlanOnly)?;
    println!("worst flush lag {:.1} s", forecast.layouts[0].flush_lag_s.nominal);
    Ok(())
}
