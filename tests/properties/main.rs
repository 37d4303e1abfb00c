//! Laws that hold for every generated instance.

mod any_policy;
mod baseline;
mod cluster;
mod cut;
mod forged;
mod health;
#[cfg(feature = "cli")]
mod laws;
mod packing;
#[cfg(feature = "cli")]
mod parsers;
mod plan;
mod promises;
mod sampling;
mod simulate;
