//! The shape of a plan: its nodes without figures that differ by the hour, read from `EXPLAIN (FORMAT JSON, VERBOSE)`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::TableName;

/// A plan deeper or longer than this is no plan of a statement.
const MOST_NODES: usize = 20_000;
const MOST_DEPTH: usize = 200;

/// One node with what is below it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanNode {
    /// `Index Scan`, `Hash Join`.
    pub node: String,
    /// The table that it reads or writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableName>,
    /// The index that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Rows that the planner expects.
    pub rows: f64,
    /// Bytes of a row.
    pub width: f64,
    /// Cost of all of it, in the planner's unit.
    pub cost: f64,
    /// It runs once for each row of another node.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_inner: bool,
    /// Children, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<PlanNode>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Why an answer is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Not what EXPLAIN writes.
    #[error("the server's plan cannot be read: {0}")]
    Form(&'static str),
}

impl PlanNode {
    /// Of what EXPLAIN (FORMAT JSON, VERBOSE) writes.
    ///
    /// # Errors
    /// [`ShapeError`].
    pub fn from_json(text: &str) -> Result<Self, ShapeError> {
        let value: Value = serde_json::from_str(text).map_err(|_| ShapeError::Form("it is not JSON"))?;
        let plan = value.get(0).and_then(|first| first.get("Plan")).ok_or(ShapeError::Form("it has no plan"))?;
        let mut count = 0;
        node(plan, 0, &mut count)
    }

    /// This node and all below it.
    pub fn nodes(&self) -> Vec<&PlanNode> {
        let mut nodes = vec![self];
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            let node: &PlanNode = node;
            nodes.extend(&node.children);
            at += 1;
        }
        nodes
    }

    /// A scan of a whole table.
    pub fn is_sequential(&self) -> bool {
        matches!(self.node.as_str(), "Seq Scan" | "Sample Scan") && self.table.is_some()
    }

    /// Bytes that it keeps in memory, where it keeps rows there: a sort, or the hash of a join.
    pub fn kept_bytes(&self) -> Option<f64> {
        const OVERHEAD: f64 = 24.0;
        matches!(self.node.as_str(), "Sort" | "Hash").then(|| self.rows * (self.width + OVERHEAD))
    }

    /// How it is drawn: one line a node, indented.
    pub fn drawn(&self) -> String {
        let mut out = String::new();
        self.draw(0, &mut out);
        out
    }

    fn draw(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth.min(20));
        let of = self.table.as_ref().map(|table| format!(" on {table}")).unwrap_or_default();
        let by =
            self.index.as_ref().map(|index| format!(" using {}", crate::names::one_line(index))).unwrap_or_default();
        out.push_str(&format!(
            "{indent}{}{by}{of}  (cost {:.0}, rows {:.0})\n",
            crate::names::one_line(&self.node),
            self.cost,
            self.rows
        ));
        self.children.iter().for_each(|child| child.draw(depth + 1, out));
    }

    /// How each table is read; leaves of a partition tree together under its root.
    pub fn accesses(&self, roots: &BTreeMap<TableName, TableName>) -> BTreeMap<TableName, Access> {
        let mut accesses: BTreeMap<TableName, Access> = BTreeMap::new();
        for node in self.nodes() {
            // the index of a bitmap is named by a node without its table
            let Some(table) = &node.table else { continue };
            let access = accesses.entry(roots.get(table).unwrap_or(table).clone()).or_default();
            if node.is_sequential() {
                access.is_sequential = true;
            }
            let of_bitmap = node.children.iter().flat_map(PlanNode::nodes).filter(|child| child.table.is_none());
            let indexes = [node].into_iter().chain(of_bitmap).filter_map(|node| node.index.clone());
            access.indexes.extend(indexes);
            if !node.node.starts_with("ModifyTable") {
                access.rows = access.rows.max(node.rows);
            }
        }
        accesses
    }

    /// Nested loops: rows of the outer side, and the tables of the inner one.
    pub fn loops(&self) -> Vec<(f64, BTreeSet<TableName>)> {
        let is_loop = |node: &&&PlanNode| node.node == "Nested Loop" && node.children.len() >= 2;
        let nodes = self.nodes();
        let loops = nodes.iter().filter(is_loop).map(|node| {
            let inner = node.children[1].nodes();
            (node.children[0].rows, inner.iter().filter_map(|node| node.table.clone()).collect())
        });
        loops.collect()
    }
}

/// How one table is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Access {
    /// All of it, somewhere in the plan.
    pub is_sequential: bool,
    /// By these indexes.
    pub indexes: BTreeSet<String>,
    /// The most rows that a node expects of it.
    pub rows: f64,
}

fn node(value: &Value, depth: usize, count: &mut usize) -> Result<PlanNode, ShapeError> {
    *count += 1;
    if depth > MOST_DEPTH || *count > MOST_NODES {
        return Err(ShapeError::Form("it is too large"));
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| value.get(key).and_then(Value::as_f64).filter(|n| n.is_finite()).unwrap_or(0.0).max(0.0);
    let schema = text("Schema");
    let table = text("Relation Name").map(|name| TableName::new(schema.unwrap_or_default(), name));
    let below = value.get("Plans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(PlanNode {
        node: text("Node Type").ok_or(ShapeError::Form("a node has no type"))?,
        table,
        index: text("Index Name"),
        rows: number("Plan Rows"),
        width: number("Plan Width"),
        cost: number("Total Cost"),
        is_inner: text("Parent Relationship").as_deref() == Some("Inner"),
        children: below.iter().map(|child| node(child, depth + 1, count)).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"[{"Plan": {"Node Type": "Nested Loop", "Total Cost": 9.5, "Plan Rows": 7, "Plan Width": 8, "Plans": [
        {"Node Type": "Bitmap Heap Scan", "Parent Relationship": "Outer", "Relation Name": "orders_1", "Schema": "app", "Plan Rows": 40,
         "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "by_customer"}]},
        {"Node Type": "Seq Scan", "Parent Relationship": "Inner", "Relation Name": "items", "Schema": "app", "Plan Rows": 3}]}}]"#;

    #[test]
    fn a_plan_is_read_as_its_nodes() {
        let plan = PlanNode::from_json(PLAN).unwrap();
        let name = |name: &str| TableName::new("app", name);
        let accesses = plan.accesses(&BTreeMap::from([(name("orders_1"), name("orders"))]));
        assert_eq!(accesses[&name("orders")].indexes, BTreeSet::from(["by_customer".to_owned()]));
        assert!(accesses[&name("items")].is_sequential && !accesses[&name("orders")].is_sequential);
        assert_eq!(plan.loops(), [(40.0, BTreeSet::from([name("items")]))]);
        assert_eq!(plan.nodes().len(), 4);
        assert!(plan.drawn().starts_with("Nested Loop  (cost 10, rows 7)\n  Bitmap Heap Scan on app.orders_1"));
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        for text in ["", "{}", "[]", "[{\"Plan\": {}}]", "[{\"Plan\": 7}]"] {
            assert!(PlanNode::from_json(text).is_err(), "{text}");
        }
        let deep = "{\"Node Type\": \"x\", \"Plans\": [".repeat(500) + &"]}".repeat(500);
        assert!(PlanNode::from_json(&format!("[{{\"Plan\": {deep}}}]")).is_err());
    }
}
