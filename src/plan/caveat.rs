//! What a plan says against itself, as data: its findings word the same for people.

use serde::{Deserialize, Serialize};

use crate::names::TableName;

/// Something about a table that is not as it should be, and that the plan knows. A checker that finds it without a caveat
/// has found an error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "caveat", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Caveat {
    /// Updates and deletes of the table would be published, but nothing identifies its rows: they would fail.
    NoIdentity {
        /// A table or a partition.
        table: TableName,
    },
    /// The tree is published through its root, which identifies rows otherwise than its partitions, or not at all.
    UnlikeRoot {
        /// The partition that differs; the root, where it has no identity.
        table: TableName,
    },
    /// The table's group is hot, but shares a slot: by a pin, or since `max_dedicated` is used up.
    HotShared {
        /// The group's smallest table by name.
        table: TableName,
    },
}
