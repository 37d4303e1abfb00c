//! Queries that hold the settings of a server against what the plan needs of them.

use super::Context;
use crate::plan::budget::{Budget, SPARE};

/// Lines that say which setting of the publisher is too small.
pub(super) fn publisher_shortages(context: &Context<'_>, planned_slots: &str) -> String {
    let budget = Budget::of(context.plan, context.bootstrap);
    format!(
        "      SELECT format('wal_level is %s, but must be logical', current_setting('wal_level'))
      WHERE current_setting('wal_level') <> 'logical'
      UNION ALL
      SELECT format('max_replication_slots is %s, but must be at least %s: %s are used by others, {workers} are needed, {SPARE} are spare',
                    current_setting('max_replication_slots'), others + {slots}, others)
      FROM (SELECT count(*) FROM pg_replication_slots AS s WHERE s.slot_name !~ '_[0-9]+_sync_[0-9]+'
              AND NOT EXISTS (SELECT FROM {planned_slots} WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_replication_slots')::integer < others + {slots}
      UNION ALL
      SELECT format('max_wal_senders is %s, but must be at least %s: %s are used by others, {senders} are needed',
                    current_setting('max_wal_senders'), others + {senders}, others)
      FROM (SELECT count(*) FROM pg_stat_replication AS r LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
             WHERE coalesce(s.slot_name, '') !~ '_[0-9]+_sync_[0-9]+'
               AND NOT EXISTS (SELECT FROM {planned_slots} WHERE planned.slot_name = s.slot_name)) AS used(others)
      WHERE current_setting('max_wal_senders')::integer < others + {senders}",
        workers = budget.workers,
        slots = budget.publisher_slots(),
        senders = budget.publisher_walsenders(),
    )
}

/// Lines that say which setting of the subscriber is too small.
pub(super) fn subscriber_shortages(context: &Context<'_>, planned_subscriptions: &str) -> String {
    let budget = Budget::of(context.plan, context.bootstrap);
    // 18 bounds origins by a setting of their own (postgres.md H11)
    let origin_setting = if context.plan.subscriber_version.has_origin_limit() {
        "max_active_replication_origins"
    } else {
        "max_replication_slots"
    };
    let too_many_copies = budget.sync_workers.map_or_else(String::new, |sync| {
        format!(
            "      SELECT format('max_sync_workers_per_subscription is %s, but the plan counts with {sync}',
                    current_setting('max_sync_workers_per_subscription'))
      WHERE current_setting('max_sync_workers_per_subscription')::integer > {sync}
      UNION ALL
"
        )
    });
    format!(
        "{too_many_copies}      SELECT format('max_logical_replication_workers is %s, but must be at least %s: %s for others, {workers} are needed',
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
        workers = budget.workers,
        origins = budget.origins(),
    )
}
