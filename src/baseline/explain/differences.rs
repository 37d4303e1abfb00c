//! What differs between two plans of one statement, and between two servers that plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanPair, Planned, PlannedTable, StatementPlans};
use crate::{
    baseline::{
        Baseline, Setting,
        compare::{SettingChange, is_of_plans, setting_changes, setting_words, shown_text},
        shape::PlanNode,
        text::Unplannable,
    },
    finding::{Code, Finding, Severity, Subject, code},
    names::{TableName, one_line},
    units::{Bytes, counted},
};

/// A table that is smaller is read whole by every plan, bytes.
const SMALL_TABLE: f64 = 500_000.0;
/// A loop over so many times the rows, and so many at least, is another one.
const MORE_ROWS: f64 = 10.0;
const MANY_ROWS: f64 = 1_000.0;
/// Memory of so many times as much is more than the noise of estimates.
const MORE_BYTES: f64 = 1.5;
/// A plan that costs less than so many times the old one is no worse, whatever its shape.
const DEARER: f64 = 1.2;

pub(super) fn find(
    baseline: &Baseline,
    old: Option<&StatementPlans>,
    new: &StatementPlans,
    unplannable: &[(String, Unplannable)],
) -> (Vec<PlanPair>, Vec<Finding>) {
    let settings: Vec<SettingChange> =
        setting_changes(old.map_or(&baseline.settings, |old| &old.settings), &new.settings)
            .into_iter()
            .filter(|setting| is_of_plans(&setting.name))
            .collect();
    let servers = Servers { baseline, old, new, settings: &settings };
    let mut findings = servers.tables();
    let mut pairs = Vec::new();
    for statement in baseline.statements() {
        let planned = |plans: &StatementPlans| plans.plans.get(&statement.text).cloned();
        let (before, after) = (old.and_then(planned), planned(new));
        if before.is_none() && after.is_none() {
            continue;
        }
        let found = servers.statement(&statement.text, before.as_ref(), after.as_ref());
        pairs.push(PlanPair {
            text: statement.text.clone(),
            ms_per_s: statement.total_ms / baseline.observed_s().max(1e-9),
            old: before,
            new: after,
            differences: found.iter().map(|finding| one_line(&finding.message)).collect(),
        });
        findings.extend(found);
    }
    for (text, reason) in unplannable {
        findings.push(Finding::new(code::BL204, subject(text), format!("it is not planned: {reason}")));
    }
    if !settings.is_empty() {
        let words: Vec<String> = settings.iter().map(setting_words).collect();
        let said = Finding::new(
            code::BL207,
            Subject::Other("settings".to_owned()),
            format!("{} that plans depend on differ", counted(settings.len(), "setting")),
        );
        findings.push(said.detail(format!("{}.", words.join("; "))));
    }
    findings.sort_by(|a, b| (a.severity, &a.code).cmp(&(b.severity, &b.code)));
    (pairs, findings)
}

fn subject(text: &str) -> Subject {
    Subject::Other(format!("statement {}", shown_text(text)))
}

struct Servers<'a> {
    baseline: &'a Baseline,
    old: Option<&'a StatementPlans>,
    new: &'a StatementPlans,
    settings: &'a [SettingChange],
}

impl Servers<'_> {
    /// What the tables of the new plans lack.
    fn tables(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for table in &self.new.tables {
            let subject = || Subject::Table(table.table_name());
            if self.lacks_statistics(table) {
                findings.push(
                    Finding::new(code::BL205, subject(), "the planner has no statistics of it")
                        .hint(format!("ANALYZE {};", table.table_name())),
                );
            }
            for (name, definition) in self.missing_indexes(table) {
                findings.push(
                    Finding::new(code::BL206, subject(), format!("index \"{}\" is missing", one_line(&name)))
                        .detail(format!("On the old server it is {}.", one_line(&definition)))
                        .hint("Create it from the old server's definition: pg_get_indexdef() there, CREATE INDEX CONCURRENTLY here."),
                );
            }
        }
        findings
    }

    fn lacks_statistics(&self, table: &PlannedTable) -> bool {
        let name = table.table_name();
        let had = match self.old {
            Some(old) => old.table(&name).and_then(|table| table.has_statistics),
            None => self.baseline.table(&name).and_then(|table| table.has_statistics),
        };
        table.has_statistics == Some(false) && had != Some(false) && table.bytes > 0.0
    }

    /// Indexes of the old server without a like on the new one, by name: those that its plans use, or that were used.
    fn missing_indexes(&self, table: &PlannedTable) -> BTreeMap<String, String> {
        let name = table.table_name();
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        if let Some(was) = self.baseline.table(&name) {
            let used = was.indexes.iter().filter(|index| index.scans > 0.0);
            known.extend(used.map(|index| (index.name.clone(), index.definition.clone())));
        }
        if let Some(was) = self.old.and_then(|old| old.table(&name)) {
            let planned: BTreeSet<String> = self.old.into_iter().flat_map(indexes_of_plans).collect();
            let used = was.indexes.iter().filter(|(index, _)| planned.contains(*index));
            known.extend(used.map(|(index, definition)| (index.clone(), definition.clone())));
        }
        known.retain(|_, definition| !table.indexes.values().any(|other| other == definition));
        known
    }

    fn statement(&self, text: &str, old: Option<&Planned>, new: Option<&Planned>) -> Vec<Finding> {
        match (old, new) {
            (Some(Planned::Plan(old)), Some(Planned::Plan(new))) => self.plans(text, old, new),
            (Some(Planned::Plan(_)), Some(Planned::Refused(reason))) => {
                let said = Finding::new(
                    code::BL204,
                    subject(text),
                    format!("the new server does not plan it: {}", one_line(reason)),
                );
                vec![said.with_severity(Severity::Warning)]
            }
            (_, Some(Planned::Refused(reason))) => {
                vec![Finding::new(code::BL204, subject(text), format!("it is not planned: {}", one_line(reason)))]
            }
            _ => Vec::new(),
        }
    }

    fn plans(&self, text: &str, old: &PlanNode, new: &PlanNode) -> Vec<Finding> {
        let mut findings = Vec::new();
        let old_servers_roots = self.old.map(StatementPlans::roots).unwrap_or_default();
        let before = old.accesses(&old_servers_roots);
        let after = new.accesses(&self.new.roots());
        let is_dearer = new.cost >= DEARER * old.cost;
        for (table, access) in &after {
            let Some(was) = before.get(table) else { continue };
            let bytes: f64 = self.new.tables_of(table).map(|table| table.bytes).fold(0.0, f64::max);
            if access.is_sequential && !was.is_sequential && bytes >= SMALL_TABLE {
                let by =
                    was.indexes.iter().map(|index| format!("\"{}\"", one_line(index))).collect::<Vec<_>>().join(", ");
                let how = if by.is_empty() { "was not".to_owned() } else { format!("was read by index {by}") };
                let severity = if is_dearer { Severity::Error } else { Severity::Warning };
                let message = format!("table {table} is read whole, and {how}");
                findings.push(self.said(code::BL201, text, message, table, (old, new)).with_severity(severity));
            }
        }
        let loops = |plan: &PlanNode, roots: &BTreeMap<TableName, TableName>| {
            let mut most: BTreeMap<TableName, f64> = BTreeMap::new();
            for (rows, tables) in plan.loops() {
                for table in tables {
                    let known = most.entry(roots.get(&table).cloned().unwrap_or(table)).or_default();
                    *known = known.max(rows);
                }
            }
            most
        };
        let (old_loops, new_loops) = (loops(old, &old_servers_roots), loops(new, &self.new.roots()));
        for (table, rows) in &new_loops {
            let was = old_loops.get(table).copied().unwrap_or(1.0);
            if *rows >= MANY_ROWS && *rows >= MORE_ROWS * was && is_dearer {
                let message = match old_loops.get(table) {
                    Some(was) => {
                        format!("table {table} is looked up for each of {rows:.0} rows, and was for each of {was:.0}")
                    }
                    None => format!("table {table} is looked up for each of {rows:.0} rows, and was joined at once"),
                };
                findings.push(self.said(code::BL202, text, message, table, (old, new)));
            }
        }
        findings.extend(self.spilled(text, old, new));
        if findings.is_empty() && outline(old) != outline(new) {
            let message = format!("another plan, for {:.0} instead of {:.0}", new.cost, old.cost);
            findings.push(Finding::new(code::BL208, subject(text), message).detail(self.causes_words(None)));
        }
        findings
    }

    /// Sorts and hashes that fitted into memory and no longer do.
    fn spilled(&self, text: &str, old: &PlanNode, new: &PlanNode) -> Option<Finding> {
        let most = |plan: &PlanNode| plan.nodes().iter().filter_map(|node| node.kept_bytes()).fold(0.0, f64::max);
        let old_memory = memory(self.old.map_or(&self.baseline.settings, |old| &old.settings))?;
        let new_memory = memory(&self.new.settings)?;
        let (was, is) = (most(old), most(new));
        // estimates differ a little after every ANALYZE
        let is_other = new_memory < old_memory || is >= MORE_BYTES * was;
        (is > new_memory && was <= old_memory && is_other).then(|| {
            Finding::new(
                code::BL203,
                subject(text),
                format!("a sort or hash of about {} no longer fits into {}", Bytes(is), Bytes(new_memory)),
            )
            .detail(format!(
                "On the old server about {} fitted into {}. {}",
                Bytes(was),
                Bytes(old_memory),
                self.causes_words(None)
            ))
            .hint(if new_memory < old_memory {
                "Set work_mem as it was, or for the role that runs it."
            } else {
                "More rows are expected than before: analyze its tables; if that is right, set work_mem for the role that runs it."
            })
        })
    }

    fn said(
        &self,
        code: &'static Code,
        text: &str,
        message: String,
        table: &TableName,
        (old, new): (&PlanNode, &PlanNode),
    ) -> Finding {
        Finding::new(code, subject(text), message).detail(format!(
            "The plan's cost is {:.0}, and was {:.0}. {}",
            new.cost,
            old.cost,
            self.causes_words(Some(table))
        ))
    }

    /// What explains it: of the table first, then what both servers differ in.
    fn causes_words(&self, table: Option<&TableName>) -> String {
        let mut causes = Vec::new();
        for table in table.into_iter().flat_map(|table| self.new.tables_of(table)) {
            if self.lacks_statistics(table) {
                causes.push(format!("table {} was never analyzed", table.table_name()));
            }
            for name in self.missing_indexes(table).into_keys() {
                causes.push(format!("index \"{}\" of table {} is missing", one_line(&name), table.table_name()));
            }
        }
        if causes.is_empty() {
            causes.extend(self.settings.iter().map(|setting| format!("setting {}", setting_words(setting))));
        }
        if causes.is_empty() {
            "Nothing that was looked at explains it.".to_owned()
        } else {
            format!("Likely causes: {}.", causes.join("; "))
        }
    }
}

fn indexes_of_plans(plans: &StatementPlans) -> Vec<String> {
    let of_plan = |planned: &Planned| match planned {
        Planned::Plan(plan) => plan.nodes().into_iter().filter_map(|node| node.index.clone()).collect(),
        Planned::Refused(_) => Vec::new(),
    };
    plans.plans.values().flat_map(of_plan).collect()
}

/// What one sort may take, bytes.
fn memory(settings: &BTreeMap<String, Setting>) -> Option<f64> {
    let work_mem = settings.get("work_mem")?;
    work_mem.value.parse::<f64>().ok().filter(|kilobytes| *kilobytes > 0.0).map(|kilobytes| kilobytes * 1024.0)
}

/// The nodes of a plan with their tables and whether they use an index: what it is but for its figures. How rows are collected
/// from partitions and processes is no other plan.
fn outline(plan: &PlanNode) -> Vec<(String, Option<TableName>)> {
    const PASSING: [&str; 8] =
        ["Append", "Merge Append", "Gather", "Gather Merge", "Materialize", "Memoize", "Result", "Subquery Scan"];
    let mut nodes: Vec<(String, Option<TableName>)> = plan
        .nodes()
        .into_iter()
        .filter(|node| !PASSING.contains(&node.node.as_str()))
        .map(|node| (node.node.replace("Index Only Scan", "Index Scan"), node.table.clone()))
        .collect();
    nodes.sort();
    nodes.dedup();
    nodes
}
