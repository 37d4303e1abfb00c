//! What to type: settings and grants in the words of whoever runs the server. Sources: the manual, and the providers'
//! own pages on logical replication.

use crate::{
    names::quote_identifier,
    server::{Flavor, ServerFacts},
};

/// Whether a setting takes effect at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// After a restart.
    Restart,
    /// After a reload.
    Reload,
}

/// How a setting is changed.
pub fn set(server: &ServerFacts, name: &str, value: impl std::fmt::Display, effect: Effect) -> String {
    let value = value.to_string();
    let restart = effect == Effect::Restart;
    match server.flavor {
        Flavor::Community => {
            let then = if restart { "restart the server" } else { "SELECT pg_reload_conf();" };
            format!("ALTER SYSTEM SET {name} = '{value}'; then {then}")
        }
        Flavor::Rds => format!(
            "Set parameter {name} to {value} in the DB parameter group{}.",
            if restart { " and reboot the instance" } else { "" }
        ),
        Flavor::Aurora => format!(
            "Set parameter {name} to {value} in the DB cluster parameter group{}.",
            if restart { " and reboot the writer" } else { "" }
        ),
        Flavor::CloudSql => format!(
            "Set flag {name}={value}: gcloud sql instances patch INSTANCE --database-flags={name}={value} (name the other \
             flags too, since the list is replaced){}.",
            if restart { "; the instance restarts" } else { "" }
        ),
        Flavor::Azure => format!(
            "az postgres flexible-server parameter set --name {name} --value {value} --server-name SERVER --resource-group \
             GROUP{}.",
            if restart { ", then restart the server" } else { "" }
        ),
        Flavor::Cnpg => format!(
            "Set spec.postgresql.parameters.{name}: \"{value}\" in the Cluster{}.",
            if restart { "; the operator restarts the pods" } else { "" }
        ),
    }
}

/// How logical decoding is switched on.
pub fn logical_wal(server: &ServerFacts) -> String {
    match server.flavor {
        Flavor::Rds | Flavor::Aurora => set(server, "rds.logical_replication", 1, Effect::Restart),
        Flavor::CloudSql => set(server, "cloudsql.logical_decoding", "on", Effect::Restart),
        _ => set(server, "wal_level", "logical", Effect::Restart),
    }
}

/// How a role may replicate.
pub fn replication(server: &ServerFacts, role: &str) -> String {
    let role = quote_identifier(role);
    match server.flavor {
        Flavor::Rds | Flavor::Aurora => format!("GRANT rds_replication TO {role};"),
        _ => format!("ALTER ROLE {role} WITH REPLICATION;"),
    }
}

/// How a role may create subscriptions.
pub fn create_subscription(server: &ServerFacts, role: &str, database: &str) -> String {
    let (role, database) = (quote_identifier(role), quote_identifier(database));
    match server.flavor {
        Flavor::Rds | Flavor::Aurora => format!("GRANT rds_superuser TO {role};"),
        Flavor::CloudSql => format!("GRANT cloudsqlsuperuser TO {role};"),
        Flavor::Azure => format!("GRANT azure_pg_admin TO {role};"),
        _ if server.version_num.major() >= 16 => {
            format!("GRANT pg_create_subscription TO {role}; GRANT CREATE ON DATABASE {database} TO {role};")
        }
        _ => "Run the subscriber's files as a superuser: up to 15 nobody else may create subscriptions.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flavor_has_its_own_words() {
        let words =
            |flavor| set(&ServerFacts { flavor, ..ServerFacts::of_major(15) }, "max_wal_senders", 20, Effect::Restart);
        assert_eq!(words(Flavor::Community), "ALTER SYSTEM SET max_wal_senders = '20'; then restart the server");
        assert!(words(Flavor::Rds).contains("DB parameter group and reboot"));
        assert!(words(Flavor::Aurora).contains("DB cluster parameter group"));
        assert!(words(Flavor::CloudSql).contains("--database-flags=max_wal_senders=20"));
        assert!(words(Flavor::Azure).contains("--name max_wal_senders --value 20"));
        assert!(words(Flavor::Cnpg).contains("spec.postgresql.parameters.max_wal_senders: \"20\""));
        let logical = |flavor| logical_wal(&ServerFacts { flavor, ..ServerFacts::of_major(15) });
        assert!(logical(Flavor::Aurora).contains("rds.logical_replication to 1"));
        assert!(logical(Flavor::CloudSql).contains("cloudsql.logical_decoding=on"));
        assert!(logical(Flavor::Cnpg).contains("wal_level: \"logical\""));
    }

    #[test]
    fn grants_quote_the_role() {
        let server = ServerFacts::of_major(16);
        assert_eq!(replication(&server, "a b"), "ALTER ROLE \"a b\" WITH REPLICATION;");
        assert!(create_subscription(&server, "r", "App").contains("GRANT CREATE ON DATABASE \"App\" TO r;"));
        assert!(create_subscription(&ServerFacts::of_major(15), "r", "App").contains("superuser"));
    }
}
