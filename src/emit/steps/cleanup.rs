//! The steps that take everything away that the plan made: on the subscriber first, then on the publisher.

use crate::emit::{
    Bootstrap, Context,
    planned::guards_truncate,
    step::{Step, StepId},
};

pub(in crate::emit) fn subscriber(context: &Context<'_>) -> Step {
    let keeps_identity = context.shares_identity();
    let mut lines = vec!["subscriptions_drop", "reverse_slots_drop", "mirror_publications_drop"];
    lines.extend(undo_of_tables(context));
    lines.extend([
        "open_writes",
        "release",
        "\\set table held",
        "forget",
        "\\set table opened",
        "forget",
        "\\set table drained",
        "forget",
    ]);
    // a repair that was given up may have dropped some, too
    lines.extend(["\\set table repair", "forget", "foreign_keys_forget"]);
    if context.bootstrap != Bootstrap::Copy && !keeps_identity {
        lines.extend(["\\set table bootstrap", "forget"]);
    }
    lines.extend(["forget_mark", "drop_empty_state"]);
    Step {
        why: "The subscriptions let go of their slots first, so that this works while the publisher is gone; the slots are \
              dropped by {publisher_cleanup}."
            .into(),
        hazard: Some(format!(
            "The subscriber stops following the publisher for good: going on needs a new copy.{}",
            if keeps_identity {
                " The row in pgslotplan.bootstrap stays: only it tells the clone from the publisher, whose system identifier \
                 it has. Drop the schema when the old server is gone."
            } else {
                ""
            }
        )),
        asks: Some("the subscriber stops following the publisher for good. Is the migration over?".into()),
        ..Step::new(StepId::SubscriberCleanup, "Drops the plan's subscriptions and what was remembered for it.")
    }
    .sql(&lines)
}

/// What guards and identities need to be undone on either side.
fn undo_of_tables(context: &Context<'_>) -> Vec<&'static str> {
    let guard = guards_truncate(context).then_some("truncate_allow");
    let identities = context.plan.members().any(|(_, table)| table.set_identity).then_some("identities_back");
    guard.into_iter().chain(identities).collect()
}

pub(in crate::emit) fn publisher(context: &Context<'_>) -> Step {
    let mut lines = vec!["planned_slots_drop", "planned_publications_drop"];
    lines.extend(undo_of_tables(context));
    lines.extend(["thaw", "release", "\\set table held", "forget", "still_read_only", "drop_empty_state"]);
    Step {
        why: "Slots that nobody uses keep WAL until the disk is full.".into(),
        hazard: Some("The subscriber cannot go on from here: what it has not applied does not come.".into()),
        asks: Some("what the subscriber has not applied does not come any more. Is the migration over?".into()),
        ..Step::new(
            StepId::PublisherCleanup,
            "Drops the plan's slots, publications and guards, and sets changed replica identities back.",
        )
    }
    .sql(&lines)
}
