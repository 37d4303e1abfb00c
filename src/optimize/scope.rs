//! Which tables the plan is about: policy patterns, partition trees as wholes, tables without usable identity.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cost::CostModel,
    finding::{Finding, Subject, code},
    names::{TableName, one_line, quote_identifier},
    plan::left_out,
    policy::{NoIdentity, Policy, PolicyError},
    server::ServerVersion,
    workload::{Excluded, Table, TableKind, Workload, identity::IdentityFlaw},
};

/// The tables to plan for, and what is said about the others.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Indices into the workload's tables, in its order.
    pub tables: Vec<usize>,
    /// What is left out, the workload's own exclusions included.
    pub excluded: Vec<Excluded>,
    /// Tables whose updates and deletes would be published, though nothing identifies their rows.
    pub no_identity: BTreeSet<TableName>,
    /// Tables published insert-only.
    pub insert_only: BTreeSet<TableName>,
    /// Tables that get replica identity full.
    pub made_full: BTreeSet<TableName>,
    /// What to know.
    pub findings: Vec<Finding>,
}

impl Scope {
    /// Leaves out partitioned tables without partitions, for versions whose publications list the partitions.
    pub fn leave_out_empty_trees(&mut self, workload: &Workload) {
        let roots: BTreeSet<&TableName> = workload.tables.iter().filter_map(|t| t.partition_root.as_ref()).collect();
        let is_empty = |table: &Table| table.kind == TableKind::Partitioned && !roots.contains(&table.table_name());
        for &index in self.tables.iter().filter(|&&index| is_empty(&workload.tables[index])) {
            let name = workload.tables[index].table_name();
            let reason = left_out::NO_PARTITIONS.into();
            self.excluded.push(Excluded { schema: name.schema, name: name.name, reason });
        }
        self.tables.retain(|&index| !is_empty(&workload.tables[index]));
        self.excluded.sort();
    }
}

/// Decides for every table whether it is in the plan.
///
/// # Errors
/// [`PolicyError::Contradiction`] when a partition is excluded but its root is published, [`PolicyError::MissingTable`]
/// when a per-table rule names a table that is not there.
pub fn scope(
    workload: &Workload,
    policy: &Policy,
    publisher: ServerVersion,
    subscriber: ServerVersion,
) -> Result<Scope, PolicyError> {
    let mut scope = Scope { excluded: workload.excluded.clone(), ..Scope::default() };
    let modes = identity_modes(workload, policy)?;
    let mut left_out: BTreeMap<TableName, String> = BTreeMap::new();
    for table in &workload.tables {
        let name = table.table_name();
        let decided_by = table.partition_root.clone().unwrap_or_else(|| name.clone());
        let reason = policy.exclusion(&decided_by);
        if let (None, Some(pattern)) = (&reason, policy.exclude.iter().find(|pattern| pattern.covers(&name))) {
            return Err(PolicyError::Contradiction {
                first: format!("exclude {}", pattern.0),
                second: format!("publish {decided_by} through its root"),
                reason: format!("partition {name} cannot be left out while its root is published"),
            });
        }
        if let Some(reason) = reason {
            left_out.insert(name, reason);
        }
    }
    for table in workload.tables.iter().filter(|table| table.kind != TableKind::Partitioned) {
        let Some(flaw) = table.identity_flaw(publisher, subscriber) else { continue };
        let name = table.table_name();
        if !left_out.contains_key(&name) {
            let mode = modes.get(&name).copied().unwrap_or(policy.no_identity);
            let full = table.full_identity_flaw(publisher, subscriber);
            settle_identity(table, &flaw, full.as_ref(), mode, &mut scope, &mut left_out);
        }
    }
    // A tree is published as a whole, so it is left out as a whole.
    let roots_out: BTreeSet<TableName> = workload
        .tables
        .iter()
        .filter(|table| left_out.contains_key(&table.table_name()))
        .filter_map(|table| table.partition_root.clone())
        .collect();
    for (index, table) in workload.tables.iter().enumerate() {
        let name = table.table_name();
        let root = table.partition_root.as_ref().unwrap_or(&name);
        let reason = left_out.get(&name).cloned().or_else(|| roots_out.contains(root).then(|| left_out::TREE.into()));
        match reason {
            Some(reason) => scope.excluded.push(Excluded { schema: name.schema, name: name.name, reason }),
            None => scope.tables.push(index),
        }
    }
    scope.excluded.sort();
    Ok(scope)
}

/// The tables whose replica identity becomes full: where a tree is published through its root, all its partitions with
/// one of them.
pub fn with_trees(workload: &Workload, scope: &Scope, policy: &Policy, cost: &CostModel) -> BTreeSet<TableName> {
    let mut made_full = scope.made_full.clone();
    if made_full.is_empty() || !through_root(cost) {
        return made_full;
    }
    let split: BTreeSet<TableName> = policy.split.keys().filter_map(|text| TableName::parse(text).ok()).collect();
    let tree = |table: &Table| table.partition_root.clone().filter(|root| !split.contains(root));
    let planned = || scope.tables.iter().map(|&index| &workload.tables[index]);
    let roots: BTreeSet<TableName> =
        planned().filter(|table| made_full.contains(&table.table_name())).filter_map(tree).collect();
    let others = planned().filter(|table| tree(table).is_some_and(|root| roots.contains(&root)));
    made_full.extend(others.map(Table::table_name));
    made_full
}

/// Whether the versions publish partition trees through their roots.
pub fn through_root(cost: &CostModel) -> bool {
    cost.publisher.publishes_partition_roots() && cost.subscriber.receives_into_partition_roots()
}

fn identity_modes(workload: &Workload, policy: &Policy) -> Result<BTreeMap<TableName, NoIdentity>, PolicyError> {
    let known: BTreeSet<TableName> = if policy.no_identity_tables.is_empty() {
        BTreeSet::new()
    } else {
        workload.tables.iter().map(Table::table_name).collect()
    };
    let mut modes = BTreeMap::new();
    for (text, mode) in &policy.no_identity_tables {
        match TableName::parse(text) {
            Ok(name) if known.contains(&name) => modes.insert(name, *mode),
            _ => {
                return Err(PolicyError::MissingTable { rule: "no_identity_tables".into(), table: text.clone() });
            }
        };
    }
    Ok(modes)
}

/// Where nothing identifies the rows of a table: what the policy wants for it. `full` is what stands against identity full.
fn settle_identity(
    table: &Table,
    flaw: &IdentityFlaw,
    full: Option<&IdentityFlaw>,
    mode: NoIdentity,
    scope: &mut Scope,
    left_out: &mut BTreeMap<TableName, String>,
) {
    let name = table.table_name();
    let columns: Vec<String> = flaw.columns().iter().map(|column| quote_identifier(column)).collect();
    let because = if columns.is_empty() { String::new() } else { format!(" (columns {})", columns.join(", ")) };
    let hint = format!(
        "Mend it on the publisher with: {} Or choose --no-identity exclude{}.",
        one_line(&mend(table, flaw)),
        if full.is_none() { ", insert-only or full" } else { " or insert-only; full does not help here" }
    );
    let subject = Subject::Table(name.clone());
    let refused = || {
        Finding::new(code::PL201, subject.clone(), format!("table has no usable replica identity{because}"))
            .detail(flaw.consequence())
    };
    let finding = match mode {
        NoIdentity::Refuse => {
            scope.no_identity.insert(name);
            refused()
        }
        NoIdentity::Full if full.is_some() => {
            scope.no_identity.insert(name);
            refused()
        }
        NoIdentity::Exclude => {
            left_out.insert(name, left_out::NO_IDENTITY.into());
            Finding::new(code::PL202, subject, "table without usable replica identity is left out")
        }
        NoIdentity::InsertOnly => {
            scope.insert_only.insert(name);
            Finding::new(code::PL203, subject, "table is published with insert and truncate only")
                .detail("Updates and deletes of it do not replicate. Right only if rows are never changed.")
        }
        NoIdentity::Full => {
            scope.made_full.insert(name);
            Finding::new(code::PL204, subject, "table gets replica identity full")
                .detail("Every UPDATE and DELETE logs the whole old row, and the subscriber may read the whole table to find it.")
        }
    };
    scope.findings.push(finding.hint(hint));
}

/// The statement that would give it a usable identity.
fn mend(table: &Table, flaw: &IdentityFlaw) -> String {
    let sql = table.table_name().to_sql();
    match (flaw, &table.usable_unique_index) {
        // its primary key is usable: only the columns of FULL are not
        (IdentityFlaw::GeneratedWhole(_), _) if table.primary_key && table.generated_key_columns.is_empty() => {
            format!("ALTER TABLE {sql} REPLICA IDENTITY DEFAULT;")
        }
        (_, Some(index)) => format!("ALTER TABLE {sql} REPLICA IDENTITY USING INDEX {};", quote_identifier(index)),
        (IdentityFlaw::GeneratedKey(_), None) => {
            format!(
                "a unique index on NOT NULL columns that are not generated, and ALTER TABLE {sql} REPLICA IDENTITY USING INDEX;"
            )
        }
        _ => format!("ALTER TABLE {sql} ADD PRIMARY KEY (...);"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        policy::Pattern,
        workload::tests::{table, workload},
    };

    fn scope(workload: &Workload, policy: &Policy) -> Result<Scope, PolicyError> {
        super::scope(workload, policy, ServerVersion(150_000), ServerVersion(180_000))
    }

    fn without_key(name: &str) -> Table {
        Table { primary_key: false, identity_columns: Vec::new(), ..table(name, 1.0) }
    }

    #[test]
    fn identity_modes_do_what_they_say() {
        let workload = workload(vec![table("a", 1.0), without_key("b")]);
        let run = |mode| scope(&workload, &Policy { no_identity: mode, ..Policy::default() }).unwrap();
        let refused = run(NoIdentity::Refuse);
        assert_eq!((refused.tables.len(), refused.findings[0].code.as_str()), (2, "PL201"));
        let excluded = run(NoIdentity::Exclude);
        assert_eq!((excluded.tables.len(), excluded.excluded[0].name.as_str()), (1, "b"));
        assert_eq!(run(NoIdentity::InsertOnly).insert_only.len(), 1);
        assert_eq!(run(NoIdentity::Full).made_full.len(), 1);
    }

    /// Full cannot mend what full is the reason of.
    #[test]
    fn full_is_no_way_out_where_it_is_refused() {
        let computed = Table { generated_columns: vec!["g".into()], ..without_key("a") };
        let documents = Table { columns_without_equality: vec!["j".into()], ..without_key("b") };
        let workload = workload(vec![computed, documents]);
        let full = scope(&workload, &Policy { no_identity: NoIdentity::Full, ..Policy::default() }).unwrap();
        assert!(full.made_full.is_empty());
        assert_eq!(full.no_identity.len(), 2);
        assert!(full.findings.iter().all(|finding| finding.code.as_str() == "PL201"));
    }

    #[test]
    fn per_table_rules_win() {
        let workload = workload(vec![without_key("a"), without_key("b")]);
        let mut policy = Policy { no_identity: NoIdentity::Full, ..Policy::default() };
        policy.no_identity_tables.insert("public.b".into(), NoIdentity::Exclude);
        let scope_of = scope(&workload, &policy).unwrap();
        assert_eq!(scope_of.tables, [0]);
        policy.no_identity_tables.insert("public.c".into(), NoIdentity::Exclude);
        assert!(matches!(scope(&workload, &policy), Err(PolicyError::MissingTable { .. })));
    }

    #[test]
    fn a_partition_follows_its_root() {
        let mut root = table("root", 0.0);
        root.kind = TableKind::Partitioned;
        let mut leaf = table("leaf", 1.0);
        leaf.kind = TableKind::Partition;
        leaf.partition_root = Some(root.table_name());
        let workload = workload(vec![root, leaf, table("other", 1.0)]);
        let exclude = |text: &str| Policy { exclude: vec![Pattern(text.into())], ..Policy::default() };
        assert_eq!(scope(&workload, &exclude("public.root")).unwrap().tables, [2]);
        assert!(matches!(scope(&workload, &exclude("public.leaf")), Err(PolicyError::Contradiction { .. })));
    }
}
