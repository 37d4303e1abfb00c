//! Plans PostgreSQL logical replication slots.
//!
//! ```text
//! Snapshot x2 -> Workload -> Plan -> Script | Findings | LagTrace -> report.html
//!   (pg)        (workload)  (optimize) (emit) (preflight)  (simulate)  (report)
//! ```
//!
//! Each arrow is one function that takes all it needs as arguments and returns a value. What stands between two
//! arrows is a file a person can read, compare and keep. Rooms: words (`units`, `lsn`, `names`, `finding`, `format`),
//! data (`server`, `policy`, `workload`, `cost`, `plan`), work (`optimize`, `emit`, `simulate`, …), edge (`pg`, `throwaway`).

#![warn(missing_docs)]

pub mod calibrate;
pub mod cost;
pub mod emit;
pub mod finding;
pub mod format;
pub mod generate;
pub mod health;
pub mod inventory;
pub mod lsn;
pub mod names;
pub mod optimize;
#[cfg(feature = "pg")]
pub mod pg;
pub mod plan;
pub mod policy;
pub mod preflight;
#[cfg(feature = "prometheus")]
pub mod prometheus;
pub mod report;
pub mod server;
pub mod simulate;
#[cfg(feature = "throwaway")]
pub mod throwaway;
pub mod units;
pub mod workload;
