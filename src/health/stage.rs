//! Where a migration stands, found by itself: from what both servers have, not from what somebody noted.

use serde::{Deserialize, Serialize};

use super::{
    judge::{CAUGHT_UP_BYTES, SlotHealth, State},
    look::Look,
};
use crate::plan::Plan;

/// Where a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No subscription of the plan is there yet.
    Prepared,
    /// Tables are being copied.
    Copying,
    /// Every table is ready, but a slot is behind.
    CatchingUp,
    /// Every slot follows.
    Streaming,
    /// The application writes to the new server.
    CutOver,
    /// The application writes to the old server again.
    RolledBack,
}

impl Stage {
    /// As files have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Prepared => "prepared",
            Stage::Copying => "copying",
            Stage::CatchingUp => "catching_up",
            Stage::Streaming => "streaming",
            Stage::CutOver => "cut_over",
            Stage::RolledBack => "rolled_back",
        }
    }

    /// Finds it from the newest look and the forward slots.
    pub(super) fn of(plan: &Plan, look: &Look, forward: &[SlotHealth]) -> Self {
        let planned = || plan.slots.iter().filter_map(|slot| look.subscriber.subscriptions.get(&slot.subscription));
        let closed =
            [&look.publisher, &look.subscriber].map(|side| side.server.as_ref().is_some_and(|row| row.is_closed));
        if !planned().any(|row| row.enabled) {
            let mirrors = plan.mirrors();
            let back = mirrors.iter().filter_map(|mirror| look.publisher.subscriptions.get(mirror.name.as_str()));
            let goes_back = back.into_iter().any(|row| row.enabled);
            match closed {
                [false, true] if goes_back || planned().next().is_some() => return Stage::RolledBack,
                [true, _] => return Stage::CutOver,
                _ if goes_back => return Stage::CutOver,
                _ if planned().next().is_none() => {
                    // rows come before the subscriptions
                    let is_copied_first = look.subscriber.pieces.contains_key(&*plan.policy.prefix);
                    return if is_copied_first { Stage::Copying } else { Stage::Prepared };
                }
                _ => {}
            }
        }
        let is_copied = |slot: &&SlotHealth| {
            let tables = look.subscriber.tables.as_ref().and_then(|tables| tables.get(&slot.subscription));
            slot.state != State::Copying && tables.is_none_or(|tables| tables.values().all(|state| *state == 'r'))
        };
        if !forward.iter().all(|slot| is_copied(&slot)) {
            Stage::Copying
        } else if forward.iter().any(|slot| slot.lag_bytes.is_some_and(|lag| lag > CAUGHT_UP_BYTES)) {
            Stage::CatchingUp
        } else {
            Stage::Streaming
        }
    }
}
