//! One hot table over several slots (`--split table=N`): the leaves of a partition tree dealt out evenly, or the
//! rows of a plain table by row filters over its replica identity (docs/postgres.md, "Row filters").

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::{
    cost::{Confidence, CostModel, Share},
    names::TableName,
    policy::{Policy, PolicyError, Split},
    workload::{Table, TableKind, Workload},
};

/// One piece of a split table, for a slot of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The table: a partition root or a plain table.
    pub table: TableName,
    /// Tables whose rows it has, ascending: leaves, or the table itself.
    pub tables: Vec<usize>,
    /// Which of these rows.
    pub share: Share,
}

/// The parts of every table that the policy splits. Leaves are dealt out heaviest first, each to the part whose peak
/// grows least (vector-LPT; ties to the first part).
///
/// # Errors
/// [`PolicyError::MissingTable`] when the table is not there; [`PolicyError::Contradiction`] when it has fewer leaves
/// than parts, or cannot be split by row filters.
pub fn parts(workload: &Workload, scope: &Scope, policy: &Policy, cost: &CostModel) -> Result<Vec<Part>, PolicyError> {
    let mut parts: Vec<Part> = Vec::new();
    for (text, split) in &policy.split {
        let text = text.as_str();
        let missing = || PolicyError::MissingTable { rule: "split".into(), table: text.into() };
        let name = TableName::parse(text).map_err(|_| missing())?;
        let index = scope.tables.iter().find(|&&index| workload.tables[index].table_name() == name);
        let index = *index.ok_or_else(missing)?;
        if parts.iter().any(|part| part.table == name) {
            return Err(refused(text, *split, "the same table is split twice"));
        }
        if workload.tables[index].kind == TableKind::Partitioned {
            parts.extend(leaf_parts(workload, scope, cost, (text, *split), &name)?);
        } else {
            check_filterable(workload, scope, cost, (text, *split), index)?;
            let share = |number| Share { number, of: split.parts };
            parts.extend((0..split.parts).map(|number| Part {
                table: name.clone(),
                tables: vec![index],
                share: share(number),
            }));
        }
    }
    Ok(parts)
}

fn refused(text: &str, split: Split, reason: &str) -> PolicyError {
    PolicyError::Contradiction {
        first: format!("split {text} = {}", split.parts),
        second: "the table".into(),
        reason: reason.into(),
    }
}

fn leaf_parts(
    workload: &Workload,
    scope: &Scope,
    cost: &CostModel,
    (text, split): (&str, Split),
    root: &TableName,
) -> Result<Vec<Part>, PolicyError> {
    let buckets = workload.observed_buckets();
    let context = cost.context(workload, Confidence::Nominal, &buckets);
    let types =
        workload.tables.iter().find(|table| table.table_name() == *root).map(|table| &table.partition_hash_types);
    if let Some(types) = types.filter(|types| !types.is_empty()) {
        let reason = format!(
            "its rows are dealt out by hashes of type {}, which differ from server to server: it must be published through its root",
            types.join(", ")
        );
        return Err(refused(text, split, &reason));
    }
    let leaf = |&&index: &&usize| workload.tables[index].partition_root.as_ref() == Some(root);
    let leaves: Vec<usize> = scope.tables.iter().filter(leaf).copied().collect();
    if leaves.len() < split.parts as usize {
        let reason = format!("it has {} partitions, and each part needs at least one", leaves.len());
        return Err(refused(text, split, &reason));
    }
    let rows: BTreeMap<usize, Vec<u64>> = leaves
        .iter()
        .map(|&index| {
            let mut row = vec![0; cost.dimension_count(&context)];
            cost.add_table_loads(&context, &workload.tables[index], &mut row);
            (index, row)
        })
        .collect();
    let dealt = deal(&rows, split.parts as usize).into_iter();
    Ok(dealt.map(|tables| Part { table: root.clone(), tables, share: Share::WHOLE }).collect())
}

/// Why row filters cannot split a table, if they cannot: a filter may use columns of the replica identity only, since
/// the application's own UPDATE and DELETE would fail otherwise (SQLSTATE 42P10).
pub fn not_filterable(table: &Table, cost: &CostModel) -> Option<String> {
    let versions = [("publisher", cost.publisher), ("subscriber", cost.subscriber)];
    if let Some((side, version)) = versions.iter().find(|(_, version)| !version.has_row_filters()) {
        return Some(format!("row filters need version 15, but the {side} is {version}"));
    }
    if table.kind == TableKind::Partition {
        return Some("it is a partition; split its root".into());
    }
    if !table.inherits.is_empty() {
        return Some("it inherits from another table, and is published with it".into());
    }
    table
        .filter_columns()
        .is_empty()
        .then(|| "no column is known to identify a row; a primary key or a chosen unique index is needed".into())
}

fn check_filterable(
    workload: &Workload,
    scope: &Scope,
    cost: &CostModel,
    (text, split): (&str, Split),
    index: usize,
) -> Result<(), PolicyError> {
    let table = &workload.tables[index];
    if let Some(reason) = not_filterable(table, cost) {
        return Err(refused(text, split, &reason));
    }
    if scope.insert_only.contains(&table.table_name()) {
        return Err(refused(text, split, "it is published insert-only"));
    }
    Ok(())
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
                let grown = parts[part].0.iter().zip(row).map(|(a, b)| a.saturating_add(*b)).max().unwrap_or(0);
                (!parts[part].1.is_empty(), grown, parts[part].1.len(), part)
            })
            .expect("a split has at least two parts");
        parts[best].0.iter_mut().zip(row).for_each(|(sum, load)| *sum = sum.saturating_add(*load));
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

    #[test]
    fn a_plain_table_is_split_by_rows_where_it_can_be() {
        use crate::workload::tests::{table, workload};
        let mut bare = table("bare", 1.0);
        bare.identity_columns.clear();
        let workload = workload(vec![bare, table("hot", 8.0)]);
        let mut cost = CostModel {
            measure: crate::policy::Measure::Wal,
            coefficients: Default::default(),
            publisher: crate::server::ServerVersion::of_major(15),
            subscriber: crate::server::ServerVersion::of_major(15),
            made_full: Default::default(),
        };
        let scope = Scope { tables: vec![0, 1], ..Scope::default() };
        let policy =
            |text: &str| Policy { split: BTreeMap::from([(text.to_owned(), Split { parts: 3 })]), ..Policy::default() };
        let made = parts(&workload, &scope, &policy("hot"), &cost).unwrap();
        assert_eq!(made.iter().map(|part| part.share.number).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(made.iter().all(|part| part.tables == [1] && part.share.of == 3));
        let message =
            |text: &str, cost: &CostModel| parts(&workload, &scope, &policy(text), cost).unwrap_err().to_string();
        assert!(message("bare", &cost).contains("no column is known to identify a row"));
        let mut full = workload.clone();
        full.tables[1].replica_identity = crate::workload::ReplicaIdentity::Full;
        let refused = parts(&full, &scope, &policy("hot"), &cost).unwrap_err().to_string();
        assert!(refused.contains("no column is known to identify a row"), "{refused}");
        full.tables[1].full_key_columns = vec!["id".into()];
        assert_eq!(parts(&full, &scope, &policy("hot"), &cost).unwrap().len(), 3);
        let mut tree = workload.clone();
        tree.tables[1].kind = TableKind::Partitioned;
        tree.tables[1].partition_hash_types = vec!["mood".into()];
        let refused = parts(&tree, &scope, &policy("hot"), &cost).unwrap_err().to_string();
        assert!(refused.contains("hashes of type mood"), "{refused}");
        cost.subscriber = crate::server::ServerVersion::of_major(14);
        assert!(message("hot", &cost).contains("row filters need version 15, but the subscriber is 14"));
    }
}
