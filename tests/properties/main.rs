//! Laws that hold for every generated instance.

mod cut;
#[cfg(feature = "cli")]
mod laws;
mod packing;
#[cfg(feature = "cli")]
mod parsers;
mod plan;
mod simulate;
