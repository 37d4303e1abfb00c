//! What a cluster is started with: parameters, who may connect, TLS. The defaults suit logical replication tests:
//! `wal_level = logical`, room for thirty slots, no fsync, sockets only.

use std::{collections::BTreeMap, path::PathBuf};

use crate::server::ServerVersion;

/// Whether the server listens on TCP besides its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tcp {
    /// Sockets only.
    #[default]
    Off,
    /// Also on 127.0.0.1, on a free port.
    Loopback,
}

/// Files that switch TLS on; they are copied into the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate (`ssl_cert_file`).
    pub certificate: PathBuf,
    /// Its private key (`ssl_key_file`).
    pub key: PathBuf,
    /// The authority that signs clients' certificates (`ssl_ca_file`).
    pub client_authority: Option<PathBuf>,
}

/// How a cluster is made and started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterSettings {
    /// Parameters for `postgresql.conf`; they win over the defaults.
    pub parameters: BTreeMap<String, String>,
    /// TCP or sockets only.
    pub tcp: Tcp,
    /// Lines of `pg_hba.conf` in place of "trust everybody". The superuser `postgres` always gets in over the socket.
    pub hba: Option<String>,
    /// TLS for TCP connections.
    pub tls: Option<TlsFiles>,
    /// More arguments for initdb, such as `--wal-segsize=1`.
    pub initdb_arguments: Vec<String>,
}

impl ClusterSettings {
    /// The defaults.
    pub fn new() -> Self {
        ClusterSettings::default()
    }

    /// With a parameter set.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Listening on 127.0.0.1 as well.
    pub fn with_tcp(mut self) -> Self {
        self.tcp = Tcp::Loopback;
        self
    }

    /// With these lines as `pg_hba.conf`.
    pub fn with_hba(mut self, lines: &str) -> Self {
        self.hba = Some(lines.to_owned());
        self
    }

    /// With TLS.
    pub fn with_tls(mut self, files: TlsFiles) -> Self {
        self.tls = Some(files);
        self
    }

    /// With an argument for initdb.
    pub fn with_initdb_argument(mut self, argument: &str) -> Self {
        self.initdb_arguments.push(argument.to_owned());
        self
    }

    /// The text appended to `postgresql.conf`.
    pub(super) fn to_conf(&self, major: u32, socket_folder: &str) -> String {
        let mut all: BTreeMap<&str, &str> = DEFAULTS.iter().copied().collect();
        if ServerVersion::of_major(major).has_origin_limit() {
            all.insert("max_active_replication_origins", "40"); // 18 counts origins apart from slots; its default is 10
        }
        all.insert("unix_socket_directories", socket_folder);
        all.insert("listen_addresses", if self.tcp == Tcp::Loopback { "127.0.0.1" } else { "" });
        if let Some(tls) = &self.tls {
            all.extend([("ssl", "on"), ("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")]);
            if tls.client_authority.is_some() {
                all.insert("ssl_ca_file", "root.crt");
            }
        }
        all.extend(self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        all.into_iter().map(|(name, value)| conf_line(name, value)).collect()
    }

    /// The text of `pg_hba.conf`.
    pub(super) fn to_hba(&self) -> String {
        let rest = self.hba.as_deref().unwrap_or(
            "local all all trust\nlocal replication all trust\n\
             host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust",
        );
        format!("local all postgres trust\n{rest}\n")
    }
}

/// full_page_writes and synchronous_commit stay as users have them: they change what is measured.
const DEFAULTS: [(&str, &str); 14] = [
    ("fsync", "off"),
    ("wal_level", "logical"),
    ("max_wal_senders", "40"),
    ("max_replication_slots", "40"),
    ("max_worker_processes", "40"),
    ("max_logical_replication_workers", "36"),
    ("max_connections", "60"),
    ("shared_buffers", "32MB"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_line_prefix", "%m [%p] "),
    ("wal_retrieve_retry_interval", "200ms"), // restarted apply workers come back at once
    ("wal_receiver_status_interval", "1s"),   // so that confirmed positions move within a test
    ("logging_collector", "off"),
];

/// One line of `postgresql.conf`, quoted.
pub(super) fn conf_line(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_parameters_win_and_are_quoted() {
        let settings = ClusterSettings::new().with("wal_level", "replica").with("search_path", "a'b\\c");
        let conf = settings.to_conf(17, "/tmp/x/s");
        assert!(conf.contains("wal_level = 'replica'\n") && !conf.contains("logical'"));
        assert!(conf.contains("search_path = 'a''b\\\\c'\n"));
        assert!(conf.contains("listen_addresses = ''\n") && conf.contains("unix_socket_directories = '/tmp/x/s'\n"));
        assert!(!conf.contains("max_active_replication_origins"));
        assert!(settings.to_conf(18, "/tmp/x/s").contains("max_active_replication_origins"));
    }

    #[test]
    fn the_superuser_gets_in_whatever_the_hba_says() {
        let hba = ClusterSettings::new().with_hba("host all all 127.0.0.1/32 scram-sha-256").to_hba();
        assert_eq!(hba, "local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
    }
}
