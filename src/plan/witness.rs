//! What proves a lower bound: a few numbers from which it can be computed again in exact integer arithmetic.
//!
//! Items are the non-dedicated table groups of the plan, numbered from 0 in the order of their smallest table name;
//! dimensions are `stage * buckets + position of the bucket among the observed ones`.

use serde::{Deserialize, Serialize};

/// Proof of a lower bound on the peak of the shared slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "bound", rename_all = "snake_case", deny_unknown_fields)]
pub enum Witness {
    /// All loads of a dimension, spread evenly over the slots.
    Volume {
        /// The dimension.
        dimension: u32,
    },
    /// One item alone.
    Item {
        /// The item.
        item: u32,
        /// The dimension.
        dimension: u32,
    },
    /// Of the `h * slots + 1` largest loads some slot holds `h + 1`.
    Pigeonhole {
        /// The dimension.
        dimension: u32,
        /// Items per slot before the last.
        h: u32,
    },
}
