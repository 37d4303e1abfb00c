//! What a plan needs of settings on both sides at its peak. Scripts and preflight ask for the
//! same numbers.

use super::{Bootstrap, Plan, PlannedSlot};

/// Room that is left free in slots and origins: table synchronization origins linger for a moment.
pub const SPARE: usize = 2;

/// What the plan itself needs at its peak; what others use comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Subscriptions.
    pub subscriptions: usize,
    /// `max_sync_workers_per_subscription` that is counted with; nothing is copied by such workers but with bootstrap
    /// `copy`.
    pub sync_workers: Option<usize>,
    /// Slots, and leaders with their table synchronization workers: Σ (1 + min(S, Tᵢ)).
    pub workers: usize,
    /// Whether parallel apply workers come on top.
    pub parallel: bool,
}

impl Needs {
    /// The needs of a plan.
    pub fn of(plan: &Plan, bootstrap: Bootstrap) -> Self {
        let sync_workers = (bootstrap == Bootstrap::Copy).then_some(plan.policy.sync_workers as usize);
        let copies = |slot: &PlannedSlot| sync_workers.map_or(0, |sync_workers| sync_workers.min(relation_count(slot)));
        let parallel =
            plan.publisher_version.has_parallel_streaming() && plan.subscriber_version.has_parallel_streaming();
        Needs {
            subscriptions: plan.slots.len(),
            sync_workers,
            workers: plan.slots.iter().map(|slot| 1 + copies(slot)).sum(),
            parallel,
        }
    }

    /// Least `max_replication_slots` of a publisher on which nothing else has slots.
    pub fn publisher_slots(&self) -> usize {
        self.workers + SPARE
    }

    /// Least `max_wal_senders` of a publisher without standbys: one more for a CREATE SUBSCRIPTION that looks.
    pub fn publisher_walsenders(&self) -> usize {
        self.workers + 1
    }

    /// Least number of origins of a subscriber.
    pub fn origins(&self) -> usize {
        self.workers + SPARE
    }
}

/// Relations that a subscription copies.
fn relation_count(slot: &PlannedSlot) -> usize {
    slot.tables.iter().map(|table| slot.received(table).len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::tests::{plan, slot, table};

    #[test]
    fn needs_by_hand() {
        // 3 subscriptions of 1, 2 and 40 tables with 2 sync workers: (1+1) + (1+2) + (1+2) = 8
        let many = (0..40).map(|number| table("s", &format!("t{number}"))).collect();
        let slots =
            vec![slot("a", vec![table("s", "a")]), slot("b", vec![table("s", "b"), table("s", "c")]), slot("c", many)];
        let plan = plan(15, 15, slots);
        let figures = |bootstrap| {
            let needs = Needs::of(&plan, bootstrap);
            (needs.workers, needs.publisher_slots(), needs.publisher_walsenders(), needs.origins())
        };
        assert_eq!(figures(Bootstrap::Copy), (8, 10, 9, 10));
        for loaded in [Bootstrap::Dump, Bootstrap::Snapshot, Bootstrap::Clone, Bootstrap::Aurora] {
            assert_eq!(figures(loaded), (3, 5, 4, 5));
        }
    }
}
