//! What a database did: taken before an upgrade and after it, compared, and the plans of its heaviest statements on both
//! servers. No connection here: `pg` reads, this room derives, compares and explains.
//!
//! `reading` turns counters of several moments into rates and their spread, `figure` lists what is measured, `text` keeps
//! literals out of statements, `noise` says what differs more than a window differs in itself, `compare` what got slower and
//! `cause` why it may be; `shape` reads plans, `explain` says how they differ. The types here are the file (kind `baseline`).

pub mod cause;
pub mod compare;
pub mod explain;
pub mod figure;
pub mod noise;
pub mod reading;
pub mod shape;
pub mod text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    format::{Document, FormatError},
    names::TableName,
    server::{ServerVersion, SystemIdentifier},
};

/// A file may hold so many intervals, statements and tables; a run never makes more.
pub const MOST_INTERVALS: usize = 1_000;
/// Statements that are kept: those that took most time.
pub const MOST_STATEMENTS: usize = 5_000;
/// Tables that are kept: those that were read and written most.
pub const MOST_TABLES: usize = 2_000;

/// What a database did in a window of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// `baseline`.
    pub kind: String,
    /// 1.
    pub version: u64,
    /// Who wrote the file.
    pub tool: String,
    /// The server.
    pub server: BaselineServer,
    /// Name of the database.
    pub database: String,
    /// When the window began, UTC.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Length of each interval between two readings, seconds.
    pub intervals_s: Vec<f64>,
    /// What was measured of the whole database or server, by name.
    pub figures: BTreeMap<String, Values>,
    /// Statements by time spent, most first; absent where `pg_stat_statements` was not to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<StatementFigures>>,
    /// Tables by rows read and written, most first.
    pub tables: Vec<TableFigures>,
    /// Settings that plans, memory, vacuum and writing depend on, as `pg_settings` has them.
    pub settings: BTreeMap<String, Setting>,
    /// What was not observed: resets, restarts, lost connections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
    /// What the role may not see, and what that costs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Which server it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BaselineServer {
    /// `server_version_num`.
    pub version_num: ServerVersion,
    /// Of `pg_control_system()`, where the role may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_identifier: Option<SystemIdentifier>,
}

/// A setting with its unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its value in the session that looked.
    pub value: String,
    /// Its unit, as in `8kB`; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// One value for each interval; null where nothing was observed.
pub type Values = Vec<Option<f64>>;

/// One statement of `pg_stat_statements`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatementFigures {
    /// Its text without literals and comments, with `$1` for each of them.
    pub text: String,
    /// Executions in the window.
    pub calls: f64,
    /// Time that they took, milliseconds.
    pub total_ms: f64,
    /// Rows that they returned or changed.
    pub rows: f64,
    /// Blocks of tables and indexes that they looked at: hits and reads.
    pub blocks: f64,
    /// Of them read from outside of shared buffers.
    pub blocks_read: f64,
    /// Blocks of temporary files written.
    pub temp_blocks: f64,
    /// Time spent reading blocks, milliseconds; absent without `track_io_timing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_ms: Option<f64>,
    /// Milliseconds a call, by interval; null where it was not called or not observed.
    pub ms_per_call: Values,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TableFigures {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Rows as the statistics estimate them at the end of the window.
    pub live_rows: f64,
    /// Dead ones.
    pub dead_rows: f64,
    /// Scans of the whole table, a second.
    pub seq_scans_per_s: f64,
    /// Rows that they read, a second.
    pub seq_rows_per_s: f64,
    /// Scans of its indexes, a second.
    pub index_scans_per_s: f64,
    /// Rows inserted, updated and deleted, a second.
    pub writes_per_s: f64,
    /// Times vacuumed in the window, by hand or not.
    pub vacuums: f64,
    /// Times analyzed in the window, by hand or not.
    pub analyzes: f64,
    /// Time that its vacuums took in the window, milliseconds; 18 and later tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vacuum_ms: Option<f64>,
    /// Whether the planner has statistics of its columns; absent where the role cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_statistics: Option<bool>,
    /// Its valid indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<IndexFigures>,
}

/// One index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IndexFigures {
    /// Name, in the schema of its table.
    pub name: String,
    /// What it is but for its name and its table, as in `UNIQUE USING btree (id)`; without literals.
    pub definition: String,
    /// Scans of it in the window.
    pub scans: f64,
}

impl TableFigures {
    /// Its name.
    pub fn table_name(&self) -> TableName {
        TableName::new(&self.schema, &self.name)
    }
}

impl Baseline {
    /// Length of the window that was observed, seconds.
    pub fn observed_s(&self) -> f64 {
        self.intervals_s.iter().sum()
    }

    /// The statements, where there are any.
    pub fn statements(&self) -> &[StatementFigures] {
        self.statements.as_deref().unwrap_or_default()
    }

    /// A table by name.
    pub fn table(&self, name: &TableName) -> Option<&TableFigures> {
        self.tables.iter().find(|table| table.schema == name.schema && table.name == name.name)
    }
}

impl Document for Baseline {
    const KIND: &'static str = "baseline";
    const VERSION: u64 = 1;

    fn validate(&self) -> Result<(), FormatError> {
        let wrong = |message: String| Err(FormatError::content(Self::KIND, message));
        let count = self.intervals_s.len();
        if !(1..=MOST_INTERVALS).contains(&count) {
            return wrong(format!("it has {count} intervals, and 1 to {MOST_INTERVALS} can be"));
        }
        if !self.intervals_s.iter().all(|seconds| *seconds > 0.0) {
            return wrong("an interval is not longer than zero".to_owned());
        }
        let is_number = |value: f64| value.is_finite() && value >= 0.0;
        let is_series =
            |values: &Values| values.len() == count && values.iter().flatten().all(|value| is_number(*value));
        if let Some((name, _)) = self.figures.iter().find(|(_, values)| !is_series(values)) {
            return wrong(format!("figure \"{}\" is not one number for each interval", crate::names::clipped(name)));
        }
        for statement in self.statements() {
            let StatementFigures { calls, total_ms, rows, blocks, blocks_read, temp_blocks, .. } = *statement;
            let numbers = [calls, total_ms, rows, blocks, blocks_read, temp_blocks, statement.read_ms.unwrap_or(0.0)];
            if !is_series(&statement.ms_per_call) || !numbers.into_iter().all(is_number) {
                return wrong(format!(
                    "the numbers of statement \"{}\" are not valid",
                    crate::names::clipped(&statement.text)
                ));
            }
        }
        for table in &self.tables {
            if let Err(error) = table.table_name().check() {
                return wrong(error.to_string());
            }
        }
        Ok(())
    }
}
