//! Whether UPDATE and DELETE of a table can be replicated: what its replica identity lacks, by the versions of both sides.

use super::{ReplicaIdentity, Table};
use crate::server::ServerVersion;

/// Why a replica identity is of no use. Column names are as the catalog has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityFlaw {
    /// There is none: UPDATE and DELETE fail on the publisher once the table is published (55000).
    Missing,
    /// Its key, or the key by which the subscriber finds rows, holds generated columns. They are not sent: up to 17 the
    /// slot stops at the first UPDATE or DELETE; 18 refuses these on the publisher.
    GeneratedKey(Vec<String>),
    /// Identity full holds all columns, and one side is of a version that refuses generated ones. The subscriber's version
    /// counts too, since the way back publishes the table there.
    GeneratedWhole(Vec<String>),
    /// Rows are found by comparing all columns, and the types of these have no equality: the slot stops at the first UPDATE
    /// or DELETE.
    Incomparable(Vec<String>),
}

impl IdentityFlaw {
    /// What happens, a sentence.
    pub fn consequence(&self) -> &'static str {
        match self {
            IdentityFlaw::Missing => {
                "Once it is published, the application's own UPDATE and DELETE of this table fail on the publisher (SQLSTATE 55000)."
            }
            IdentityFlaw::GeneratedKey(_) => {
                "Generated columns are not sent, so its first UPDATE or DELETE stops the slot; a publisher of version 18 refuses \
                 both for the application."
            }
            IdentityFlaw::GeneratedWhole(_) => {
                "Version 18 refuses UPDATE and DELETE of a published table whose identity holds generated columns, and FULL holds \
                 all columns: the application's own would fail there, on the new server from the cutover on."
            }
            IdentityFlaw::Incomparable(_) => {
                "The subscriber finds rows by comparing all columns, and these cannot be compared: the first UPDATE or DELETE \
                 stops the slot."
            }
        }
    }

    /// The columns that are the reason; none where there is no identity at all.
    pub fn columns(&self) -> &[String] {
        match self {
            IdentityFlaw::Missing => &[],
            IdentityFlaw::GeneratedKey(columns)
            | IdentityFlaw::GeneratedWhole(columns)
            | IdentityFlaw::Incomparable(columns) => columns,
        }
    }
}

impl Table {
    /// Whether it has a replica identity: full, or columns that identify a row. Versions can still refuse it
    /// ([`Table::identity_flaw`]).
    pub fn has_identity(&self) -> bool {
        match self.replica_identity {
            ReplicaIdentity::Full => true,
            ReplicaIdentity::Nothing => false,
            ReplicaIdentity::Default | ReplicaIdentity::Index => !self.identity_columns.is_empty(),
        }
    }

    /// What stands against replicating its UPDATE and DELETE with the identity that it has.
    pub fn identity_flaw(&self, publisher: ServerVersion, subscriber: ServerVersion) -> Option<IdentityFlaw> {
        if self.replica_identity == ReplicaIdentity::Full {
            return self.full_identity_flaw(publisher, subscriber);
        }
        if !self.has_identity() {
            return Some(IdentityFlaw::Missing);
        }
        self.generated_key()
    }

    /// What would stand against it with `REPLICA IDENTITY FULL`.
    pub fn full_identity_flaw(&self, publisher: ServerVersion, subscriber: ServerVersion) -> Option<IdentityFlaw> {
        let refuses = publisher.refuses_generated_identity() || subscriber.refuses_generated_identity();
        if refuses && !self.generated_columns.is_empty() {
            return Some(IdentityFlaw::GeneratedWhole(self.generated_columns.clone()));
        }
        let incomparable = !self.primary_key && !self.columns_without_equality.is_empty();
        self.generated_key()
            .or_else(|| incomparable.then(|| IdentityFlaw::Incomparable(self.columns_without_equality.clone())))
    }

    fn generated_key(&self) -> Option<IdentityFlaw> {
        let columns = &self.generated_key_columns;
        (!columns.is_empty()).then(|| IdentityFlaw::GeneratedKey(columns.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::tests::table;

    const OLD: ServerVersion = ServerVersion(150_000);
    const NEW: ServerVersion = ServerVersion(180_000);

    fn full() -> Table {
        Table { replica_identity: ReplicaIdentity::Full, identity_columns: Vec::new(), ..table("t", 1.0) }
    }

    #[test]
    fn a_generated_column_in_the_key_is_never_sent() {
        let keyed = Table { generated_key_columns: vec!["g".into()], ..table("t", 1.0) };
        assert_eq!(keyed.identity_flaw(OLD, OLD), Some(IdentityFlaw::GeneratedKey(vec!["g".into()])));
        let whole = Table { generated_key_columns: vec!["g".into()], ..full() };
        assert_eq!(whole.identity_flaw(OLD, OLD), Some(IdentityFlaw::GeneratedKey(vec!["g".into()])));
    }

    #[test]
    fn full_holds_generated_columns_where_either_side_refuses_them() {
        let generated = Table { generated_columns: vec!["g".into()], ..full() };
        assert_eq!(generated.identity_flaw(OLD, OLD), None);
        for (publisher, subscriber) in [(OLD, NEW), (NEW, OLD), (NEW, NEW)] {
            assert!(matches!(generated.identity_flaw(publisher, subscriber), Some(IdentityFlaw::GeneratedWhole(_))));
        }
        let keyed = Table { generated_columns: vec!["g".into()], ..table("t", 1.0) };
        assert_eq!(keyed.identity_flaw(NEW, NEW), None);
    }

    #[test]
    fn without_a_key_every_column_must_compare() {
        let documents = Table { columns_without_equality: vec!["body".into()], ..full() };
        assert_eq!(documents.identity_flaw(OLD, NEW), None);
        let heap = Table { primary_key: false, ..documents };
        assert!(matches!(heap.identity_flaw(OLD, NEW), Some(IdentityFlaw::Incomparable(_))));
    }
}
