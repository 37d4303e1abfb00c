//! What can go wrong with a server, sorted by what it means for the exit code.
//!
//! The driver's own text says only "db error"; here SQLSTATE, message, detail and hint are kept. No variant holds a
//! password or a connection string.

use std::{fmt, path::PathBuf, time::Duration};

use tokio_postgres::error::SqlState;

use super::{conninfo::ConninfoError, tls};
use crate::server::{NEWEST_MAJOR, OLDEST_MAJOR};

/// What an error means for the program's exit code (docs/rules.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Exit code 1: what the user gave cannot be used, or an answer that this program does not understand.
    Usage,
    /// Exit code 2: no connection, or none that serves, or it was lost.
    CannotConnect,
    /// Exit code 3: the server refused a statement.
    StatementRefused,
}

/// An error as the server words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerMessage {
    /// Five characters.
    pub sqlstate: String,
    /// One line.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// What the server suggests.
    pub hint: Option<String>,
}

impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

/// Why a server that answers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsuitable {
    /// Below version 12.
    TooOld {
        /// As in `server_version_num`.
        version_num: u32,
    },
    /// Of a major version that came after this release.
    TooNew {
        /// As in `server_version_num`.
        version_num: u32,
    },
    /// In recovery where a primary is needed.
    Standby,
    /// Its session changes from one transaction to the next.
    TransactionPooler,
    /// The console of PgBouncer.
    PoolerConsole,
    /// None of the hosts is what `target_session_attrs` asks for.
    SessionAttributes,
}

/// What can go wrong with a server.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// The connection string, or what belongs to it.
    #[error(transparent)]
    Settings(#[from] ConninfoError),
    /// A certificate or key file.
    #[error("could not use {what} \"{path}\": {reason}", path = .path.display())]
    File {
        /// Which.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// `--password-command`.
    #[error("could not get a password from the password command: {reason}")]
    PasswordCommand {
        /// Its exit status, or why it did not start.
        reason: String,
    },
    /// Nobody answers there.
    #[error("could not connect to {server}: {reason}")]
    Unreachable {
        /// As in psql: `server at "db1", port 5432`.
        server: String,
        /// As the operating system says.
        reason: String,
    },
    /// TLS failed.
    #[error("could not connect to {server}: TLS: {reason}")]
    Tls {
        /// Which server.
        server: String,
        /// As the TLS library says.
        reason: String,
        /// What could help.
        hint: Option<&'static str>,
    },
    /// It answered, and what it asks for or is may not be: `require_auth`, `sslcertmode`, `requirepeer`.
    #[error("could not connect to {server}: {reason}")]
    Distrusted {
        /// Which server.
        server: String,
        /// Why not.
        reason: String,
    },
    /// The server asks for a password and there is none.
    #[error("could not connect to {server}: no password supplied")]
    PasswordMissing {
        /// Which server.
        server: String,
    },
    /// The server answered and refused the session: wrong password, no such database, too many connections …
    #[error("could not connect to {server}: {message}")]
    Rejected {
        /// Which server.
        server: String,
        /// In its words.
        message: Box<ServerMessage>,
        /// The file that the password came from.
        passfile: Option<PathBuf>,
    },
    /// It answered, but is not what is needed.
    #[error("cannot use {server}: {}", reason_unsuitable(.reason))]
    Unsuitable {
        /// Which server.
        server: String,
        /// Why not.
        reason: Unsuitable,
    },
    /// Every one of several hosts failed.
    #[error("could not connect to any of {} hosts; last: {}", .0.len(), last_attempt(.0))]
    AllHosts(Vec<PgError>),
    /// The session broke off.
    #[error("lost the connection to the server: {reason}")]
    Lost {
        /// What the server or the operating system said.
        reason: String,
    },
    /// The server did not answer in time, which it was told to keep as well.
    #[error("could not {purpose}: the server did not answer within {} s", .limit.as_secs())]
    Stalled {
        /// What it was for.
        purpose: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// The answer has no end, or one that is too far.
    #[error("could not {purpose}: the server sends more than {limit}")]
    TooMuch {
        /// What it was for.
        purpose: &'static str,
        /// Of what: `1024 MB in one answer`.
        limit: String,
    },
    /// The server refused a statement.
    #[error("could not {purpose}: {message}")]
    Statement {
        /// What it was for: `read the catalog`.
        purpose: &'static str,
        /// In its words.
        message: Box<ServerMessage>,
    },
    /// The server's answer is not of the form that was asked for.
    #[error("could not {purpose}: invalid answer: {reason}")]
    Answer {
        /// What it was for.
        purpose: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

fn reason_unsuitable(reason: &Unsuitable) -> String {
    match reason {
        Unsuitable::TooOld { version_num } => {
            let shown = match version_num {
                0..100_000 => format!("{}.{}", version_num / 10_000, version_num / 100 % 100),
                _ => (version_num / 10_000).to_string(),
            };
            format!("it runs PostgreSQL {shown}, and {OLDEST_MAJOR} is the oldest supported")
        }
        Unsuitable::TooNew { version_num } => {
            format!("it runs PostgreSQL {}, and {NEWEST_MAJOR} is the newest supported", version_num / 10_000)
        }
        Unsuitable::Standby => "it is a standby (in recovery)".to_owned(),
        Unsuitable::TransactionPooler => "it is a connection pooler in transaction or statement mode".to_owned(),
        Unsuitable::PoolerConsole => "it is the administration console of a connection pooler".to_owned(),
        Unsuitable::SessionAttributes => "it does not match target_session_attrs".to_owned(),
    }
}

fn last_attempt(attempts: &[PgError]) -> String {
    attempts.last().map(PgError::to_string).unwrap_or_default()
}

impl PgError {
    /// What it means for the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            PgError::Settings(_) | PgError::File { .. } | PgError::Answer { .. } | PgError::TooMuch { .. } => {
                ErrorClass::Usage
            }
            PgError::Statement { .. } => ErrorClass::StatementRefused,
            _ => ErrorClass::CannotConnect,
        }
    }

    /// Whether trying again later may help: a restart, a failover, a network fault.
    pub fn is_passing(&self) -> bool {
        match self {
            PgError::Unreachable { .. } | PgError::Lost { .. } | PgError::Stalled { .. } => true,
            PgError::Rejected { message, .. } => {
                // cannot connect now, too many connections, and the shutdown family
                matches!(message.sqlstate.as_str(), "53300" | "57P01" | "57P02" | "57P03")
            }
            PgError::Unsuitable { reason, .. } => matches!(reason, Unsuitable::Standby),
            PgError::AllHosts(attempts) => attempts.iter().any(PgError::is_passing),
            _ => false,
        }
    }

    /// Whether a password typed at a prompt could help.
    pub fn wants_password(&self) -> bool {
        match self {
            PgError::PasswordMissing { .. } => true,
            PgError::AllHosts(attempts) => attempts.iter().any(PgError::wants_password),
            _ => false,
        }
    }

    /// SQLSTATE, if the server gave one.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            PgError::Statement { message, .. } | PgError::Rejected { message, .. } => Some(&message.sqlstate),
            _ => None,
        }
    }

    /// More of it, in full sentences.
    pub fn detail(&self) -> Option<String> {
        match self {
            PgError::Statement { message, .. } => message.detail.clone(),
            PgError::Rejected { message, passfile, .. } => message.detail.clone().or_else(|| {
                let path = passfile.as_ref().filter(|_| message.sqlstate.starts_with("28"))?;
                Some(format!("The password came from file \"{}\".", path.display()))
            }),
            PgError::AllHosts(attempts) => Some(attempts.iter().map(PgError::to_string).collect::<Vec<_>>().join("\n")),
            _ => None,
        }
    }

    /// What to do, in full sentences.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            PgError::Unreachable { .. } => "Is the server running there, and does a firewall let this machine through?",
            PgError::Tls { hint, .. } => (*hint)?,
            PgError::File { what: tls::ROOT_CERTIFICATE_FILE, .. } => {
                "Give sslrootcert (managed services publish theirs), or a weaker sslmode."
            }
            PgError::Stalled { .. } => {
                "The server takes connections but does not work; look at its processes and its disk."
            }
            PgError::PasswordMissing { .. } => "Give one with -W, --password-command, a .pgpass entry or PGPASSWORD.",
            PgError::Rejected { message, .. } => {
                return message.hint.clone().or_else(|| hint_for_rejection(message).map(str::to_owned));
            }
            PgError::Statement { message, .. } => {
                return message.hint.clone().or_else(|| hint_for_statement(message).map(str::to_owned));
            }
            PgError::Unsuitable { reason, .. } => hint_for_unsuitable(reason),
            PgError::AllHosts(attempts) => return attempts.last().and_then(PgError::hint),
            PgError::Settings(ConninfoError::Option(_) | ConninfoError::UriParameter(_)) => {
                "Options are those of libpq; see \"Parameter Key Words\" in the PostgreSQL manual."
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn hint_for_rejection(message: &ServerMessage) -> Option<&'static str> {
    Some(match message.sqlstate.as_str() {
        "28P01" => "Check user and password; passwords come from the connection string, PGPASSWORD or .pgpass.",
        "28000" => "See pg_hba.conf on the server, and whether the role may log in.",
        "3D000" => "List the databases with: psql -l",
        "42501" => "Grant it with: GRANT CONNECT ON DATABASE … TO …",
        "53300" => "Free a connection, or raise \"max_connections\" or the role's connection limit.",
        "57P03" => "The server is starting up or shutting down; try again shortly.",
        "08P01" if message.message.contains("startup parameter") => {
            "A connection pooler answers there; give the server's own host and port."
        }
        _ => return None,
    })
}

fn hint_for_statement(message: &ServerMessage) -> Option<&'static str> {
    Some(match message.sqlstate.as_str() {
        "42501" => "Sampling needs: GRANT pg_monitor TO …",
        "55P03" => "Another session holds an exclusive lock; try again when it is done.",
        "57014" => "The statement timeout was reached; try again when the server is less busy.",
        _ => return None,
    })
}

fn hint_for_unsuitable(reason: &Unsuitable) -> &'static str {
    match reason {
        Unsuitable::TooOld { .. } => "Upgrade the publisher with pg_upgrade or pg_dump first.",
        Unsuitable::TooNew { .. } => {
            "Look for a newer release of pgslotplan: a new major version changes what its scripts rely on."
        }
        Unsuitable::Standby => {
            "Counters and slots live on the primary: give its host, or several hosts with target_session_attrs=primary."
        }
        Unsuitable::TransactionPooler | Unsuitable::PoolerConsole => {
            "Give the server's own host and port, or a pool with pool_mode=session."
        }
        Unsuitable::SessionAttributes => "Give more hosts, or another target_session_attrs.",
    }
}

/// What the server said, if the error is the server's.
pub(super) fn server_message(error: &tokio_postgres::Error) -> Option<Box<ServerMessage>> {
    let db = error.as_db_error()?;
    Some(Box::new(ServerMessage {
        sqlstate: db.code().code().to_owned(),
        message: crate::names::one_line(db.message()),
        detail: db.detail().map(str::to_owned),
        hint: db.hint().map(str::to_owned),
    }))
}

/// Causes from the outside in, without the driver's empty phrases.
pub(super) fn cause_of(error: &tokio_postgres::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let mut last = error.to_string();
    while let Some(inner) = cause {
        last = inner.to_string();
        cause = inner.source();
    }
    without_number(&last)
}

/// The system's own words, without ` (os error 111)`.
pub(super) fn without_number(text: &str) -> String {
    text.split_once(" (os error").map_or(text, |(words, _)| words).to_owned()
}

/// A failed statement.
pub(super) fn statement_error(purpose: &'static str, error: &tokio_postgres::Error) -> PgError {
    match server_message(error) {
        Some(message) if is_shutdown(&message.sqlstate) => PgError::Lost { reason: message.to_string() },
        Some(message) => PgError::Statement { purpose, message },
        None if error.is_closed() => PgError::Lost { reason: "the server closed it".to_owned() },
        None => PgError::Lost { reason: cause_of(error) },
    }
}

fn is_shutdown(sqlstate: &str) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW, SqlState::DATABASE_DROPPED]
        .iter()
        .any(|state| state.code() == sqlstate)
        || sqlstate == "57P05" // idle session timeout
        || sqlstate.starts_with("08")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sqlstate: &str) -> Box<ServerMessage> {
        Box::new(ServerMessage { sqlstate: sqlstate.to_owned(), message: "m".to_owned(), detail: None, hint: None })
    }

    #[test]
    fn classes_are_the_exit_codes() {
        let server = || "server at \"h\", port 1".to_owned();
        let rejected = PgError::Rejected { server: server(), message: message("28P01"), passfile: None };
        assert_eq!(rejected.class(), ErrorClass::CannotConnect);
        assert!(!rejected.is_passing() && rejected.hint().is_some());
        let refused = PgError::Statement { purpose: "read", message: message("42501") };
        assert_eq!(refused.class(), ErrorClass::StatementRefused);
        assert_eq!(refused.to_string(), "could not read: m (SQLSTATE 42501)");
        assert_eq!(PgError::from(ConninfoError::NoUser).class(), ErrorClass::Usage);
        let file = PgError::File { what: "private key file", path: "k".into(), reason: "r".to_owned() };
        assert_eq!(file.class(), ErrorClass::Usage);
        let starting = PgError::Rejected { server: server(), message: message("57P03"), passfile: None };
        assert!(PgError::AllHosts(vec![rejected, starting]).is_passing());
    }

    #[test]
    fn old_versions_are_named_as_people_name_them() {
        for (version_num, shown) in [(90_624, "PostgreSQL 9.6,"), (110_022, "PostgreSQL 11,")] {
            let text = reason_unsuitable(&Unsuitable::TooOld { version_num });
            assert!(text.contains(shown), "{text}");
        }
        let newer = reason_unsuitable(&Unsuitable::TooNew { version_num: 200_001 });
        assert_eq!(newer, "it runs PostgreSQL 20, and 19 is the newest supported");
    }

    #[test]
    fn the_password_files_name_is_told_when_its_password_is_wrong() {
        let error = PgError::Rejected {
            server: "s".to_owned(),
            message: message("28P01"),
            passfile: Some("/h/.pgpass".into()),
        };
        assert_eq!(error.detail().as_deref(), Some("The password came from file \"/h/.pgpass\"."));
    }
}
