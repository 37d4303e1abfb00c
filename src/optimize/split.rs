//! One hot table over several slots (contract `--split table=N`): the leaves of a partition tree dealt out evenly.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::{
    cost::{Confidence, CostModel},
    names::TableName,
    policy::{Policy, PolicyError},
    workload::{TableKind, Workload},
};

/// The leaves of every partition tree that the policy splits, dealt into as many parts: heaviest leaf first, each to
/// the part whose peak grows least (vector-LPT; ties to the first part).
///
/// # Errors
/// [`PolicyError::MissingTable`] when the table is not there; [`PolicyError::Contradiction`] when it is not a partition
/// root or has fewer leaves than parts.
pub fn leaf_parts(
    workload: &Workload,
    scope: &Scope,
    policy: &Policy,
    cost: &CostModel,
) -> Result<Vec<(TableName, Vec<usize>)>, PolicyError> {
    let mut parts = Vec::new();
    if policy.split.is_empty() {
        return Ok(parts);
    }
    let buckets = workload.observed_buckets();
    let context = cost.context(workload, Confidence::Nominal, &buckets);
    for (text, split) in &policy.split {
        let missing = || PolicyError::MissingTable { rule: "split".into(), table: text.clone() };
        let name = TableName::parse(text).map_err(|_| missing())?;
        let root =
            scope.tables.iter().find(|&&index| workload.tables[index].table_name() == name).ok_or_else(missing)?;
        let leaves: Vec<usize> = scope
            .tables
            .iter()
            .copied()
            .filter(|&index| workload.tables[index].partition_root.as_ref() == Some(&name))
            .collect();
        if workload.tables[*root].kind != TableKind::Partitioned || leaves.len() < split.parts as usize {
            return Err(PolicyError::Contradiction {
                first: format!("split {text} = {}", split.parts),
                second: "the table".into(),
                reason: format!(
                    "it has {} partitions, and a slot for each part needs at least one; tables that are not partitioned cannot be split by this version",
                    leaves.len()
                ),
            });
        }
        let rows: BTreeMap<usize, Vec<u64>> = leaves
            .iter()
            .map(|&index| {
                let mut row = vec![0; cost.dimension_count(&context)];
                cost.add_table_loads(&context, &workload.tables[index], &mut row);
                (index, row)
            })
            .collect();
        parts.extend(deal(&rows, split.parts as usize).into_iter().map(|leaves| (name.clone(), leaves)));
    }
    Ok(parts)
}

fn deal(rows: &BTreeMap<usize, Vec<u64>>, part_count: usize) -> Vec<Vec<usize>> {
    let peak = |row: &[u64]| row.iter().copied().max().unwrap_or(0);
    let mut order: Vec<usize> = rows.keys().copied().collect();
    order.sort_by(|a, b| peak(&rows[b]).cmp(&peak(&rows[a])).then(a.cmp(b)));
    let width = rows.values().next().map_or(0, Vec::len);
    let mut parts: Vec<(Vec<u64>, Vec<usize>)> = vec![(vec![0; width], Vec::new()); part_count];
    for index in order {
        let row = &rows[&index];
        let best = (0..part_count)
            .min_by_key(|&part| {
                let grown = parts[part].0.iter().zip(row).map(|(a, b)| a + b).max().unwrap_or(0);
                (!parts[part].1.is_empty(), grown, parts[part].1.len(), part)
            })
            .expect("a split has at least two parts");
        parts[best].0.iter_mut().zip(row).for_each(|(sum, load)| *sum += load);
        parts[best].1.push(index);
    }
    parts
        .into_iter()
        .map(|(_, mut leaves)| {
            leaves.sort_unstable();
            leaves
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_dealt_evenly_and_no_part_is_empty() {
        let rows = BTreeMap::from([(3, vec![5]), (4, vec![4]), (5, vec![3]), (6, vec![0]), (7, vec![2])]);
        assert_eq!(deal(&rows, 2), [[3, 6, 7].to_vec(), [4, 5].to_vec()]);
        let idle = BTreeMap::from([(0, vec![0]), (1, vec![0]), (2, vec![0])]);
        assert!(deal(&idle, 3).iter().all(|part| part.len() == 1));
    }
}
