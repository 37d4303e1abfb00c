//! The budgets of postgres.md §3: what a plan needs of settings on both sides while the initial copy runs.

use super::Context;
use crate::{plan::Plan, workload::TableKind};

/// Room that is left free in slots and origins: table synchronization origins linger for a moment.
pub const SPARE: usize = 2;

/// What the plan itself needs at its peak; what others use comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Subscriptions.
    pub subscriptions: usize,
    /// `max_sync_workers_per_subscription` that is counted with.
    pub sync_workers: usize,
    /// Slots and leaders with their table synchronization workers: Σ (1 + min(S, Tᵢ)).
    pub workers: usize,
    /// Whether parallel apply workers come on top.
    pub parallel: bool,
}

impl Budget {
    /// The budget of a plan.
    pub fn of(plan: &Plan) -> Self {
        let sync_workers = plan.policy.sync_workers as usize;
        let workers = plan.slots.iter().map(|slot| 1 + sync_workers.min(relation_count(slot))).sum();
        let parallel =
            plan.publisher_version.has_parallel_streaming() && plan.subscriber_version.has_parallel_streaming();
        Budget { subscriptions: plan.slots.len(), sync_workers, workers, parallel }
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

/// Relations that a subscription copies: a published root is one, otherwise each of its leaves is.
fn relation_count(slot: &crate::plan::PlannedSlot) -> usize {
    slot.tables
        .iter()
        .map(|table| if table.kind == TableKind::Partitioned && !slot.via_root { table.leaves.len() } else { 1 })
        .sum()
}

/// Lines that say which setting of the publisher is too small.
pub(super) fn publisher_shortages(context: &Context<'_>, planned_slots: &str) -> String {
    let budget = Budget::of(context.plan);
    format!(
        "      SELECT format('wal_level is %s, but must be logical', current_setting('wal_level'))
      WHERE current_setting('wal_level') <> 'logical'
      UNION ALL
      SELECT format('max_replication_slots is %s, but must be at least %s: %s are used by others, {workers} are needed, {SPARE} are spare',
                    current_setting('max_replication_slots'), others + {slots}, others)
      FROM (SELECT count(*) FROM pg_replication_slots AS s WHERE s.slot_name !~ '^pg_[0-9]+_sync_'
              AND NOT EXISTS (SELECT FROM {planned_slots} WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_replication_slots')::integer < others + {slots}
      UNION ALL
      SELECT format('max_wal_senders is %s, but must be at least %s: %s are used by others, {senders} are needed',
                    current_setting('max_wal_senders'), others + {senders}, others)
      FROM (SELECT count(*) FROM pg_stat_replication AS r LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
             WHERE coalesce(s.slot_name, '') !~ '^pg_[0-9]+_sync_'
               AND NOT EXISTS (SELECT FROM {planned_slots} WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_wal_senders')::integer < others + {senders}",
        workers = budget.workers,
        slots = budget.publisher_slots(),
        senders = budget.publisher_walsenders(),
    )
}

/// Lines that say which setting of the subscriber is too small.
pub(super) fn subscriber_shortages(context: &Context<'_>, planned_subscriptions: &str) -> String {
    let budget = Budget::of(context.plan);
    // 18 bounds origins by a setting of their own (postgres.md H11)
    let origin_setting = if context.plan.subscriber_version.has_origin_limit() {
        "max_active_replication_origins"
    } else {
        "max_replication_slots"
    };
    format!(
        "      SELECT format('max_sync_workers_per_subscription is %s, but the plan counts with {sync}',
                    current_setting('max_sync_workers_per_subscription'))
      WHERE current_setting('max_sync_workers_per_subscription')::integer > {sync}
      UNION ALL
      SELECT format('max_logical_replication_workers is %s, but must be at least %s: %s for others, {workers} are needed',
                    current_setting('max_logical_replication_workers'), others + {workers}, others)
      FROM (SELECT count(*) FROM pg_subscription AS s WHERE s.subenabled
              AND NOT EXISTS (SELECT FROM {planned_subscriptions} WHERE planned.subscription_name = s.subname)) AS used(others)
      WHERE current_setting('max_logical_replication_workers')::integer < others + {workers}
      UNION ALL
      SELECT format('max_worker_processes is %s, but must be at least %s: one more than max_logical_replication_workers',
                    current_setting('max_worker_processes'), current_setting('max_logical_replication_workers')::integer + 1)
      WHERE current_setting('max_worker_processes')::integer <= current_setting('max_logical_replication_workers')::integer
      UNION ALL
      SELECT format('{origin_setting} is %s, but must be at least %s: %s for others, {workers} are needed, {SPARE} are spare',
                    current_setting('{origin_setting}'), others + {origins}, others)
      FROM (SELECT count(*) FROM pg_subscription AS s
             WHERE NOT EXISTS (SELECT FROM {planned_subscriptions} WHERE planned.subscription_name = s.subname)) AS used(others)
      WHERE current_setting('{origin_setting}')::integer < others + {origins}",
        sync = budget.sync_workers,
        workers = budget.workers,
        origins = budget.origins(),
    )
}
