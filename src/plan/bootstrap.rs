//! How the data gets to the subscriber: a choice that scripts and preflight both depend on. No decisions here.

use serde::{Deserialize, Serialize};

/// How the data gets to the subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Bootstrap {
    /// The native initial copy of each subscription.
    #[default]
    Copy,
    /// pg_dump and pg_restore from one exported snapshot, to which all slots belong.
    Dump,
    /// Rows from one exported snapshot, to which all slots belong, in pieces that many COPYs take from a queue.
    Snapshot,
    /// A base backup or storage clone of the whole server, promoted, and upgraded where the majors differ.
    Clone,
    /// An Aurora clone, upgraded where the majors differ.
    Aurora,
}

impl Bootstrap {
    /// Whether the subscriber begins as a copy of the publisher's server, with everything that is in it.
    pub fn is_physical(self) -> bool {
        matches!(self, Bootstrap::Clone | Bootstrap::Aurora)
    }

    /// Whether keys are made once the rows are there.
    pub fn makes_keys_later(self) -> bool {
        self == Bootstrap::Snapshot
    }

    /// The word of the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Bootstrap::Copy => "copy",
            Bootstrap::Dump => "dump",
            Bootstrap::Snapshot => "snapshot",
            Bootstrap::Clone => "clone",
            Bootstrap::Aurora => "aurora",
        }
    }
}
