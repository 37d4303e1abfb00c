//! The steps that take everything away that the plan made: on the subscriber first, then on the publisher.

use std::fmt::Write as _;

use super::{
    Context, bootstrap, checks,
    copy::{finish, paragraphs, step},
    cutover,
    ddl::only_if,
    foreign_keys, guards, reverse,
    script::{Phase, Side, Step},
    session, slots,
};
use crate::names::{quote_identifier, quote_literal};

pub(super) fn subscriber_cleanup(context: &Context<'_>) -> Step {
    let mut parts = Vec::new();
    for (number, slot) in context.plan.slots.iter().enumerate() {
        let name = quote_identifier(&slot.subscription);
        let ours = format!(
            " AND s.subpublications = {} AND coalesce(s.subslotname, {slot}) = {slot}",
            checks::publication_list(context, slot),
            slot = quote_literal(slot.name.as_str())
        );
        parts.push(only_if(
            &format!("subscription_{number}_exists"),
            &checks::subscription_exists(slot, &ours),
            &format!(
                "ALTER SUBSCRIPTION {name} DISABLE;\nALTER SUBSCRIPTION {name} SET (slot_name = NONE);\nDROP SUBSCRIPTION {name};"
            ),
        ));
    }
    parts.push(reverse::drop_slots(context));
    parts.push(reverse::drop_publications(context));
    if guards::guards_truncate(context) {
        parts.push(guards::allow_truncate(context));
    }
    parts.push(guards::restore_identities(context));
    parts.push(cutover::open_writes_sql(context));
    parts.push(only_if(
        "was_opened",
        &format!("to_regclass('{}.opened') IS NOT NULL", session::STATE_SCHEMA),
        &session::forget("opened", &quote_literal(&context.plan.policy.prefix)),
    ));
    if foreign_keys::are_cut(context) {
        parts.push(foreign_keys::forget_restored(context));
    }
    let state = session::STATE_SCHEMA;
    if context.bootstrap != super::Bootstrap::Copy && !bootstrap::shares_identity(context) {
        parts.push(only_if(
            "has_bootstrap",
            &format!("to_regclass('{state}.bootstrap') IS NOT NULL"),
            &session::forget("bootstrap", &quote_literal(&context.plan.policy.prefix)),
        ));
    }
    parts.push(only_if(
        "is_marked",
        &format!("to_regclass('{state}.plan') IS NOT NULL"),
        &format!(
            "DELETE FROM {state}.plan WHERE prefix = {} AND plan_sha256 = {};
SELECT NOT EXISTS (SELECT FROM {state}.plan) AS none_left
\\gset
\\if :none_left
DROP TABLE {state}.plan;
\\endif",
            quote_literal(&context.plan.policy.prefix),
            quote_literal(&context.plan.plan_sha256)
        ),
    ));
    parts.push(guards::drop_empty_state_schema());
    finish(
        context,
        Step {
            why: "The subscriptions let go of their slots first, so that this works while the publisher is gone; the slots \
                  are dropped by 91_publisher_cleanup.sql."
                .into(),
            hazard: Some(format!(
                "The subscriber stops following the publisher for good: going on needs a new copy.{}",
                if bootstrap::shares_identity(context) {
                    " The row in pgslotplan.bootstrap stays: only it tells the clone from the publisher, whose system identifier \
                     it has. Drop the schema when the old server is gone."
                } else {
                    ""
                }
            )),
            body: paragraphs(&parts),
            ..step(
                "90_subscriber_cleanup.sql",
                Phase::Cleanup,
                Side::Subscriber,
                "Drops the plan's subscriptions and what was remembered for it.",
            )
        },
    )
}

/// Drops the planned slots.
pub(super) fn drop_slots(context: &Context<'_>) -> String {
    slots::drop(
        &checks::planned_slots(context),
        "planned",
        "a planned replication slot is still in use",
        "Run 90_subscriber_cleanup.sql first.",
    )
}

pub(super) fn publisher_cleanup(context: &Context<'_>) -> Step {
    let mut drops = String::new();
    for (number, published) in context.publications.iter().enumerate() {
        let query = checks::publication_exists(published);
        let statement = format!("DROP PUBLICATION {};", quote_identifier(published.name));
        let _ = write!(
            drops,
            "{}{}",
            if number > 0 { "\n\n" } else { "" },
            only_if(&format!("publication_{number}_exists"), &query, &statement)
        );
    }
    let mut parts = vec![drop_slots(context), drops];
    if guards::guards_truncate(context) {
        parts.push(guards::allow_truncate(context));
    }
    if guards::sets_identities(context, Side::Publisher) {
        parts.push(guards::restore_identities(context));
    }
    parts.push(cutover::thaw(context));
    parts.push(super::ddl::warn_if_any(
        &format!(
            "      SELECT 'lib/writes_open_publisher.sql opens it' WHERE to_regclass('{}.stopped_writes') IS NOT NULL",
            session::STATE_SCHEMA
        ),
        "the old database stays read-only",
    ));
    parts.push(guards::drop_empty_state_schema());
    finish(
        context,
        Step {
            why: "Slots that nobody uses keep WAL until the disk is full.".into(),
            hazard: Some("The subscriber cannot go on from here: what it has not applied does not come.".into()),
            body: paragraphs(&parts),
            ..step(
                "91_publisher_cleanup.sql",
                Phase::Cleanup,
                Side::Publisher,
                "Drops the plan's slots, publications and guards, and sets changed replica identities back.",
            )
        },
    )
}
