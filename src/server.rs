//! What a server is and what its version can do. Data; no queries.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The oldest major version we plan for.
pub const OLDEST_MAJOR: u32 = 12;

/// Who runs the server. Decides how settings are named in hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavor {
    /// Self-hosted.
    #[default]
    Community,
    /// Amazon RDS for PostgreSQL.
    Rds,
    /// Amazon Aurora PostgreSQL.
    Aurora,
    /// Google Cloud SQL.
    CloudSql,
    /// Azure Database for PostgreSQL Flexible Server.
    Azure,
    /// CloudNativePG on Kubernetes.
    Cnpg,
}

/// Settings that take effect only at a restart (PostgreSQL manual, "Server Configuration").
const NEEDS_RESTART: [&str; 7] = [
    "wal_level",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "max_logical_replication_workers",
    "max_active_replication_origins",
    "max_prepared_transactions",
];

impl Flavor {
    /// Its name as people say it.
    pub fn name(self) -> &'static str {
        match self {
            Flavor::Community => "PostgreSQL",
            Flavor::Rds => "Amazon RDS for PostgreSQL",
            Flavor::Aurora => "Amazon Aurora PostgreSQL",
            Flavor::CloudSql => "Google Cloud SQL for PostgreSQL",
            Flavor::Azure => "Azure Database for PostgreSQL",
            Flavor::Cnpg => "CloudNativePG",
        }
    }

    /// The name under which the provider has a server setting: some hide `wal_level` behind a switch of their own.
    pub fn setting_name(self, name: &str) -> &str {
        match (self, name) {
            (Flavor::Rds | Flavor::Aurora, "wal_level") => "rds.logical_replication",
            (Flavor::CloudSql, "wal_level") => "cloudsql.logical_decoding",
            _ => name,
        }
    }

    /// The full sentence that tells how a server setting is changed there, by Postgres's own name for it.
    pub fn hint_to_set(self, name: &str, value: &str) -> String {
        let shown = self.setting_name(name);
        let value = match (shown, value) {
            ("rds.logical_replication", "logical") => "1",
            ("cloudsql.logical_decoding", "logical") => "on",
            _ => value,
        };
        let restart = NEEDS_RESTART.contains(&name);
        let (place, then) = match self {
            Flavor::Community => ("", "restart the server"),
            Flavor::Rds => (" in the DB parameter group", "reboot the instance"),
            Flavor::Aurora => (" in the DB cluster parameter group", "reboot the writer"),
            Flavor::CloudSql => (" as a database flag of the instance", "let it restart"),
            Flavor::Azure => (" in the server parameters", "restart the server"),
            Flavor::Cnpg => (" in spec.postgresql.parameters of the Cluster", "let the operator restart it"),
        };
        let then = match (restart, self) {
            (true, _) => format!(" and {then}"),
            (false, Flavor::Community) => " and reload the configuration".to_owned(),
            (false, _) => String::new(),
        };
        format!("Set \"{shown}\" to {value}{place}{then}.")
    }
}

/// `server_version_num`, for example 150018.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerVersion(pub u32);

impl ServerVersion {
    /// The newest minor release of a major version, for plans made without a server.
    pub fn of_major(major: u32) -> Self {
        ServerVersion(major * 10_000)
    }
    /// The major version: 15 for 15.18.
    pub fn major(self) -> u32 {
        self.0 / 10_000
    }
    /// The minor version: 18 for 15.18.
    pub fn minor(self) -> u32 {
        self.0 % 10_000
    }
    /// Publications can hold partitioned tables and have `publish_via_partition_root` (13).
    pub fn publishes_partition_roots(self) -> bool {
        self.major() >= 13
    }
    /// A subscription can write into a partitioned table (13).
    pub fn receives_into_partition_roots(self) -> bool {
        self.major() >= 13
    }
    /// `WHERE` in publications (15).
    pub fn has_row_filters(self) -> bool {
        self.major() >= 15
    }
    /// Subscription option `streaming = on` (14).
    pub fn has_streaming(self) -> bool {
        self.major() >= 14
    }
    /// Subscription option `streaming = parallel` (16).
    pub fn has_parallel_streaming(self) -> bool {
        self.major() >= 16
    }
    /// Subscription option `binary` (14).
    pub fn has_binary(self) -> bool {
        self.major() >= 14
    }
    /// Subscription options `two_phase` and `disable_on_error` (15).
    pub fn has_disable_on_error(self) -> bool {
        self.major() >= 15
    }
    /// Subscription options `origin`, `password_required`, `run_as_owner` (16).
    pub fn has_origin(self) -> bool {
        self.major() >= 16
    }
    /// Sends BEGIN and COMMIT of every transaction of the database to every slot (before 15).
    pub fn sends_empty_transactions(self) -> bool {
        self.major() < 15
    }
    /// Slots can be lost to `max_slot_wal_keep_size`, which `wal_status` shows (13).
    pub fn can_lose_slots(self) -> bool {
        self.major() >= 13
    }
    /// Slots can be lost to `idle_replication_slot_timeout` (18).
    pub fn can_idle_out_slots(self) -> bool {
        self.major() >= 18
    }
    /// A subscriber drops a table's synchronization slot before it notes that the table is synchronized (14).
    pub fn drops_sync_slots_early(self) -> bool {
        self.major() >= 14
    }
    /// Publication option `publish_generated_columns` (18).
    pub fn can_publish_generated_columns(self) -> bool {
        self.major() >= 18
    }
    /// Publications can hold whole schemas (15).
    pub fn publishes_schemas(self) -> bool {
        self.major() >= 15
    }
    /// Origins are bounded by `max_active_replication_origins`, no longer by `max_replication_slots` (18).
    pub fn has_origin_limit(self) -> bool {
        self.major() >= 18
    }
    /// Uses a suitable non-unique index for updates under replica identity full (16).
    pub fn applies_full_identity_by_index(self) -> bool {
        self.major() >= 16
    }
    /// An ALTER PUBLICATION ... ADD TABLE that did not lock the table first loses later changes of a transaction that
    /// was open (postgres.md H6; commit 4909b38af0). Minor 0 stands for "newest".
    pub fn loses_changes_on_unlocked_add(self) -> bool {
        let fixed = match self.major() {
            12 => return true,
            13 => 21,
            14 => 18,
            15 => 13,
            16 => 9,
            17 => 5,
            _ => return false,
        };
        self.minor() != 0 && self.minor() < fixed
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.minor() == 0 { write!(f, "{}", self.major()) } else { write!(f, "{}.{}", self.major(), self.minor()) }
    }
}

/// What was read about a server. Absent means not known, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    /// Version of the server (`server_version_num`), for example 150018.
    pub version_num: ServerVersion,
    /// Who runs the server; absent: self-hosted.
    #[serde(default)]
    pub flavor: Flavor,
    /// `pg_control_system().system_identifier`, as text since it exceeds 2^53.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_identifier: Option<String>,
    /// Processor cores, where somebody said so: no view tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    /// `pg_settings` by name, with the value as `pg_settings.setting` has it. Missing: the version lacks it or it
    /// could not be read.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Names of the replication slots that existed, of all databases.
    #[serde(default)]
    pub slots_in_use: Vec<String>,
    /// The server was a standby (`pg_is_in_recovery()`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_recovery: bool,
    /// Extensions installed in the database, by name, with their version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, String>,
}

/// An extension that changes where rows lie, so that publishing a table does not publish its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsupportedExtension {
    /// As in `pg_extension`.
    pub name: &'static str,
    /// Why it cannot be planned for, in full sentences.
    pub reason: &'static str,
    /// What to do, in full sentences.
    pub remedy: &'static str,
}

/// Those that are recognised.
const UNSUPPORTED_EXTENSIONS: [UnsupportedExtension; 2] = [
    UnsupportedExtension {
        name: "citus",
        reason: "Citus keeps the rows of a distributed table in shards on other servers, each with WAL and slots of its own: \
                 a publication of the table on the coordinator sends nothing of them.",
        remedy: "Move a Citus cluster by its own means (a new cluster of the new version, shards moved by \
                 citus_rebalance_start). If no table here is distributed, drop the extension and start again.",
    },
    UnsupportedExtension {
        name: "timescaledb",
        reason: "TimescaleDB keeps the rows of a hypertable in chunks that come and go by themselves, some of them compressed: \
                 a publication of the hypertable sends nothing, and one of the chunks misses the next one.",
        remedy: "Move hypertables by TimescaleDB's own means (live migration, or dual writes with backfill). If this database \
                 has no hypertable, drop the extension and start again.",
    },
];

impl ServerFacts {
    /// The first installed extension whose tables cannot be planned for.
    pub fn unsupported_extension(&self) -> Option<&'static UnsupportedExtension> {
        UNSUPPORTED_EXTENSIONS.iter().find(|extension| self.extensions.contains_key(extension.name))
    }

    /// Facts of a server of which only the major version is known.
    pub fn of_major(major: u32) -> Self {
        ServerFacts {
            version_num: ServerVersion::of_major(major),
            flavor: Flavor::Community,
            system_identifier: None,
            cores: None,
            settings: BTreeMap::new(),
            slots_in_use: Vec::new(),
            in_recovery: false,
            extensions: BTreeMap::new(),
        }
    }

    /// A setting as a number; `None` when it is not known or not a number.
    pub fn setting_number(&self, name: &str) -> Option<i64> {
        self.settings.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_name_the_providers_switch() {
        assert_eq!(
            Flavor::Community.hint_to_set("wal_level", "logical"),
            "Set \"wal_level\" to logical and restart the server."
        );
        assert_eq!(
            Flavor::Rds.hint_to_set("wal_level", "logical"),
            "Set \"rds.logical_replication\" to 1 in the DB parameter group and reboot the instance."
        );
        assert_eq!(
            Flavor::CloudSql.hint_to_set("wal_level", "logical"),
            "Set \"cloudsql.logical_decoding\" to on as a database flag of the instance and let it restart."
        );
        assert_eq!(
            Flavor::Azure.hint_to_set("max_slot_wal_keep_size", "-1"),
            "Set \"max_slot_wal_keep_size\" to -1 in the server parameters."
        );
        assert_eq!(
            Flavor::Community.hint_to_set("wal_sender_timeout", "0"),
            "Set \"wal_sender_timeout\" to 0 and reload the configuration."
        );
    }

    #[test]
    fn capabilities_follow_the_manual() {
        let v = |number| ServerVersion(number);
        assert!(!v(120_022).publishes_partition_roots() && v(130_000).publishes_partition_roots());
        assert!(!v(140_023).has_row_filters() && v(150_018).has_row_filters());
        assert!(v(140_023).sends_empty_transactions() && !v(150_000).sends_empty_transactions());
        assert!(v(150_012).loses_changes_on_unlocked_add() && !v(150_013).loses_changes_on_unlocked_add());
        assert!(v(120_022).loses_changes_on_unlocked_add() && !v(180_000).loses_changes_on_unlocked_add());
        assert_eq!(v(150_018).to_string(), "15.18");
        assert_eq!(ServerVersion::of_major(13).to_string(), "13");
    }
}
