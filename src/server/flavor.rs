//! Who runs a server, and in which words settings and grants are changed there. Sources: the manual, and the providers'
//! own pages on logical replication.

use std::{collections::BTreeMap, fmt::Display};

use serde::{Deserialize, Serialize};

use super::ServerVersion;
use crate::names::{quote_identifier, quote_shell};

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
    /// Self-hosted, under Patroni.
    Patroni,
    /// CloudNativePG on Kubernetes.
    Cnpg,
    /// Google AlloyDB.
    AlloyDb,
    /// Supabase.
    Supabase,
    /// Neon.
    Neon,
    /// Crunchy Bridge.
    Crunchy,
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

/// Settings that are lists of names, each quoted by itself where it must be: a quoted list would be one name.
const LISTS: [&str; 1] = ["output_plugin_libraries"];

/// Groups of the providers whose members may create subscriptions, also up to 15.
const PROVIDER_ADMINS: [&str; 5] =
    ["rds_superuser", "cloudsqlsuperuser", "azure_pg_admin", "alloydbsuperuser", "neon_superuser"];

/// What tells a provider or manager besides settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signs {
    /// The server has Aurora's own functions.
    pub aurora: bool,
    /// Patroni is connected, or started the server.
    pub patroni: bool,
}

impl Flavor {
    /// By settings that only they have, and other signs.
    pub fn detect(settings: &BTreeMap<String, String>, signs: Signs) -> Self {
        let has = |prefix: &str| settings.keys().any(|name| name.starts_with(prefix));
        let on_pod = settings.get("unix_socket_directories").is_some_and(|folders| folders.contains("/controller/run"));
        match () {
            () if signs.aurora => Flavor::Aurora,
            () if has("rds.") => Flavor::Rds,
            () if has("cloudsql.") => Flavor::CloudSql,
            () if has("azure.") => Flavor::Azure,
            () if has("alloydb.") => Flavor::AlloyDb,
            () if has("supautils.") => Flavor::Supabase,
            () if has("neon.") => Flavor::Neon,
            () if has("crunchy.") => Flavor::Crunchy,
            () if has("cnpg.") || on_pod => Flavor::Cnpg,
            () if signs.patroni => Flavor::Patroni,
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
            Flavor::Patroni => "PostgreSQL under Patroni",
            Flavor::Cnpg => "CloudNativePG",
            Flavor::AlloyDb => "AlloyDB for PostgreSQL",
            Flavor::Supabase => "Supabase",
            Flavor::Neon => "Neon",
            Flavor::Crunchy => "Crunchy Bridge",
        }
    }

    /// Whether a customer gets a superuser there.
    pub fn gives_superuser(self) -> bool {
        matches!(self, Flavor::Community | Flavor::Patroni | Flavor::Cnpg | Flavor::Crunchy)
    }

    /// The role that stands for a superuser there.
    pub fn admin(self) -> Option<&'static str> {
        match self {
            Flavor::Rds | Flavor::Aurora => Some("rds_superuser"),
            Flavor::CloudSql => Some("cloudsqlsuperuser"),
            Flavor::Azure => Some("azure_pg_admin"),
            Flavor::AlloyDb => Some("alloydbsuperuser"),
            Flavor::Neon => Some("neon_superuser"),
            Flavor::Supabase => Some("postgres"),
            Flavor::Community | Flavor::Patroni | Flavor::Cnpg | Flavor::Crunchy => None,
        }
    }

    /// Whether that role may create subscriptions, also up to 15 where Postgres leaves that to superusers.
    pub fn admins_subscribe(self) -> bool {
        self.admin().is_some_and(|admin| PROVIDER_ADMINS.contains(&admin))
    }

    /// Whether that role may create event triggers.
    pub fn admins_make_event_triggers(self) -> bool {
        matches!(self, Flavor::Rds | Flavor::Aurora | Flavor::CloudSql | Flavor::Azure | Flavor::AlloyDb)
    }

    /// The provider's own switch for a setting that it hides, with the value that means the same.
    fn own_switch(self, name: &str, value: &str) -> Option<(&'static str, &'static str)> {
        match (self, name, value) {
            (Flavor::Rds | Flavor::Aurora, "wal_level", "logical") => Some(("rds.logical_replication", "1")),
            (Flavor::CloudSql, "wal_level", "logical") => Some(("cloudsql.logical_decoding", "on")),
            (Flavor::AlloyDb, "wal_level", "logical") => Some(("alloydb.logical_decoding", "on")),
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
            Flavor::Community if LISTS.contains(&name) => {
                format!("ALTER SYSTEM SET {shown} = {value}; then SELECT pg_reload_conf();")
            }
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
            Flavor::AlloyDb => format!(
                "Set flag {shown}={value}: gcloud alloydb instances update INSTANCE --cluster=CLUSTER --region=REGION \
                 --database-flags={shown}={value} (name the other flags too, since the list is replaced){}.",
                then("; the instance restarts")
            ),
            Flavor::Supabase if name == "wal_level" => {
                "Supabase has wal_level = logical from the start; ask its support.".to_owned()
            }
            Flavor::Supabase => format!(
                "supabase --experimental postgres-config update --config {shown}={value} --project-ref PROJECT{}.",
                then("; the database restarts")
            ),
            Flavor::Neon if name == "wal_level" => {
                "Enable logical replication in the project's settings of the Neon console; its computes restart."
                    .to_owned()
            }
            Flavor::Neon => format!("Neon sets {shown} itself; ask its support for {value}."),
            Flavor::Crunchy => format!(
                "Set {shown} = {value} in the cluster's settings: cb config-param set {shown}={value} --cluster CLUSTER{}.",
                then(", then restart the cluster")
            ),
            Flavor::Patroni => format!(
                "patronictl edit-config CLUSTER --pg {shown}={value}{}.",
                then("; then patronictl restart CLUSTER")
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
            Flavor::AlloyDb => format!("GRANT alloydbsuperuser TO {role};"),
            Flavor::Neon => format!("GRANT neon_superuser TO {role};"),
            _ if version.has_create_subscription_role() => {
                format!("GRANT pg_create_subscription TO {role}; GRANT CREATE ON DATABASE {database} TO {role};")
            }
            _ => "Run the subscriber's files as a superuser: up to 15 nobody else may create subscriptions.".to_owned(),
        }
    }

    /// Groups of the providers whose members may create subscriptions.
    pub fn provider_admins() -> [&'static str; 5] {
        PROVIDER_ADMINS
    }

    /// The least `max_worker_processes` that the provider asks for with logical replication, and its short name.
    pub fn least_worker_processes(self) -> Option<(&'static str, i64)> {
        (self == Flavor::Azure).then_some(("Azure", 16))
    }

    /// What makes its manager keep these logical slots of a database, and copy them to standbys: a command of a shell, as a full
    /// sentence.
    pub fn to_keep_slots(self, database: &str, slots: &[String]) -> Option<String> {
        let set = |slot: &String| {
            let slot_facts = serde_json::json!({ "type": "logical", "plugin": "pgoutput", "database": database });
            format!(" --set {}", quote_shell(&format!("slots.{slot}={slot_facts}")))
        };
        (self == Flavor::Patroni)
            .then(|| format!("patronictl edit-config CLUSTER{}.", slots.iter().map(set).collect::<String>()))
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
        let detect = |name: &str, value: &str| {
            Flavor::detect(&BTreeMap::from([(name.to_owned(), value.to_owned())]), Signs::default())
        };
        assert_eq!(detect("rds.logical_replication", "on"), Flavor::Rds);
        assert_eq!(detect("cloudsql.logical_decoding", "on"), Flavor::CloudSql);
        assert_eq!(detect("azure.extensions", ""), Flavor::Azure);
        assert_eq!(detect("alloydb.iam_authentication", "off"), Flavor::AlloyDb);
        assert_eq!(detect("neon.timeline_id", "x"), Flavor::Neon);
        assert_eq!(detect("supautils.reserved_roles", ""), Flavor::Supabase);
        assert_eq!(detect("unix_socket_directories", "/controller/run"), Flavor::Cnpg);
        assert_eq!(detect("wal_level", "logical"), Flavor::Community);
        let rds = BTreeMap::from([("rds.logical_replication".to_owned(), "on".to_owned())]);
        assert_eq!(Flavor::detect(&rds, Signs { aurora: true, patroni: true }), Flavor::Aurora);
        let managed = Signs { patroni: true, ..Signs::default() };
        assert_eq!(Flavor::detect(&BTreeMap::new(), managed), Flavor::Patroni);
        assert_eq!(
            Flavor::Patroni.to_set("max_wal_senders", 20),
            "patronictl edit-config CLUSTER --pg max_wal_senders=20; then patronictl restart CLUSTER."
        );
        let kept = Flavor::Patroni.to_keep_slots("it's", &["pgsp_1".to_owned()]).unwrap();
        assert_eq!(
            kept,
            "patronictl edit-config CLUSTER --set 'slots.pgsp_1={\"database\":\"it'\\''s\",\"plugin\":\"pgoutput\",\"type\":\"logical\"}'."
        );
    }
}
