//! Search: a workload and a policy into a plan.

pub mod bound;
pub mod demand;
pub mod fk_graph;
pub mod grouping;
pub mod hot;
pub mod packing;
pub mod rng;
pub mod scope;
