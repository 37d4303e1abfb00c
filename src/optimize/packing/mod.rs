//! Vector bin packing in integers. Items, bins and dimensions here; tables and slots are known only outside.

pub mod coarsen;
pub mod cut;
pub mod dice;
pub mod exact;
mod fill;
pub mod greedy;
pub mod instance;
pub mod lattice;
pub mod loads;
pub mod local_search;
pub mod moves;
pub mod pack;
pub mod separate;
pub mod sizes;
pub mod solution;

pub use cut::{CutSettings, FrontierPoint, NORMAL_CUT_BUDGET, cap_within, frontier};
pub use instance::Instance;
pub use moves::{MoveSettings, repack_with_moves};
pub use pack::{Budget, ExactMode, PackError, PackSettings, Packing, pack};
pub use sizes::{SizeSettings, balance_sizes};
pub use solution::Assignment;
