//! Names that a plan implies for the way back: after the cutover the new server publishes and the old one subscribes.

use std::collections::BTreeSet;

use super::Plan;
use crate::names::SlotName;

/// What one slot is called in the other direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Slot and subscription, and the publication of all but insert-only members.
    pub name: SlotName,
    /// The publication of insert-only members.
    pub insert_only: SlotName,
}

impl Plan {
    /// One for each slot, in their order: prefix, `rev`, number. None is taken in the plan.
    pub fn mirrors(&self) -> Vec<Mirror> {
        let mut taken: BTreeSet<String> = self.slots.iter().map(|slot| slot.name.to_string()).collect();
        for slot in &self.slots {
            taken.extend([slot.publication.clone(), slot.subscription.clone()]);
            taken.extend(slot.insert_only_publication.clone());
        }
        let prefix = &self.policy.prefix;
        let mut free = |text: String| SlotName::squeeze(&text, &mut taken);
        (1..=self.slots.len())
            .map(|number| Mirror {
                name: free(format!("{prefix}_rev_{number}")),
                insert_only: free(format!("{prefix}_rev_{number}_insert")),
            })
            .collect()
    }
}
