//! Vector bin packing in integers. Items, bins and dimensions here; tables and slots are known only outside.

pub mod cut;
pub mod instance;
pub mod moves;
pub mod sizes;
pub mod solution;

pub use instance::Instance;
pub use solution::Assignment;
