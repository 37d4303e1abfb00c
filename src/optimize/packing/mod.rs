//! Vector bin packing in integers. Items, bins and dimensions here; tables and slots are known only outside.

pub mod dice;
pub mod exact;
pub mod greedy;
pub mod instance;
pub mod loads;
pub mod local_search;
pub mod pack;
pub mod separate;
pub mod solution;

pub use instance::Instance;
pub use pack::{Budget, ExactMode, PackError, PackSettings, Packing, pack};
pub use solution::Assignment;
