//! Laws that hold for every generated input.

mod packing;
