//! Search: a workload and a policy into a plan.

pub mod bound;
pub mod packing;
pub mod rng;
