//! Which changes a slot publishes: its list, read.

use super::{PlannedSlot, PlannedTable};
use crate::names::SlotName;

/// `publish` names something else than insert, update, delete and truncate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid publish list \"{publish}\" of slot \"{slot}\"")]
pub struct InvalidPublish {
    /// The slot.
    pub slot: SlotName,
    /// The list.
    pub publish: String,
}

/// Which changes a slot publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

impl Publishes {
    /// Reads `publish`.
    ///
    /// # Errors
    /// [`InvalidPublish`] when a word is not known.
    pub fn of(slot: &PlannedSlot) -> Result<Self, InvalidPublish> {
        let mut publishes = Publishes::default();
        for word in slot.publish.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "insert" => publishes.insert = true,
                "update" => publishes.update = true,
                "delete" => publishes.delete = true,
                "truncate" => publishes.truncate = true,
                _ => return Err(InvalidPublish { slot: slot.name.clone(), publish: slot.publish.clone() }),
            }
        }
        Ok(publishes)
    }

    /// What is published of one member of a slot.
    ///
    /// # Errors
    /// As [`Publishes::of`].
    pub fn of_table(slot: &PlannedSlot, table: &PlannedTable) -> Result<Self, InvalidPublish> {
        let publishes = Publishes::of(slot)?;
        Ok(if table.insert_only { Publishes { update: false, delete: false, ..publishes } } else { publishes })
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
