//! The steps of the subscriber once the writes to the publisher have stopped: the subscriptions end, foreign keys return.

use super::{
    Context, checks,
    copy::{finish, paragraphs, step},
    ddl::only_if,
    foreign_keys,
    script::{Phase, Side, Step},
    session,
};
use crate::names::{quote_identifier, quote_literal};

pub(super) fn stop(context: &Context<'_>) -> Step {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let mut parts = vec![session::require_mark(context)];
    for (number, slot) in context.plan.slots.iter().enumerate() {
        parts.push(only_if(
            &format!("subscription_{number}_is_enabled"),
            &checks::subscription_exists(slot, " AND s.subenabled"),
            &format!("ALTER SUBSCRIPTION {} DISABLE;", quote_identifier(&slot.subscription)),
        ));
    }
    parts.push(format!(
        "UPDATE {}.plan SET stopped = true WHERE prefix = {prefix} AND NOT stopped;",
        session::STATE_SCHEMA
    ));
    finish(
        context,
        Step {
            why: "Foreign keys come back and writes open only when nothing is applied any more.".into(),
            hazard: Some(
                "Run it after the writes to the publisher have stopped and 71_publisher_caught_up.sql has said yes: what is \
                 not applied by then does not come. The slots keep WAL on the publisher until the clean-up."
                    .into(),
            ),
            undo: Some(format!(
                "As long as nothing was written to the subscriber: UPDATE {}.plan SET stopped = false; then 60_subscriber_subscriptions.sql.",
                session::STATE_SCHEMA
            )),
            body: paragraphs(&parts),
            go: "Copy the sequences' values, then go on.".into(),
            ..step("80_subscriber_stop.sql", Phase::Cutover, Side::Subscriber, "Disables the subscriptions.")
        },
    )
}

/// Refuses while a planned subscription could still apply a TRUNCATE.
pub(super) fn require_stopped(context: &Context<'_>) -> String {
    super::ddl::raise_if_any(
        &format!(
            "      SELECT format('subscription %I', s.subname) FROM {} JOIN pg_subscription AS s ON s.subname = planned.subscription_name
      JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() WHERE s.subenabled",
            checks::planned_slots(context)
        ),
        "subscriptions are still enabled",
        "A replicated TRUNCATE would stop them for ever once the foreign keys are back. Run 80_subscriber_stop.sql first.",
    )
}

pub(super) fn restore_foreign_keys(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "NOT VALID foreign keys guard every new row and need no scan, so that writes can open at once.".into(),
            hazard: Some(
                "Each ALTER TABLE locks both of its tables for a moment; it gives up after 5 s: run the file again."
                    .into(),
            ),
            undo: Some("40_subscriber_foreign_keys_drop.sql drops them again.".into()),
            go: "Open the writes when the exit code is 0.".into(),
            body: paragraphs(&[
                session::require_mark(context),
                require_stopped(context),
                foreign_keys::restore_not_valid(context),
            ]),
            ..step(
                "81_subscriber_foreign_keys_restore.sql",
                Phase::Cutover,
                Side::Subscriber,
                "Adds the dropped foreign keys again, without looking at the rows that are there.",
            )
        },
    )
}

pub(super) fn validate_foreign_keys(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "Validation proves that no slot lost a row that another one refers to.".into(),
            hazard: Some(
                "Reads every referencing table once, beside writes. An orphaned row makes it fail: that row shows a \
                 transaction that was replicated in part, or one that was orphaned on the publisher."
                    .into(),
            ),
            undo: Some("40_subscriber_foreign_keys_drop.sql drops them again.".into()),
            duration: "one read of each referencing table".into(),
            go: "Clean up when the exit code is 0.".into(),
            body: paragraphs(&[
                session::require_mark(context),
                require_stopped(context),
                foreign_keys::validate(context),
            ]),
            ..step(
                "82_subscriber_foreign_keys_validate.sql",
                Phase::Cutover,
                Side::Subscriber,
                "Checks all rows against the restored foreign keys, and their definitions against those that were dropped.",
            )
        },
    )
}
