//! The way back after the first write: publications and slots on the subscriber, subscriptions on the publisher. Same tables,
//! same slots, other direction. The forward subscriptions are off by then, and a reverse slot starts after all that they
//! applied, so nothing goes round in a circle.

use crate::{
    emit::{
        Context,
        planned::guards_truncate,
        step::{Step, StepId},
        variables::{SERVERS, TENANTS, variables},
    },
    plan::PlannedTable,
    workload::ReplicaIdentity,
};

/// Settings that the publisher needs to receive.
pub(in crate::emit) fn check() -> Step {
    Step {
        why: "The old server receives what is written to the new one, so that even after the first write there is a way back."
            .into(),
        variables: variables(TENANTS),
        ..Step::new(StepId::ReverseCheck, "Checks that the publisher can receive. Changes nothing.")
    }
    .sql(&[
        "\\set applies_as_owner :publisher_applies_as_owner",
        "functions_applied",
        "\\set receives on",
        "owners_write",
        "read_only",
        "reverse_settings_publisher",
    ])
}

/// Publications on the subscriber, days before the cutover if one likes.
pub(in crate::emit) fn prepare(context: &Context<'_>) -> Step {
    let mut lines = vec!["require_mark", "reverse_settings_subscriber"];
    // the way back needs identities on the subscriber that the forward direction does without
    let is_set = |table: &PlannedTable| table.set_identity && table.identity == ReplicaIdentity::Full;
    if context.plan.members().any(|(_, table)| is_set(table)) {
        lines.extend(["\\set chosen back", "identities"]);
    }
    if guards_truncate(context) {
        lines.push("truncate_guard");
    }
    lines.push("reverse_publications");
    Step {
        why: "A slot must not be older than its publication, and this takes time that the cutover does not have."
            .into(),
        undo: Some("{subscriber_cleanup} drops them.".into()),
        ..Step::new(StepId::ReversePrepare, "Creates the publications of the way back; no slot yet.")
    }
    .sql(&lines)
}

/// The subscriptions on the old server, disabled: whether it reaches the new one shows before anybody waits.
pub(in crate::emit) fn subscriptions() -> Step {
    Step {
        why: "Making them connects to the new server, which takes time and can fail: better now than in the pause.".into(),
        undo: Some("{abort} before the first write; {publisher_cleanup} drops them for good.".into()),
        variables: variables(&[&["subscriber_dsn"], TENANTS].concat()),
        go: "Go on when the exit code is 0. A refused connection is a no-go for the cutover: there would be no way back.".into(),
        ..Step::new(StepId::ReverseSubscriptions, "Creates the subscriptions of the way back on the old server, disabled.")
    }
    .sql(&["reverse_subscriptions"])
}

/// The slots, once nothing is applied any more.
pub(in crate::emit) fn slots() -> Step {
    Step {
        why: "They start after everything that came from the publisher and before the first write of the application."
            .into(),
        undo: Some("{abort}, or {subscriber_cleanup}, drops them.".into()),
        hazard: Some("They keep WAL on the new server until the clean-up.".into()),
        part_of: Some(StepId::Cutover),
        ..Step::new(StepId::ReverseSlots, "Creates the replication slots of the way back.")
    }
    .sql(&["require_mark", "require_stopped", "\\set slots planned_mirror", "slots"])
}

/// From here on the old server follows the new one.
pub(in crate::emit) fn start() -> Step {
    Step {
        why: "From the first write on, the old server follows the new one. Foreign keys that join two slots are dropped there \
              for the same reason as on the subscriber, and remembered; triggers that fire for replicated rows, and FORCE ROW LEVEL \
              SECURITY, rest there. So it refuses while the old server is not closed and drained, or without {reverse_slots}."
            .into(),
        undo: Some("{abort} before the first write; {publisher_cleanup} drops them for good.".into()),
        part_of: Some(StepId::Cutover),
        variables: variables(SERVERS),
        ..Step::new(StepId::ReverseStart, "Enables the subscriptions of the way back on the old server.")
    }
    .shell("sequences", "after_drain start_reverse")
}

/// The way back ends for good.
pub(in crate::emit) fn end() -> Step {
    Step {
        why: "Its slots keep WAL on the new server, and the old server need not be kept alive for them.".into(),
        hazard: Some("From here on there is no way back to the old server.".into()),
        asks: Some("there is no way back to the old server afterwards. Is the new one kept?".into()),
        duration: "seconds, and one read of the tables whose foreign keys return".into(),
        variables: variables(SERVERS),
        ..Step::new(
            StepId::ReverseEnd,
            "Drops subscriptions and slots of the way back; dropped foreign keys of the old server return, what rested fires again, and the \
             new server lets DDL through.",
        )
    }
    .shell("cleanup", "reverse_end")
}
