//! How the slots of a migration are doing: what both servers show of them, judged by the plan. `check` says it, and `monitor`.
//!
//! Reading is at the edge; here is one pure function of the last looks and the plan: [`status::status`]. Section of the manual:
//! "Monitoring" of logical replication; states of tables are those of `pg_subscription_rel.srsubstate`.

pub mod cause;
mod change;
mod copying;
mod judge;
pub mod load;
mod look;
mod measure;
pub mod page;
mod positions;
pub mod rules;
mod said;
mod stage;
pub mod status;
#[cfg(test)]
mod tests;
mod watch;

pub use change::{Change, changes};
pub use judge::{Direction, SlotHealth, State, assess};
pub use look::{Look, RowError, SideLook};
pub use positions::{Lag, Positions};
pub use said::findings;
pub use stage::Stage;
pub use status::{Status, status};
pub use watch::{Thresholds, Watch};

/// Slots and publications.
pub const PUBLISHER_SQL: &str = include_str!("../emit/assets/lib/health_publisher.sql");
/// Subscriptions and their workers.
pub const SUBSCRIBER_SQL: &str = include_str!("../emit/assets/lib/health_subscriber.sql");
/// States of tables; up to 13 for superusers only.
pub const TABLES_SQL: &str = include_str!("../emit/assets/lib/health_tables.sql");
/// Errors of subscriptions, from 15 on.
pub const ERRORS_SQL: &str = include_str!("../emit/assets/lib/health_errors.sql");
