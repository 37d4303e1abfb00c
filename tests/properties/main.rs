//! Laws that hold for every generated instance.

mod cut;
mod packing;
mod plan;
mod simulate;
