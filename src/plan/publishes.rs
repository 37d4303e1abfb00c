//! Which changes a slot publishes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{PlannedSlot, PlannedTable};
use crate::names::clipped;

/// The text is not what `publish` of a publication may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid publish list \"{0}\": expected some of insert, update, delete and truncate, in this order")]
pub struct InvalidPublish(String);

/// Which changes a slot publishes: the publication option `publish`, its words in their order. Valid because it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Publishes {
    /// INSERT.
    pub insert: bool,
    /// UPDATE.
    pub update: bool,
    /// DELETE.
    pub delete: bool,
    /// TRUNCATE.
    pub truncate: bool,
}

impl FromStr for Publishes {
    type Err = InvalidPublish;
    fn from_str(text: &str) -> Result<Self, InvalidPublish> {
        let has = |word: &str| text.split(", ").any(|one| one == word);
        let publishes = Publishes {
            insert: has("insert"),
            update: has("update"),
            delete: has("delete"),
            truncate: has("truncate"),
        };
        let is_whole = publishes != Publishes::default() && publishes.to_list() == text;
        if is_whole { Ok(publishes) } else { Err(InvalidPublish(clipped(text))) }
    }
}

impl TryFrom<String> for Publishes {
    type Error = InvalidPublish;
    fn try_from(text: String) -> Result<Self, InvalidPublish> {
        text.parse()
    }
}

impl From<Publishes> for String {
    fn from(publishes: Publishes) -> String {
        publishes.to_list()
    }
}

impl fmt::Display for Publishes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_list())
    }
}

impl Publishes {
    /// Everything.
    pub const ALL: Publishes = Publishes { insert: true, update: true, delete: true, truncate: true };
    /// Everything but TRUNCATE.
    pub const GUARDED: Publishes = Publishes { truncate: false, ..Publishes::ALL };

    /// What is published of one member of a slot.
    pub fn of_table(slot: &PlannedSlot, table: &PlannedTable) -> Self {
        if table.insert_only { Publishes { update: false, delete: false, ..slot.publish } } else { slot.publish }
    }

    /// The value of the publication option `publish`.
    pub fn to_list(self) -> String {
        let words =
            [(self.insert, "insert"), (self.update, "update"), (self.delete, "delete"), (self.truncate, "truncate")];
        words.into_iter().filter_map(|(published, word)| published.then_some(word)).collect::<Vec<_>>().join(", ")
    }

    /// Whether rows must be identified.
    pub fn needs_identity(self) -> bool {
        self.update || self.delete
    }
}
