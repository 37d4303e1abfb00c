//! Row locks by foreign keys: an insert into a referencing table locks the referenced row, which writes a record into the
//! referenced table's WAL though none of its counters moves. On parents of busy tables that is all their WAL.
//!
//! Source: `RI_FKey_check` locks FOR KEY SHARE, `heap_lock_tuple` logs 54 bytes once for each transaction and row.

use std::collections::{BTreeMap, BTreeSet};

use super::{TableKind, snapshot::Catalog};
use crate::names::TableName;

/// WAL of one row lock, bytes: record and block header, `xl_heap_lock`.
pub const LOCK_WAL: f64 = 54.0;

/// A referenced table with at least this share of inserts among its referrers' is written with them.
const COMES_WITH_REFERRERS: f64 = 0.05;

/// Who locks whose rows: oids of ordinary tables and leaves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Referrers {
    /// By referenced table: the referencing tables, one entry for each foreign key, with the share of its locks that falls
    /// on this table (a leaf takes its part of its root's).
    by_table: BTreeMap<u32, Vec<(u32, f64)>>,
}

impl Referrers {
    /// From the catalog's foreign keys.
    pub fn new(catalog: &Catalog) -> Self {
        let mut leaves: BTreeMap<TableName, Vec<(u32, f64)>> = BTreeMap::new();
        let named: BTreeSet<TableName> = catalog.foreign_keys.iter().flat_map(|key| [key.from, key.to]).collect();
        for table in catalog.tables.iter().filter(|_| !named.is_empty()) {
            let name = match table.table.kind {
                TableKind::Partitioned => continue,
                TableKind::Partition => table.table.partition_root.clone().unwrap_or_else(|| table.table.table_name()),
                TableKind::Table => table.table.table_name(),
            };
            if named.contains(&name) {
                leaves.entry(name).or_default().push((table.oid, table.table.rows_estimate.max(1.0)));
            }
        }
        let mut by_table: BTreeMap<u32, Vec<(u32, f64)>> = BTreeMap::new();
        for key in catalog.foreign_keys.iter() {
            let (Some(from), Some(to)) = (leaves.get(&key.from), leaves.get(&key.to)) else { continue };
            let all: f64 = to.iter().map(|(_, rows)| rows).sum();
            for (referenced, rows) in to {
                let referring = from.iter().map(|(oid, _)| (*oid, rows / all));
                by_table.entry(*referenced).or_default().extend(referring);
            }
        }
        Referrers { by_table }
    }

    /// Whether other tables' inserts lock rows of this one.
    pub fn has(&self, table: u32) -> bool {
        self.by_table.contains_key(&table)
    }

    /// Inserts that lock a row of this table, given each referencing table's inserts.
    pub fn references(&self, table: u32, inserts: impl Fn(u32) -> f64) -> f64 {
        self.of(table).iter().map(|(from, share)| inserts(*from) * share).sum()
    }

    /// Row locks of a stretch of time, where WAL was not read: one for each insert, but never more than one for each
    /// transaction and row. Where the referenced rows come with the referring ones, as orders with their lines, each is
    /// locked once, by whichever comes first.
    pub fn modelled_locks(
        &self,
        table: u32,
        rows_estimate: f64,
        transactions: f64,
        inserts: impl Fn(u32) -> f64,
    ) -> f64 {
        let most = transactions * rows_estimate.max(1.0);
        let locks: f64 = self.of(table).iter().map(|(from, share)| (inserts(*from) * share).min(most)).sum();
        let own = inserts(table);
        if own >= COMES_WITH_REFERRERS * locks { locks.min(own) } else { locks }
    }

    /// The tables whose inserts lock rows of this one.
    pub fn tables(&self, table: u32) -> impl Iterator<Item = u32> {
        self.of(table).iter().map(|(from, _)| *from)
    }

    fn of(&self, table: u32) -> &[(u32, f64)] {
        self.by_table.get(&table).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_referenced_is_locked_in_its_leaves_by_their_rows() {
        use crate::{
            names::TableName,
            workload::{
                ForeignKey,
                snapshot::{CatalogTable, WidthSource},
                tests::table,
            },
        };
        let with = |oid: u32, name: &str, kind: TableKind, root: Option<&str>, rows_estimate: f64| {
            let mut table = table(name, 0.0);
            (table.kind, table.rows_estimate) = (kind, rows_estimate);
            table.partition_root = root.map(|root| TableName::new("public", root));
            CatalogTable {
                oid,
                table,
                indexes: Vec::new(),
                identity_width_bytes: 8.0,
                padding_bytes: 0.0,
                toast_ratio: None,
                toast_fill: None,
                text_width_bytes: None,
                width_source: WidthSource::Types,
            }
        };
        let catalog = Catalog {
            at: jiff::Timestamp::UNIX_EPOCH,
            tables: [
                with(1, "parent", TableKind::Partitioned, None, 0.0),
                with(2, "parent_a", TableKind::Partition, Some("parent"), 300.0),
                with(3, "parent_b", TableKind::Partition, Some("parent"), 100.0),
                with(4, "child", TableKind::Table, None, 0.0),
            ]
            .into_iter()
            .collect(),
            foreign_keys: [ForeignKey::new(TableName::new("public", "child"), TableName::new("public", "parent"), "k")]
                .into_iter()
                .collect(),
            excluded: Vec::new(),
            sequence_count: 0,
            large_object_count: 0,
            notes: Vec::new(),
        };
        let referrers = Referrers::new(&catalog);
        let inserts = |oid: u32| if oid == 4 { 1000.0 } else { 0.0 };
        assert_eq!(referrers.references(2, inserts), 750.0);
        assert_eq!(referrers.references(3, inserts), 250.0);
        assert!(!referrers.has(1) && !referrers.has(4), "a root has no rows of its own");
        assert_eq!(referrers.tables(2).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn locks_are_bounded_by_transactions_and_rows() {
        let referrers = Referrers { by_table: BTreeMap::from([(1, vec![(2, 1.0)])]) };
        let inserts = |oid: u32| if oid == 2 { 30_000.0 } else { 0.0 };
        // many small transactions: one lock an insert
        assert_eq!(referrers.modelled_locks(1, 2000.0, 30_000.0, inserts), 30_000.0);
        // one bulk load: each of 2,000 parents is locked once
        assert_eq!(referrers.modelled_locks(1, 2000.0, 1.0, inserts), 2000.0);
        // lines of 3,000 new orders in 3,000 transactions
        let inserts = |oid: u32| if oid == 2 { 30_000.0 } else { 3000.0 };
        assert_eq!(referrers.modelled_locks(1, 1e6, 3000.0, inserts), 3000.0);
        assert_eq!(referrers.references(1, inserts), 30_000.0);
        assert!(referrers.has(1) && !referrers.has(2));
    }
}
