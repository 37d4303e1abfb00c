//! Plans of the heaviest statements on two servers: how they differ in shape, and what explains it.
//!
//! A plan of the same shape is none to speak of, whatever it costs. A table that is read whole where an index was used, an
//! inner side that runs for many more rows, a sort that no longer fits into memory are; the cause is looked for among what both
//! servers differ in: indexes, statistics, settings.

mod differences;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Baseline, BaselineServer, Setting, StatementFigures,
    shape::PlanNode,
    text::{Plannable, Statement, Unplannable},
};
use crate::{
    finding::Finding,
    format::{Document, FormatError, TOOL},
    names::TableName,
};

/// A file may hold so many plans.
pub const MOST_PLANS: usize = 1_000;

/// Plans of statements on one server, in a file that a later `explain` takes in place of a server that is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatementPlans {
    /// `statement_plans`.
    pub kind: String,
    /// 1.
    pub version: u64,
    /// Who wrote the file.
    pub tool: String,
    /// The server that planned.
    pub server: BaselineServer,
    /// Database.
    pub database: String,
    /// Plans by the text of their statement.
    pub plans: BTreeMap<String, Planned>,
    /// Tables that the plans read.
    pub tables: Vec<PlannedTable>,
    /// Settings that plans depend on, as the login has them.
    pub settings: BTreeMap<String, Setting>,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Planned {
    /// The plan.
    Plan(PlanNode),
    /// Why there is none, in the server's words.
    Refused(String),
}

/// A table of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedTable {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// The topmost table that it is a partition of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<TableName>,
    /// Size of the table itself, bytes.
    pub bytes: f64,
    /// Whether the planner has statistics of its columns; absent where the login cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_statistics: Option<bool>,
    /// Valid indexes: definition without name and table, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub indexes: BTreeMap<String, String>,
}

impl PlannedTable {
    /// Its name.
    pub fn table_name(&self) -> TableName {
        TableName::new(&self.schema, &self.name)
    }
}

impl Document for StatementPlans {
    const KIND: &'static str = "statement_plans";
    const VERSION: u64 = 1;

    fn validate(&self) -> Result<(), FormatError> {
        if self.plans.len() > MOST_PLANS {
            return Err(FormatError::content(
                Self::KIND,
                format!("it has {} plans, more than {MOST_PLANS}", self.plans.len()),
            ));
        }
        Ok(())
    }
}

impl StatementPlans {
    /// Plans of a server.
    pub fn new(server: BaselineServer, database: String) -> Self {
        StatementPlans {
            kind: Self::KIND.to_owned(),
            version: Self::VERSION,
            tool: TOOL.to_owned(),
            server,
            database,
            plans: BTreeMap::new(),
            tables: Vec::new(),
            settings: BTreeMap::new(),
        }
    }

    /// Roots of the partitions among its tables.
    fn roots(&self) -> BTreeMap<TableName, TableName> {
        let root = |table: &PlannedTable| Some((table.table_name(), table.root.clone()?));
        self.tables.iter().filter_map(root).collect()
    }

    fn table(&self, name: &TableName) -> Option<&PlannedTable> {
        self.tables.iter().find(|table| table.table_name() == *name)
    }

    /// A table, and its partitions if it is the root of some.
    fn tables_of(&self, name: &TableName) -> impl Iterator<Item = &PlannedTable> {
        self.tables.iter().filter(move |table| table.root.as_ref() == Some(name) || table.table_name() == *name)
    }
}

/// Texts of statements, each with what it was found to be.
type Named<T> = Vec<(String, T)>;

/// The statements that took most time and can be planned; and those that cannot, with the reason.
pub fn heaviest(baseline: &Baseline, count: usize) -> (Named<Plannable>, Named<Unplannable>) {
    let (mut wanted, mut others) = (Vec::new(), Vec::new());
    let mut statements: Vec<&StatementFigures> = baseline.statements().iter().collect();
    statements.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
    for statement in statements {
        if wanted.len() + others.len() >= count.min(MOST_PLANS) {
            break;
        }
        match Statement::new(&statement.text).plannable() {
            Ok(plannable) => wanted.push((statement.text.clone(), plannable)),
            // a COMMIT takes time, but has no plan that could change
            Err(Unplannable::Utility(_)) => {}
            Err(reason) => others.push((statement.text.clone(), reason)),
        }
    }
    (wanted, others)
}

/// One statement's plans beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanPair {
    /// The statement.
    pub text: String,
    /// Time that it took in the window, milliseconds a second.
    pub ms_per_s: f64,
    /// On the old server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Planned>,
    /// On the new server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Planned>,
    /// How they differ, in words; the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

/// Plans beside each other, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// `explanation`.
    pub kind: String,
    /// 1.
    pub version: u64,
    /// Who wrote it.
    pub tool: String,
    /// Database.
    pub database: String,
    /// Statements, the heaviest first.
    pub statements: Vec<PlanPair>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Document for Explanation {
    const KIND: &'static str = "explanation";
    const VERSION: u64 = 1;
}

/// The statements of a baseline as both servers plan them; without the old server's plans what can be said without them.
pub fn explain(
    baseline: &Baseline,
    old: Option<&StatementPlans>,
    new: &StatementPlans,
    unplannable: &[(String, Unplannable)],
) -> Explanation {
    let (statements, findings) = differences::find(baseline, old, new, unplannable);
    Explanation {
        kind: Explanation::KIND.to_owned(),
        version: Explanation::VERSION,
        tool: TOOL.to_owned(),
        database: new.database.clone(),
        statements,
        findings,
    }
}

#[cfg(test)]
mod tests;
