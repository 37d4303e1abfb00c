//! What a member of a publication stands for: the tables whose rows it has, and the relations that the subscriber writes.

use super::{PlannedSlot, PlannedTable, Publishes};
use crate::{names::TableName, workload::TableKind};

/// One publication of a slot.
#[derive(Debug, Clone)]
pub struct PlannedPublication<'a> {
    /// Whose.
    pub slot: &'a PlannedSlot,
    /// Its name; absent when the slot has none for insert-only members, though it has such members.
    pub name: Option<&'a str>,
    /// What it publishes.
    pub publishes: Publishes,
    /// Its members, at least one, in the order of the plan.
    pub tables: Vec<&'a PlannedTable>,
}

impl PlannedTable {
    /// The tables of the workload whose rows it has: itself, and the leaves behind it.
    pub fn with_leaves(&self) -> impl Iterator<Item = TableName> {
        std::iter::once(self.table_name()).chain(self.leaves.iter().cloned())
    }
}

impl PlannedSlot {
    /// The relations that a member becomes on the subscriber: a root that is published as one is one, otherwise each of its
    /// leaves is.
    pub fn received(&self, table: &PlannedTable) -> Vec<TableName> {
        if table.kind == TableKind::Partitioned && !self.via_root {
            table.leaves.clone()
        } else {
            vec![table.table_name()]
        }
    }

    /// The slot's publications: its own, then the one for insert-only members; none is without members.
    pub fn publications(&self) -> Vec<PlannedPublication<'_>> {
        let both = [(false, Some(&self.publication)), (true, self.insert_only_publication.as_ref())];
        both.into_iter()
            .filter_map(|(insert_only, name)| {
                let tables: Vec<&PlannedTable> =
                    self.tables.iter().filter(|table| table.insert_only == insert_only).collect();
                let publishes = Publishes::of_table(self, tables.first()?);
                Some(PlannedPublication { slot: self, name: name.map(String::as_str), publishes, tables })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::tests::{slot, table};

    #[test]
    fn a_root_is_received_as_one_or_leaf_by_leaf() {
        let leaves = vec![TableName::new("s", "p1"), TableName::new("s", "p2")];
        let root = PlannedTable { kind: TableKind::Partitioned, leaves: leaves.clone(), ..table("s", "p") };
        let mut made = slot("a", vec![root.clone(), table("s", "t")]);
        made.via_root = true;
        assert_eq!(made.received(&root), [TableName::new("s", "p")]);
        made.via_root = false;
        assert_eq!(made.received(&root), leaves);
        assert_eq!(made.received(&made.tables[1]), [TableName::new("s", "t")]);
        assert_eq!(root.with_leaves().count(), 3);
    }

    #[test]
    fn insert_only_members_are_in_a_publication_of_their_own() {
        let mut made = slot("a", vec![table("s", "t"), PlannedTable { insert_only: true, ..table("s", "u") }]);
        made.insert_only_publication = Some("a_ins".into());
        let found: Vec<_> = made
            .publications()
            .into_iter()
            .map(|published| (published.name, published.publishes.to_list(), published.tables.len()))
            .collect();
        let (all, some) = ("insert, update, delete, truncate".to_owned(), "insert, truncate".to_owned());
        assert_eq!(found, [(Some("a"), all, 1), (Some("a_ins"), some, 1)]);
        made.tables.remove(0);
        assert_eq!(made.publications().len(), 1);
    }
}
