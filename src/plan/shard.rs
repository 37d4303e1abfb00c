//! A table split by row filters: which rows each shard has, as an expression that the server accepts (docs/postgres.md,
//! "Row filters").
//!
//! `hash_array(ARRAY[column])` is immutable, built in, and takes every built-in type, so the type need not be known. It
//! gives negative numbers too: they are masked, never made positive with `abs`, which fails for the smallest of them
//! and would stop the slot forever. Key columns are NOT NULL, so every row is in one shard and no row in two.

use super::PlannedTable;
use crate::{cost::Share, names::quote_identifier};

/// One shard: rows whose hashed key leaves the remainder `share.number` modulo `share.of`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard<'a> {
    /// Columns of the replica identity; never empty.
    pub columns: &'a [String],
    /// Which rows.
    pub share: Share,
}

impl<'a> Shard<'a> {
    /// The filter, an expression without `WHERE`.
    pub fn to_filter(&self) -> String {
        let hashes: Vec<String> =
            self.columns.iter().map(|column| format!("hash_array(ARRAY[{}])", quote_identifier(column))).collect();
        let hash = if hashes.len() == 1 { hashes[0].clone() } else { format!("({})", hashes.join(" # ")) };
        let Share { number, of } = self.share;
        if of.is_power_of_two() {
            format!("({hash} & {}) = {number}", of - 1)
        } else {
            format!("(({hash}::bigint & 2147483647) % {of}) = {number}")
        }
    }

    /// The shard that a planned table is, if its filter is one of ours over its whole replica identity.
    pub fn of(table: &'a PlannedTable) -> Option<Self> {
        let filter = table.row_filter.as_deref()?;
        let (head, number) = filter.rsplit_once(" = ")?;
        let (_, last) = head.trim_end_matches(')').rsplit_once(' ')?;
        let last: u32 = last.parse().ok()?;
        let number: u32 = number.parse().ok()?;
        let found = [last.checked_add(1)?, last]
            .into_iter()
            .filter(|&of| of >= 2 && number < of)
            .map(|of| Shard { columns: &table.identity_columns, share: Share { number, of } })
            .find(|shard| shard.to_filter() == filter)?;
        (!found.columns.is_empty()).then_some(found)
    }
}

impl PlannedTable {
    /// Which part of the table's rows this member has: all of them unless it is a shard.
    pub fn share(&self) -> Share {
        Shard::of(self).map_or(Share::WHOLE, |shard| shard.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{ReplicaIdentity, TableKind};

    fn member(columns: &[String], filter: String) -> PlannedTable {
        PlannedTable {
            schema: "public".into(),
            name: "hot".into(),
            kind: TableKind::Table,
            only: false,
            identity: ReplicaIdentity::Default,
            identity_columns: columns.to_vec(),
            set_identity: false,
            insert_only: false,
            row_filter: Some(filter),
            copy_bytes: 0,
            leaves: Vec::new(),
            partition_root: None,
        }
    }

    #[test]
    fn filters_by_hand() {
        let filter = |columns: &[String], number, of| Shard { columns, share: Share { number, of } }.to_filter();
        assert_eq!(filter(&["id".into()], 3, 4), "(hash_array(ARRAY[id]) & 3) = 3");
        assert_eq!(
            filter(&["a".into(), "B c".into()], 0, 3),
            "(((hash_array(ARRAY[a]) # hash_array(ARRAY[\"B c\"]))::bigint & 2147483647) % 3) = 0"
        );
    }

    #[test]
    fn a_filter_reads_back_and_a_forged_one_does_not() {
        let columns = vec!["id".to_owned(), "x = 1".to_owned()];
        for of in 2..=9 {
            for number in 0..of {
                let shard = Shard { columns: &columns, share: Share { number, of } };
                assert_eq!(member(&columns, shard.to_filter()).share(), shard.share);
            }
        }
        for forged in ["(hash_array(ARRAY[id]) & 3) = 4", "(hash_array(ARRAY[id]) & 3) = 1", "true", "id = 3", ""] {
            assert_eq!(Shard::of(&member(&columns, forged.into())), None, "{forged}");
        }
    }
}
