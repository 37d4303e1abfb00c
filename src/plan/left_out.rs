//! Why the plan leaves a table out by itself, in words: who plans and who checks must say the same.

/// By `--no-identity exclude`.
pub const NO_IDENTITY: &str = "no usable replica identity (--no-identity exclude)";
/// A tree is published as a whole, so it is left out as a whole.
pub const TREE: &str = "its partition tree is left out: a partition has no usable identity";
/// A partitioned table that has nothing to list.
pub const NO_PARTITIONS: &str = "it has no partitions, and these versions publish partitions one by one";
