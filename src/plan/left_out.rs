//! Why a table is left out, in words: who samples, who plans and who checks must say the same.

/// A kind of relation that no publication carries.
pub const VIEW: &str = "view";
/// The same.
pub const MATERIALIZED_VIEW: &str = "materialised view";
/// The same.
pub const FOREIGN_TABLE: &str = "foreign table";
/// The same.
pub const TEMPORARY_TABLE: &str = "temporary table";
/// The same.
pub const UNLOGGED_TABLE: &str = "unlogged table: it writes no WAL";
/// By `sample --exclude`.
pub const EXCLUDED: &str = "excluded by --exclude";

/// By `--no-identity exclude`.
pub const NO_IDENTITY: &str = "no usable replica identity (--no-identity exclude)";
/// A tree is published as a whole, so it is left out as a whole.
pub const TREE: &str = "its partition tree is left out: a partition has no usable identity";
/// A partitioned table that has nothing to list.
pub const NO_PARTITIONS: &str = "it has no partitions, and these versions publish partitions one by one";

/// What stands behind a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// Somebody wanted it.
    Choice,
    /// What it was when it was sampled, which it need not be any more.
    Kind,
    /// What it is.
    Itself,
}

impl Because {
    /// The word of the emitted files.
    pub fn as_str(self) -> &'static str {
        match self {
            Because::Choice => "choice",
            Because::Kind => "kind",
            Because::Itself => "itself",
        }
    }
}

/// What stands behind the reason of something that is left out.
pub fn because(reason: &str) -> Because {
    match reason {
        VIEW | MATERIALIZED_VIEW | FOREIGN_TABLE | TEMPORARY_TABLE | UNLOGGED_TABLE => Because::Kind,
        NO_IDENTITY | TREE => Because::Choice,
        // by --exclude, or by a pattern of the policy
        reason if reason.starts_with("excluded by ") => Because::Choice,
        _ => Because::Itself,
    }
}
