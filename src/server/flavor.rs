//! Who runs a server, and in which words settings and grants are changed there. Sources: the manual, and the providers'
//! own pages on logical replication.

use std::{collections::BTreeMap, fmt::Display};

use serde::{Deserialize, Serialize};

use super::ServerVersion;
use crate::names::quote_identifier;

/// Who runs the server. Decides how settings and grants are named in hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
const NEEDS_RESTART: [&str; 9] = [
    "listen_addresses",
    "max_active_replication_origins",
    "max_logical_replication_workers",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "track_commit_timestamp",
    "wal_level",
];

/// Groups of the providers whose members may create subscriptions.
const PROVIDER_ADMINS: [&str; 3] = ["rds_superuser", "cloudsqlsuperuser", "azure_pg_admin"];

impl Flavor {
    /// By settings that only they have; `aurora`: the server has Aurora's own functions.
    pub fn detect(settings: &BTreeMap<String, String>, aurora: bool) -> Self {
        let has = |prefix: &str| settings.keys().any(|name| name.starts_with(prefix));
        let on_pod = settings.get("unix_socket_directories").is_some_and(|folders| folders.contains("/controller/run"));
        match () {
            () if aurora => Flavor::Aurora,
            () if has("rds.") => Flavor::Rds,
            () if has("cloudsql.") => Flavor::CloudSql,
            () if has("azure.") => Flavor::Azure,
            () if has("cnpg.") || on_pod => Flavor::Cnpg,
            () => Flavor::Community,
        }
    }

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

    /// The provider's own switch for a setting that it hides, with the value that means the same.
    fn own_switch(self, name: &str, value: &str) -> Option<(&'static str, &'static str)> {
        match (self, name, value) {
            (Flavor::Rds | Flavor::Aurora, "wal_level", "logical") => Some(("rds.logical_replication", "1")),
            (Flavor::CloudSql, "wal_level", "logical") => Some(("cloudsql.logical_decoding", "on")),
            _ => None,
        }
    }

    /// The full sentence that tells how a server setting is changed there, by Postgres's own name for it.
    pub fn to_set(self, name: &str, value: impl Display) -> String {
        let value = value.to_string();
        let (shown, value) = self.own_switch(name, &value).unwrap_or((name, &value));
        let restart = NEEDS_RESTART.contains(&name);
        let then = |words: &'static str| if restart { words } else { "" };
        match self {
            Flavor::Community if restart => format!("ALTER SYSTEM SET {shown} = '{value}'; then restart the server."),
            Flavor::Community => format!("ALTER SYSTEM SET {shown} = '{value}'; then SELECT pg_reload_conf();"),
            Flavor::Rds => format!(
                "Set parameter {shown} to {value} in the DB parameter group{}.",
                then(" and reboot the instance")
            ),
            Flavor::Aurora => format!(
                "Set parameter {shown} to {value} in the DB cluster parameter group{}.",
                then(" and reboot the writer")
            ),
            Flavor::CloudSql => format!(
                "Set flag {shown}={value}: gcloud sql instances patch INSTANCE --database-flags={shown}={value} (name the other \
                 flags too, since the list is replaced){}.",
                then("; the instance restarts")
            ),
            Flavor::Azure => format!(
                "az postgres flexible-server parameter set --name {shown} --value {value} --server-name SERVER --resource-group \
                 GROUP{}.",
                then(", then restart the server")
            ),
            Flavor::Cnpg => format!(
                "Set spec.postgresql.parameters.{shown}: \"{value}\" in the Cluster{}.",
                then("; the operator restarts the pods")
            ),
        }
    }

    /// How logical decoding is switched on, in a full sentence.
    pub fn to_decode(self) -> String {
        self.to_set("wal_level", "logical")
    }

    /// The statement that lets a role replicate.
    pub fn to_replicate(self, role: &str) -> String {
        let role = quote_identifier(role);
        match self {
            Flavor::Rds | Flavor::Aurora => format!("GRANT rds_replication TO {role};"),
            _ => format!("ALTER ROLE {role} REPLICATION;"),
        }
    }

    /// How a role may create subscriptions in a database: statements, or a full sentence where there is none.
    pub fn to_subscribe(self, version: ServerVersion, role: &str, database: &str) -> String {
        let (role, database) = (quote_identifier(role), quote_identifier(database));
        match self {
            Flavor::Rds | Flavor::Aurora => format!("GRANT rds_superuser TO {role};"),
            Flavor::CloudSql => format!("GRANT cloudsqlsuperuser TO {role};"),
            Flavor::Azure => format!("GRANT azure_pg_admin TO {role};"),
            _ if version.has_create_subscription_role() => {
                format!("GRANT pg_create_subscription TO {role}; GRANT CREATE ON DATABASE {database} TO {role};")
            }
            _ => "Run the subscriber's files as a superuser: up to 15 nobody else may create subscriptions.".to_owned(),
        }
    }

    /// Groups of the providers whose members may create subscriptions.
    pub fn provider_admins() -> [&'static str; 3] {
        PROVIDER_ADMINS
    }

    /// The least `max_worker_processes` that the provider asks for with logical replication, and its short name.
    pub fn least_worker_processes(self) -> Option<(&'static str, i64)> {
        (self == Flavor::Azure).then_some(("Azure", 16))
    }

    /// Whether a failover keeps the slots, since the standbys share the storage.
    pub fn keeps_slots_at_failover(self) -> bool {
        self == Flavor::Aurora
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flavor_has_its_own_words() {
        let words = |flavor: Flavor| flavor.to_set("max_wal_senders", 20);
        assert_eq!(words(Flavor::Community), "ALTER SYSTEM SET max_wal_senders = '20'; then restart the server.");
        assert!(words(Flavor::Rds).contains("DB parameter group and reboot"));
        assert!(words(Flavor::Aurora).contains("DB cluster parameter group"));
        assert!(words(Flavor::CloudSql).contains("--database-flags=max_wal_senders=20"));
        assert!(words(Flavor::Azure).contains("--name max_wal_senders --value 20"));
        assert!(words(Flavor::Cnpg).contains("spec.postgresql.parameters.max_wal_senders: \"20\""));
        assert!(Flavor::Aurora.to_decode().contains("rds.logical_replication to 1"));
        assert!(Flavor::CloudSql.to_decode().contains("cloudsql.logical_decoding=on"));
        assert!(Flavor::Cnpg.to_decode().contains("wal_level: \"logical\""));
        assert_eq!(
            Flavor::Community.to_set("wal_sender_timeout", "0"),
            "ALTER SYSTEM SET wal_sender_timeout = '0'; then SELECT pg_reload_conf();"
        );
        assert!(!Flavor::Azure.to_set("max_slot_wal_keep_size", -1).contains("restart"));
    }

    #[test]
    fn grants_quote_the_role() {
        let subscribe = |version| Flavor::Community.to_subscribe(ServerVersion::of_major(version), "r", "App");
        assert_eq!(Flavor::Community.to_replicate("a b"), "ALTER ROLE \"a b\" REPLICATION;");
        assert_eq!(Flavor::Aurora.to_replicate("a b"), "GRANT rds_replication TO \"a b\";");
        assert!(subscribe(16).contains("GRANT CREATE ON DATABASE \"App\" TO r;"));
        assert!(subscribe(15).contains("superuser"));
    }

    #[test]
    fn providers_are_known_by_their_settings() {
        let detect =
            |name: &str, value: &str| Flavor::detect(&BTreeMap::from([(name.to_owned(), value.to_owned())]), false);
        assert_eq!(detect("rds.logical_replication", "on"), Flavor::Rds);
        assert_eq!(detect("cloudsql.logical_decoding", "on"), Flavor::CloudSql);
        assert_eq!(detect("azure.extensions", ""), Flavor::Azure);
        assert_eq!(detect("unix_socket_directories", "/controller/run"), Flavor::Cnpg);
        assert_eq!(detect("wal_level", "logical"), Flavor::Community);
        let rds = BTreeMap::from([("rds.logical_replication".to_owned(), "on".to_owned())]);
        assert_eq!(Flavor::detect(&rds, true), Flavor::Aurora);
    }
}
