//! Plans PostgreSQL logical replication slots: which tables share one, so that the busiest slot is as quiet as can be proved.
//!
//! Files or values go in, values come out; nothing here opens a file, reads a clock or prints.
//!
//! ```
//! use pgslotplan::{
//!     Budget, CoefficientSets, Compared, CostModel, EmitOptions, GenerateSettings, OptimizeOptions, Policy, Scenario,
//!     Workload, emit, generate, plan, read, simulate, write,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A workload comes from `pgslotplan sample`; here it is made up.
//! let settings = GenerateSettings {
//!     tables: 30,
//!     hours: 24,
//!     no_key_share: 0.0,
//!     total_wal_bytes_per_s: 4e6,
//!     ..GenerateSettings::default()
//! };
//! let workload: Workload = read(&write(&generate(&settings)?))?;
//!
//! // What is wanted, what changes cost, and a plan that has passed the independent check.
//! let policy = Policy::from_toml("publications = \"3..4\"")?;
//! let cost = CostModel::new(&workload, &policy, CoefficientSets::default(), None)?;
//! let options = OptimizeOptions { budget: Budget::Small, ..OptimizeOptions::default() };
//! let plan = plan(&workload, &policy, &cost, &options)?;
//! assert!(plan.is_good());
//! println!("{} slots; {}", plan.slots.len(), plan.proof());
//!
//! // Scripts for psql and sh, by file name, and a forecast.
//! let script = emit(&plan, &EmitOptions::default())?;
//! assert!(script.steps.len() > 10);
//! let forecast = simulate(&plan, &workload, &plan.cost_model(), &Scenario::default(), Compared::PlanOnly)?;
//! assert_eq!(forecast.layouts[0].slots.len(), plan.slots.len());
//! # Ok(())
//! # }
//! ```
//!
//! # The way through
//!
//! ```text
//! Snapshot x2 -> Workload -> Plan -> Script | Findings | Forecast -> report.html
//!   (pg)        (workload)  (optimize) (emit) (preflight)  (simulate)  (report)
//! ```
//!
//! Each arrow is one function that takes all it needs as arguments and returns a value. What stands between two
//! arrows is a file a person can read, compare and keep. The data is in [`workload`], [`policy`], [`cost`], [`server`] and
//! [`mod@plan`]. Rooms that only the program, its tests and its benches use are public and not documented here: they change
//! without notice.
//!
//! # Versions
//!
//! Each kind of file has a version of its own, and another one is refused by name. A field that this release does not know is
//! refused too, since it may change what the others mean: the error names the field and the release that wrote the file. A
//! release that adds a field which older ones may leave out raises nothing; they still refuse the file rather than guess. Enums
//! that may grow are `#[non_exhaustive]`: match them with a last arm `_`. Structs of options may grow too: write them with
//! `..Default::default()`, as above.
//!
//! # Features
//!
//! Without default features this is the pure planner: no driver, no terminal, no C compiler. `cli` is the program, `pg` reads
//! servers, `prometheus` reads history, `zstd` compresses catalogs in memory.

#![warn(missing_docs)]

#[doc(hidden)]
pub mod baseline;
#[doc(hidden)]
pub mod calibrate;
mod checked;
pub mod cost;
pub mod emit;
pub mod finding;
pub mod format;
pub mod generate;
pub mod health;
pub mod inventory;
#[doc(hidden)]
pub mod lsn;
pub mod names;
pub mod optimize;
#[cfg(feature = "pg")]
#[doc(hidden)]
pub mod pg;
pub mod plan;
pub mod policy;
#[doc(hidden)]
pub mod preflight;
#[cfg(feature = "prometheus")]
#[doc(hidden)]
pub mod prometheus;
#[doc(hidden)]
pub mod report;
#[cfg(feature = "schema")]
#[doc(hidden)]
pub mod schema;
pub mod server;
pub mod simulate;
#[cfg(feature = "throwaway")]
#[doc(hidden)]
pub mod throwaway;
pub mod units;
pub mod workload;

pub use checked::{CheckedPlan, PlanError, plan};
pub use cost::{Calibration, CoefficientSets, CostError, CostModel};
pub use emit::{Bootstrap, EmitError, EmitOptions, Script, Target, script as emit};
pub use finding::{Finding, Severity, Subject};
pub use format::{FormatError, read, write};
pub use generate::{GenerateError, GenerateSettings, generate};
/// Times in workloads and forecasts are of this crate.
pub use jiff;
pub use optimize::{Budget, ExactMode, OptimizeError, OptimizeOptions};
pub use plan::{Plan, check::check as audit};
pub use policy::{Measure, Policy, PolicyError, PublicationCount};
pub use server::ServerVersion;
pub use simulate::{
    Compared,
    forecast::Forecast,
    scenario::{Scenario, ScenarioError},
    simulate,
};
pub use workload::Workload;
