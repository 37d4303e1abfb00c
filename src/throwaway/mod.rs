//! Throwaway servers: real PostgreSQL 12 to 18 for `demo` and for the live tests, without a server installed.
//!
//! [`Servers`] knows where the packages come from, [`Cluster`] is one running server in a temporary folder that goes
//! away with it. Nothing here knows plans or workloads, and nothing here touches a server it did not start.

#![allow(clippy::disallowed_methods, reason = "this room starts processes in temporary folders: it is an edge")]

mod account;
mod cluster;
mod error;
mod folder;
mod packages;
mod process;
mod query;
mod settings;
mod template;
mod tools;

use std::path::Path;

pub use cluster::Cluster;
pub use error::ThrowawayError;
pub use packages::{MAJORS, Packages, ServerBinaries, available_majors, cache_folder};
pub use query::ScriptOutcome;
pub use settings::{ClusterSettings, Tcp, TlsFiles};
pub use tools::Tools;

/// Makes a command run as the account that servers run as: `nobody` when the caller is root, else no change. For programs
/// that own a data folder, such as pg_ctl.
pub fn as_server_account(command: &mut std::process::Command) {
    if let Some(account) = account::ServerAccount::current() {
        account.apply(command);
    }
}

/// Where servers and client programs come from; every cluster is started through one of these.
#[derive(Debug, Clone)]
pub struct Servers {
    packages: Packages,
    tools: Tools,
}

impl Servers {
    /// For an installed program: packages in the user's cache folder, installed when first needed.
    ///
    /// # Errors
    /// When there is no cache folder (no `PGSLOTPLAN_CACHE`, `XDG_CACHE_HOME` or `HOME`).
    pub fn cached() -> Result<Self, ThrowawayError> {
        let cache = cache_folder()?;
        Ok(Servers { packages: Packages::in_cache(&cache), tools: Tools::in_cache(&cache) })
    }

    /// For tests: packages in `tests/pg/node_modules` of the repository at `root`, or in the cache folder when the
    /// account that servers run as cannot read the repository.
    ///
    /// # Errors
    /// When there is no cache folder.
    pub fn in_repository(root: &Path) -> Result<Self, ThrowawayError> {
        let cache = cache_folder()?;
        let packages = match account::ServerAccount::current() {
            Some(account) if !account.can_reach(root) => Packages::in_cache(&cache),
            _ => Packages::in_folder(&root.join("tests/pg")),
        };
        Ok(Servers { packages, tools: Tools::in_cache(&cache) })
    }

    /// The server binaries.
    pub fn packages(&self) -> &Packages {
        &self.packages
    }

    /// The client programs.
    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    /// Starts a new, empty server of a major version; installs its package first where that is missing.
    ///
    /// # Errors
    /// When the package cannot be had, or initdb or the server fails; the error carries the log.
    pub fn start(&self, major: u32, settings: &ClusterSettings) -> Result<Cluster, ThrowawayError> {
        Cluster::start(self.packages.server(major)?, self.tools.clone(), settings)
    }
}
