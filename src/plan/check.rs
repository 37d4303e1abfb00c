//! Re-derives every rule and figure of a plan from the plan and its workload (docs/rules.md, rules 1 to 7). Shares no
//! code
//! with the search: groups, hot tables, cut and bounds are found again here by simpler means.
//!
//! Runs on every plan before it is written, and offline as `audit`.

mod alone;
mod cover;
mod derived;
mod figures;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

pub use alone::check_alone;

use super::{Caveat, Plan, PlannedSlot, PlannedTable, shard::Shard};
use crate::{
    cost::{Confidence, CostModel, MOST_UNITS, Share},
    finding::{Code, Finding, Subject, code},
    names::{TableName, one_line},
    workload::{self, Table, TableKind, Workload},
};

/// Everything that is wrong with a plan; empty when it keeps all rules and all figures recompute.
pub fn check(plan: &Plan, workload: &Workload) -> Vec<Finding> {
    let workload = &*workload.canonical();
    let mut report = Report::default();
    if let Err(error) = workload::check::validate(workload) {
        report.error(code::AU100, Subject::Workload, error.to_string());
        return report.sorted();
    }
    provenance(plan, workload, &mut report);
    let book = Book::new(plan, workload);
    if plan.policy.validate().is_err() || !countable(&book, &mut report) {
        // With such numbers nothing can be computed.
        return report.sorted();
    }
    cover::check(&book, &mut report);
    if report.findings.is_empty() {
        derived::check(&book, &mut report);
        // Groups and figures mean something only for a plan that covers the right tables once; that it was edited is
        // no reason not to say which figure was.
        let of_slots = rules::check(&book, &mut report);
        figures::check(&book, &of_slots, &mut report);
    }
    report.findings.extend(digest(plan));
    report.sorted()
}

/// What has been found so far.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn error(&mut self, code: &'static Code, subject: Subject, message: impl Into<String>) {
        self.findings.push(Finding::new(code, subject, message));
    }

    fn sorted(mut self) -> Vec<Finding> {
        self.findings.sort();
        self.findings.dedup();
        self.findings
    }
}

/// The plan and its workload, with what every check looks up.
struct Book<'a> {
    plan: &'a Plan,
    workload: &'a Workload,
    cost: CostModel,
    buckets: Vec<usize>,
    by_name: BTreeMap<TableName, usize>,
    /// For each slot the workload's tables whose rows it carries.
    carried: Vec<BTreeSet<usize>>,
    /// For each slot the tables of which it has only a shard.
    shards: Vec<BTreeMap<usize, Share>>,
    caveats: BTreeSet<&'a Caveat>,
    /// Roots of the partition trees that the policy splits.
    split_roots: BTreeSet<TableName>,
}

impl<'a> Book<'a> {
    fn new(plan: &'a Plan, workload: &'a Workload) -> Self {
        let by_name: BTreeMap<TableName, usize> =
            workload.tables.iter().enumerate().map(|(index, table)| (table.table_name(), index)).collect();
        let mut leaves: BTreeMap<&TableName, Vec<usize>> = BTreeMap::new();
        for (index, table) in workload.tables.iter().enumerate() {
            if let Some(root) = &table.partition_root {
                leaves.entry(root).or_default().push(index);
            }
        }
        let carried = plan.slots.iter().map(|slot| carried(slot, &by_name, &leaves)).collect();
        let shards = plan.slots.iter().map(|slot| shards(slot, &by_name)).collect();
        Book {
            cost: plan.cost_model(),
            buckets: workload.observed_buckets(),
            plan,
            workload,
            by_name,
            carried,
            shards,
            caveats: plan.caveats.iter().collect(),
            split_roots: plan.policy.split.keys().filter_map(|text| TableName::parse(text).ok()).collect(),
        }
    }

    /// Which of a table's rows a slot has.
    fn share(&self, slot: usize, index: usize) -> Share {
        self.shards[slot].get(&index).copied().unwrap_or(Share::WHOLE)
    }

    fn table(&self, index: usize) -> &'a Table {
        &self.workload.tables[index]
    }

    fn name(&self, index: usize) -> TableName {
        self.table(index).table_name()
    }

    /// Whether the plan itself says this.
    fn says(&self, caveat: &Caveat) -> bool {
        self.caveats.contains(caveat)
    }
}

fn carried(
    slot: &PlannedSlot,
    by_name: &BTreeMap<TableName, usize>,
    leaves: &BTreeMap<&TableName, Vec<usize>>,
) -> BTreeSet<usize> {
    let mut carried = BTreeSet::new();
    for member in &slot.tables {
        let name = member.table_name();
        carried.extend(by_name.get(&name));
        if member.kind == TableKind::Partitioned {
            carried.extend(leaves.get(&name).into_iter().flatten());
        }
    }
    carried
}

/// Tables of which the slot has a shard, by a filter of the form that `plan::shard` writes.
fn shards(slot: &PlannedSlot, by_name: &BTreeMap<TableName, usize>) -> BTreeMap<usize, Share> {
    let shard = |member: &PlannedTable| Shard::of(member).map(|shard| shard.share);
    slot.tables.iter().filter_map(|member| Some((*by_name.get(&member.table_name())?, shard(member)?))).collect()
}

/// Whether its loads can be counted with the coefficients that it states.
fn countable(book: &Book<'_>, report: &mut Report) -> bool {
    let context = book.cost.context(book.workload, Confidence::Nominal, &book.buckets);
    let mut total = book.cost.slot_constant(book.workload, Confidence::Nominal, &book.buckets);
    let carried: BTreeSet<usize> = book.carried.iter().flatten().copied().collect();
    carried.into_iter().for_each(|index| book.cost.add_table_loads(&context, book.table(index), &mut total));
    let beyond = total.iter().find(|units| **units > MOST_UNITS);
    if let Some(units) = beyond {
        let message =
            format!("its tables ask for {units} units of load in a bucket, but at most {MOST_UNITS} can be planned");
        report.error(code::AU105, Subject::Plan, message);
    }
    beyond.is_none()
}

/// Is the plan as it was made?
fn digest(plan: &Plan) -> Option<Finding> {
    let message = "the plan was changed after it was made: its digest does not match";
    (plan.digest() != plan.plan_sha256).then(|| Finding::new(code::AU101, Subject::Plan, message))
}

/// Digest of the workload and database: is the plan of this workload?
fn provenance(plan: &Plan, workload: &Workload, report: &mut Report) {
    let digest = workload.digest();
    if digest != plan.workload_sha256 {
        report.error(
            code::AU102,
            Subject::Workload,
            format!("the plan was made from another workload: its digest is {}, not {digest}", plan.workload_sha256),
        );
    }
    if plan.database != workload.database {
        let (planned, observed) = (one_line(&plan.database), one_line(&workload.database));
        report.error(
            code::AU103,
            Subject::Plan,
            format!("plan is for database \"{planned}\", workload for \"{observed}\""),
        );
    }
    if plan.server != workload.server {
        report.error(
            code::AU106,
            Subject::Publisher,
            "the plan's facts about the server are others than the workload's",
        );
    }
    alone::versions(plan, report);
    alone::load(plan, report);
    if let Err(error) = plan.policy.validate() {
        report.error(code::AU104, Subject::Policy, error.to_string());
    }
}
