//! `plan` for several databases of one cluster: a plan each, under one slot budget.
//!
//! Slots belong to databases, but slot limits and the cost of decoding belong to the cluster. A database that one slot
//! carries gets one. If the others want more than there are, each starts with one, and the next always goes to the one
//! whose busiest slot is fullest, which makes the largest peak as small as whole slots can.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use pgslotplan::{
    cost::CostModel,
    finding::{self, Severity},
    format::{self, TOOL},
    names::{Prefix, one_line},
    plan::Plan,
    policy::{Policy, PublicationCount},
    server::SystemIdentifier,
    workload::Workload,
};
use serde::Serialize;

use super::{
    super::{
        files,
        output::{Console, Exit, Failure, json_text},
    },
    args::{PlanArgs, SummaryFormat},
    search::{cost_model, prove, search},
};

/// Marks a directory as written by this program.
const MANIFEST: &str = "manifest.json";
/// Longest prefix of names that a policy takes.
const PREFIX_LENGTH: usize = Prefix::LIMIT_BYTES;

/// One database on its way to a plan.
struct Member<'a> {
    path: &'a Path,
    workload: Workload,
    policy: Policy,
    cost: CostModel,
    plan: Plan,
    /// One slot carries it with headroom.
    one_slot: bool,
}

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
    let policy = args.policy.policy()?;
    let mut workloads = Vec::with_capacity(paths.len());
    for path in paths {
        let mut workload: Workload = files::read_document(path)?;
        workload.canonicalize();
        workloads.push((path.as_path(), workload));
    }
    check_one_cluster(&workloads)?;
    let budget = slot_budget(&policy, &workloads);
    if let Some(budget) = budget.filter(|budget| *budget < workloads.len()) {
        return Err(Failure::new(format!(
            "{} databases need a slot each, but there are {budget}",
            workloads.len()
        ))
        .hint("Raise \"max_replication_slots\" and \"max_wal_senders\" (or --max-slots), or plan fewer databases at a time.")
        .exit(Exit::No));
    }
    let mut members = first_plans(args, policy, workloads)?;
    if let Some(budget) = budget {
        share_out(args, &mut members, budget)?;
    }
    for member in &members {
        prove(&member.plan, &member.workload)?;
    }
    let manifest = manifest(&members, budget);
    if let Some(path) = &args.output {
        files::write_directory(path, existing, &documents(&members, &manifest)?)?;
        console.note(&format!("wrote directory \"{}\"", path.display()));
    }
    console.result(&match args.format {
        SummaryFormat::Json => json_text(format!("{}\n", spelled_out(&manifest)?).as_bytes()),
        SummaryFormat::Text => summary(&manifest, &members),
        SummaryFormat::Markdown => format!("```\n{}```\n", summary(&manifest, &members)),
    })?;
    let bad = members.iter().any(|member| finding::has_error(&member.plan.findings));
    Ok(if bad { Exit::No } else { Exit::Done })
}

fn check_one_cluster(workloads: &[(&Path, Workload)]) -> Result<(), Failure> {
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    for (path, workload) in workloads {
        if let Some(other) = seen.insert(&workload.database, path) {
            return Err(Failure::new(format!("two workloads are of database \"{}\"", one_line(&workload.database)))
                .detail(format!("They are {} and {}.", files::shown(other), files::shown(path)))
                .hint("Give one workload for each database; several runs of one are merged first."));
        }
    }
    let identifiers: BTreeSet<&SystemIdentifier> =
        workloads.iter().filter_map(|(_, workload)| workload.server.system_identifier.as_ref()).collect();
    if identifiers.len() > 1 {
        return Err(Failure::new("the workloads are of different clusters")
            .hint("Plan each cluster apart: slots are shared only within one."));
    }
    Ok(())
}

/// `--max-slots`, or what the publisher has free as far as is known.
fn slot_budget(policy: &Policy, workloads: &[(&Path, Workload)]) -> Option<usize> {
    if let Some(most) = policy.max_slots {
        return Some(most as usize);
    }
    let free = |workload: &Workload| {
        let server = &workload.server;
        let number = |name: &str| usize::try_from(server.setting_number(name)?).ok();
        let slots = number("max_replication_slots").map(|most| most.saturating_sub(server.slots_in_use.len()));
        [slots, number("max_wal_senders")].into_iter().flatten().min()
    };
    workloads.iter().filter_map(|(_, workload)| free(workload)).min()
}

/// What each database would like, and one slot for those that need no more.
fn first_plans<'a>(
    args: &PlanArgs,
    policy: Policy,
    workloads: Vec<(&'a Path, Workload)>,
) -> Result<Vec<Member<'a>>, Failure> {
    let mut prefixes = BTreeSet::new();
    let mut members = Vec::with_capacity(workloads.len());
    for (path, workload) in workloads {
        let mut policy = Policy {
            prefix: Prefix::new(prefix_for(&policy.prefix, &workload.database, &mut prefixes))?,
            ..policy.clone()
        };
        policy.max_slots = None;
        let cost = cost_model(args, &policy, &workload)?;
        let mut plan = search(args, path, &workload, &policy, &cost, None)?;
        let one_slot = plan.one_slot_is_enough() == Some(true);
        if one_slot && plan.slots.len() > 1 && !args.policy.names_publications() {
            policy = limited(&policy, 1);
            plan = search(args, path, &workload, &policy, &cost, None)?;
        }
        members.push(Member { path, workload, policy, cost, plan, one_slot });
    }
    Ok(members)
}

/// The same policy for at most `slots` slots.
fn limited(policy: &Policy, slots: usize) -> Policy {
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    match slots {
        1 => Policy {
            publications: PublicationCount::Range(1, 1),
            max_slots: Some(1),
            max_dedicated: 0,
            ..policy.clone()
        },
        _ => Policy { max_slots: Some(slots), ..policy.clone() },
    }
}

/// Shares the budget out where the first plans exceed it.
fn share_out(args: &PlanArgs, members: &mut [Member<'_>], budget: usize) -> Result<(), Failure> {
    let wanted: Vec<usize> = members.iter().map(|member| member.plan.slots.len()).collect();
    if wanted.iter().sum::<usize>() <= budget {
        return Ok(());
    }
    for (member, _) in members.iter_mut().zip(&wanted).filter(|(_, wanted)| **wanted > 1) {
        replan(args, member, 1)?;
    }
    let mut spent: usize = members.iter().map(|member| member.plan.slots.len()).sum();
    let mut at_most: Vec<usize> = members.iter().map(|member| member.plan.slots.len()).collect();
    while spent < budget {
        let own = |at: usize| members[at].plan.slots.len();
        let next = (0..members.len())
            .filter(|&at| at_most[at] < wanted[at] && at_most[at] < budget - spent + own(at))
            .max_by(|&a, &b| {
                let peak = |at: usize| members[at].plan.objective.peak_load;
                peak(a).total_cmp(&peak(b)).then(b.cmp(&a)) // the first of equals
            });
        let Some(at) = next else { break };
        at_most[at] += 1;
        let before = own(at);
        replan(args, &mut members[at], at_most[at])?;
        spent = spent - before + members[at].plan.slots.len();
    }
    Ok(())
}

/// Plans a database again with at most so many slots.
fn replan(args: &PlanArgs, member: &mut Member<'_>, slots: usize) -> Result<(), Failure> {
    let policy = limited(&member.policy, slots);
    member.plan = search(args, member.path, &member.workload, &policy, &member.cost, None)?;
    Ok(())
}

/// Slot names are unique in the cluster, so each database has a prefix of its own.
fn prefix_for(prefix: &str, database: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let whole: String = format!("{prefix}_{}", database.chars().map(plain).collect::<String>());
    let cut = |length: usize| whole.chars().take(length).collect::<String>();
    let mut candidate = cut(PREFIX_LENGTH);
    for number in 2.. {
        if taken.insert(candidate.clone()) {
            break;
        }
        let end = format!("_{number}");
        candidate = cut(PREFIX_LENGTH - end.len()) + &end;
    }
    candidate
}

fn manifest(members: &[Member<'_>], budget: Option<usize>) -> Manifest {
    let entries = members.iter().map(|member| Entry {
        database: member.workload.database.clone(),
        file: files::of_database(&member.workload.database),
        slots: member.plan.slots.len(),
        peak_load: member.plan.objective.peak_load,
        one_slot_is_enough: member.one_slot,
        errors: member.plan.findings.iter().filter(|finding| finding.severity == Severity::Error).count(),
    });
    let plans: Vec<Entry> = entries.collect();
    // Each row of slot_counts is for one number of shared and dedicated slots: the plan's own is the one that counts.
    let decode = |member: &Member<'_>| {
        let row = member.plan.slot_counts.iter().find(|row| row.is_chosen(&member.plan));
        row.map_or(0.0, |row| row.publisher_decode_load)
    };
    Manifest {
        kind: "plans",
        version: 1,
        tool: TOOL,
        slot_budget: budget,
        slots: plans.iter().map(|entry| entry.slots).sum(),
        publisher_decode_load: members.iter().map(decode).sum(),
        plans,
    }
}

fn documents(members: &[Member<'_>], manifest: &Manifest) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut documents: BTreeMap<String, Vec<u8>> = members
        .iter()
        .zip(&manifest.plans)
        .map(|(member, entry)| (entry.file.clone(), format::write(&member.plan)))
        .collect();
    documents.insert(MANIFEST.to_owned(), format!("{}\n", spelled_out(manifest)?).into_bytes());
    Ok(documents)
}

fn spelled_out(manifest: &Manifest) -> Result<String, Failure> {
    serde_json::to_string_pretty(manifest)
        .map_err(|error| Failure::new("could not spell out the summary").source(error))
}

fn summary(manifest: &Manifest, members: &[Member<'_>]) -> String {
    let budget = manifest.slot_budget.map_or(String::new(), |budget| format!(" of {budget}"));
    let mut text = format!("{} databases in {}{budget} slots\n\n", manifest.plans.len(), manifest.slots);
    text.push_str(&format!("{:32} {:>6} {:>10}  {}\n", "database", "slots", "peak load", "findings"));
    for (entry, member) in manifest.plans.iter().zip(members) {
        let count =
            |severity: Severity| member.plan.findings.iter().filter(|finding| finding.severity == severity).count();
        let peak = match member.cost.capacity_units(member.policy.slot_capacity) {
            Some(_) if member.cost.measure != pgslotplan::policy::Measure::Wal => {
                format!("{:.1} %", entry.peak_load * 100.0)
            }
            _ => format!("{:.0} B/s", entry.peak_load),
        };
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
        let all = if simple.len() == members.len() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_valid_and_differ() {
        let mut taken = BTreeSet::new();
        let made: Vec<String> = ["shop", "Shop", "a very long database name", "a very long database nam\u{e9}"]
            .map(|name| prefix_for("pgsp", name, &mut taken))
            .into();
        assert_eq!(made, ["pgsp_shop", "pgsp_shop_2", "pgsp_a_very_long_dat", "pgsp_a_very_long_d_2"]);
    }
}
