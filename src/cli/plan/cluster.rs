//! `plan` for several databases of one cluster: reads, lets `optimize::cluster` share the slots out, writes a folder.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use pgslotplan::{
    finding::{Finding, Severity},
    format::{self, TOOL},
    names::one_line,
    optimize::cluster::{ClusterError, ClusterOptions, ClusterPlan, Database, DatabasePlan, optimize_cluster},
    workload::Workload,
};
use serde::Serialize;

use super::{
    super::{
        files,
        output::{Console, Exit, Failure, json_text},
    },
    args::{PlanArgs, SummaryFormat},
    search::{Clock, check_validity, cost_model, explain, options, prove},
};

/// Marks a directory as written by this program.
const MANIFEST: &str = "manifest.json";

/// What is written beside the plans, and printed with `--format json`.
#[derive(Serialize)]
struct Manifest {
    kind: &'static str,
    version: u64,
    tool: &'static str,
    slot_budget: Option<usize>,
    slots: usize,
    publisher_decode_load: f64,
    plans: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    database: String,
    file: String,
    slots: usize,
    peak_load: f64,
    one_slot_is_enough: bool,
    errors: usize,
}

/// `pgslotplan plan a.json b.json -o DIR`
pub fn run(args: &PlanArgs, paths: &[PathBuf], console: &Console) -> Result<Exit, Failure> {
    let existing = args.force.existing();
    if let Some(path) = &args.output {
        files::check_directory(path, existing)?;
    }
    if args.previous.is_some() {
        return Err(Failure::new("--previous goes with one workload").hint("Plan that database alone."));
    }
    if args.check.is_some() {
        return Err(Failure::new("--check goes with one workload").hint("Check the plan of each database alone."));
    }
    if args.format.of_findings().is_some() {
        return Err(Failure::new("this --format goes with one workload")
            .hint("Write the plans with -o, then print the findings of each with \"pgslotplan audit\"."));
    }
    let policy = args.policy.policy()?;
    let mut workloads: Vec<(&Path, Workload)> = Vec::with_capacity(paths.len());
    for path in paths {
        let mut workload: Workload = files::read_document(path)?;
        workload.canonicalize();
        check_validity(args, path, &workload)?;
        workloads.push((path, workload));
    }
    let mut databases = Vec::with_capacity(workloads.len());
    for (path, workload) in &workloads {
        databases.push(Database { workload, cost: cost_model(args, path, &policy, workload)? });
    }
    let clock = Clock::start(args);
    let (over, begin) = (|| clock.is_over(), || clock.restart());
    let options = ClusterOptions {
        search: options(args, None, if clock.is_limited() { Some(&over) } else { None }),
        begin: Some(&begin),
        keeps_publications: args.policy.names_publications(),
    };
    let cluster = optimize_cluster(&databases, &policy, &options).map_err(|error| failure(args, &workloads, error))?;
    let by_name: BTreeMap<&str, &Workload> =
        workloads.iter().map(|(_, workload)| (workload.database.as_str(), workload)).collect();
    for database in &cluster.databases {
        prove(database.plan.clone(), by_name[database.plan.database.as_str()])?;
    }
    let manifest = manifest(&cluster);
    if let Some(path) = &args.output {
        files::write_directory(path, existing, &documents(&cluster, &manifest)?)?;
        console.note(&format!("wrote directory \"{}\"", path.display()));
    }
    console.result(&match args.format {
        SummaryFormat::Json => json_text(format!("{}\n", spelled_out(&manifest)?).as_bytes()),
        SummaryFormat::Markdown => format!("```\n{}```\n", summary(&manifest, &cluster)),
        _ => summary(&manifest, &cluster),
    })?;
    let findings: Vec<Finding> =
        cluster.databases.iter().flat_map(|database| database.plan.findings.iter().cloned()).collect();
    Ok(args.fail_on.exit(&findings))
}

/// The error with the files that it is about, and what to do.
fn failure(args: &PlanArgs, workloads: &[(&Path, Workload)], error: ClusterError) -> Failure {
    let files_of = |database: &str| -> Vec<&Path> {
        workloads.iter().filter(|(_, workload)| workload.database == database).map(|(path, _)| *path).collect()
    };
    match error {
        ClusterError::Twice(ref database) => {
            let files: Vec<String> = files_of(database).into_iter().map(files::shown).collect();
            Failure::from(error)
                .detail(format!("They are {}.", files.join(" and ")))
                .hint("Give one workload for each database; several runs of one are merged first.")
        }
        ClusterError::SeveralClusters => {
            Failure::from(error).hint("Plan each cluster apart: slots are shared only within one.")
        }
        ClusterError::TooFew { .. } => Failure::from(error)
            .hint("Raise \"max_replication_slots\" and \"max_wal_senders\" (or --max-slots), or plan fewer databases at a time.")
            .exit(Exit::No),
        ClusterError::Rules { .. } => Failure::from(error)
            .hint("Raise the limit as before, or drop pins, splits and rules of what must be apart.")
            .exit(Exit::No),
        ClusterError::Database { database, source } => match files_of(&database).first() {
            Some(path) => explain(args, path, source),
            None => Failure::from(source),
        },
    }
}

fn manifest(cluster: &ClusterPlan) -> Manifest {
    let entries = cluster.databases.iter().map(|DatabasePlan { plan, one_slot_is_enough }| Entry {
        database: plan.database.clone(),
        file: files::of_database(&plan.database),
        slots: plan.slots.len(),
        peak_load: plan.objective.peak_load,
        one_slot_is_enough: *one_slot_is_enough,
        errors: plan.findings.iter().filter(|finding| finding.severity == Severity::Error).count(),
    });
    Manifest {
        kind: "plans",
        version: 1,
        tool: TOOL,
        slot_budget: cluster.slot_budget,
        slots: cluster.slot_count(),
        publisher_decode_load: cluster.publisher_decode_load(),
        plans: entries.collect(),
    }
}

fn documents(cluster: &ClusterPlan, manifest: &Manifest) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut documents: BTreeMap<String, Vec<u8>> = cluster
        .databases
        .iter()
        .zip(&manifest.plans)
        .map(|(database, entry)| (entry.file.clone(), format::write(&database.plan)))
        .collect();
    documents.insert(MANIFEST.to_owned(), format!("{}\n", spelled_out(manifest)?).into_bytes());
    Ok(documents)
}

fn spelled_out(manifest: &Manifest) -> Result<String, Failure> {
    serde_json::to_string_pretty(manifest)
        .map_err(|error| Failure::new("could not spell out the summary").source(error))
}

fn summary(manifest: &Manifest, cluster: &ClusterPlan) -> String {
    let budget = manifest.slot_budget.map_or(String::new(), |budget| format!(" of {budget}"));
    let mut text = format!("{} databases in {}{budget} slots\n\n", manifest.plans.len(), manifest.slots);
    text.push_str(&format!("{:32} {:>6} {:>10}  {}\n", "database", "slots", "peak load", "findings"));
    for (entry, DatabasePlan { plan, .. }) in manifest.plans.iter().zip(&cluster.databases) {
        let count = |severity: Severity| plan.findings.iter().filter(|finding| finding.severity == severity).count();
        let peak = plan.shown_load(entry.peak_load);
        let mut line = format!(
            "{:32} {:>6} {peak:>10}  {} errors, {} warnings",
            one_line(&entry.database),
            entry.slots,
            count(Severity::Error),
            count(Severity::Warning)
        );
        if entry.one_slot_is_enough {
            line.push_str("; one slot is enough");
        }
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&format!(
        "\nAll walsenders together keep the publisher busy for {:.2} cores at most.\n",
        manifest.publisher_decode_load
    ));
    let simple: Vec<String> = manifest
        .plans
        .iter()
        .filter(|entry| entry.one_slot_is_enough)
        .map(|entry| format!("\"{}\"", one_line(&entry.database)))
        .collect();
    if !simple.is_empty() {
        let all = if simple.len() == cluster.databases.len() {
            " That is all of them: the whole cluster can go that way, and needs no plan."
        } else {
            ""
        };
        text.push_str(&format!(
            "One slot carries {} with headroom: a single subscription does, or a managed blue/green deployment where the \
             provider has one.{all}\n",
            simple.join(", ")
        ));
    }
    text
}
