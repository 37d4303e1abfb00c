//! Foreign keys and co-writes as a weighted graph over tables (petgraph).

use std::collections::BTreeMap;

use petgraph::graphmap::UnGraphMap;

use crate::{
    names::TableName,
    policy::{Policy, PolicyError},
    workload::Workload,
};

/// What joins two tables.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Joint {
    /// Policy weight of the pair, 0 when no foreign key joins it.
    pub weight: u64,
    /// Transactions per second that write both.
    pub transactions_per_s: f64,
}

/// Tables as nodes (indices into the workload), pairs as edges. Self references are not in it.
#[derive(Debug)]
pub struct FkGraph {
    graph: UnGraphMap<u32, Joint>,
    co_writes_per_s: f64,
}

impl FkGraph {
    /// Reads the pairs whose tables are both in the workload.
    ///
    /// # Errors
    /// [`PolicyError::MissingTable`] when an edge weight names a table that is not there.
    pub fn new(workload: &Workload, policy: &Policy) -> Result<Self, PolicyError> {
        let index: BTreeMap<TableName, u32> =
            workload.tables.iter().enumerate().map(|(index, table)| (table.table_name(), index as u32)).collect();
        let weights = edge_weights(policy, &index)?;
        let mut graph = UnGraphMap::new();
        for key in &workload.foreign_keys {
            if let (Some(&a), Some(&b)) = (index.get(&key.from), index.get(&key.to))
                && a != b
            {
                let weight = weights.get(&(a.min(b), a.max(b))).copied().unwrap_or(1);
                graph.add_edge(a, b, Joint { weight, transactions_per_s: 0.0 });
            }
        }
        let mut co_writes_per_s = 0.0;
        for pair in &workload.co_writes {
            if let (Some(&a), Some(&b)) = (index.get(&pair.a), index.get(&pair.b))
                && a != b
            {
                let weight = graph.edge_weight(a, b).map_or(0, |joint: &Joint| joint.weight);
                graph.add_edge(a, b, Joint { weight, transactions_per_s: pair.transactions_per_s });
                co_writes_per_s += pair.transactions_per_s;
            }
        }
        Ok(FkGraph { graph, co_writes_per_s })
    }

    /// All pairs, smaller index first, in order.
    pub fn pairs(&self) -> Vec<(u32, u32, Joint)> {
        let mut pairs: Vec<(u32, u32, Joint)> =
            self.graph.all_edges().map(|(a, b, joint)| (a.min(b), a.max(b), *joint)).collect();
        pairs.sort_by_key(|(a, b, _)| (*a, *b));
        pairs
    }

    /// What cutting a pair costs the search: foreign keys first, co-writes only where those are equal. Whole numbers:
    /// a foreign key is 1000 times its weight, all co-writes together are at most 999 and each at least 1.
    pub fn search_weight(&self, joint: &Joint) -> u64 {
        let co_write = if joint.transactions_per_s > 0.0 && self.co_writes_per_s > 0.0 {
            ((joint.transactions_per_s / self.co_writes_per_s * 999.0) as u64).max(1)
        } else {
            0
        };
        joint.weight * 1000 + co_write
    }
}

fn edge_weights(policy: &Policy, index: &BTreeMap<TableName, u32>) -> Result<BTreeMap<(u32, u32), u64>, PolicyError> {
    let find = |text: &str| {
        TableName::parse(text)
            .ok()
            .and_then(|name| index.get(&name).copied())
            .ok_or_else(|| PolicyError::MissingTable { rule: "edge_weights".into(), table: text.to_owned() })
    };
    let mut weights = BTreeMap::new();
    for edge in &policy.edge_weights {
        let (a, b) = (find(&edge.a)?, find(&edge.b)?);
        weights.insert((a.min(b), a.max(b)), edge.weight);
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        policy::EdgeWeight,
        workload::{
            CoWrite, ForeignKey,
            tests::{table, workload},
        },
    };

    fn key(from: &str, to: &str, name: &str) -> ForeignKey {
        ForeignKey::new(TableName::new("public", from), TableName::new("public", to), name)
    }

    #[test]
    fn pairs_count_once_and_self_references_never() {
        let mut workload = workload(vec![table("a", 1.0), table("b", 1.0), table("c", 1.0)]);
        workload.foreign_keys = vec![key("a", "b", "x"), key("b", "a", "y"), key("a", "a", "z")];
        workload.co_writes.push(CoWrite {
            a: TableName::new("public", "a"),
            b: TableName::new("public", "c"),
            transactions_per_s: 5.0,
        });
        let mut policy = Policy::default();
        policy.edge_weights.push(EdgeWeight { a: "public.b".into(), b: "public.a".into(), weight: 7 });
        let graph = FkGraph::new(&workload, &policy).unwrap();
        let pairs = graph.pairs();
        assert_eq!(pairs.len(), 2);
        assert_eq!((pairs[0].0, pairs[0].1, pairs[0].2.weight), (0, 1, 7));
        assert_eq!(graph.search_weight(&pairs[0].2), 7000);
        assert_eq!(graph.search_weight(&pairs[1].2), 999);
    }
}
