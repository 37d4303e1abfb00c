//! The steps from a plan that runs to another one.

use crate::emit::{
    step::{Step, StepId},
    variables::{SERVERS, TENANTS, WAITS, variables},
};

pub(in crate::emit) fn check() -> Step {
    Step {
        why: "Every table must be complete in the plan that runs before another slot carries it on.".into(),
        expected: "What will change, one line for each pair of slots; exit code 0.".into(),
        go: "Go on when the exit code is 0 and the list is what you want.".into(),
        variables: variables(SERVERS),
        ..Step::new(
            StepId::TransitionCheck,
            "Compares both servers with the plan that runs and with this one, and says what will change. Changes nothing.",
        )
    }
    .shell("transition", "transition_check")
}

/// The publisher against the new plan; its slots are not all there yet.
pub(in crate::emit) fn publisher_check() -> Step {
    super::checks::publisher().sql(super::checks::PUBLISHER)
}

/// The subscriber against the new plan; what moves is not empty.
pub(in crate::emit) fn subscriber_check() -> Step {
    super::checks::subscriber().sql(&[
        "members",
        "tenant_functions",
        "\\set applies_as_owner :subscriber_applies_as_owner",
        "functions_applied",
        "\\set receives on",
        "owners_write",
        "read_only",
        "subscriber_settings",
        "subscriber_tables",
        "\\set side subscriber",
        "foreign_keys_known",
        "subscriber_warnings",
    ])
}

pub(in crate::emit) fn foreign_keys_drop() -> Step {
    super::start::foreign_keys_drop().sql(&["transition_mark", "foreign_keys_drop"])
}

pub(in crate::emit) fn publications() -> Step {
    Step {
        why: "A slot that is older than its publication ends in an endless error, or skips changes. New ones begin empty, and get \
              their tables one by one."
            .into(),
        hazard: Some(
            "Making a slot waits for every transaction that is writing now, in any database of the server; prepared transactions \
             count."
                .into(),
        ),
        undo: Some("Emit the plan that ran with --running and this plan, and run that: it goes back from wherever this one got.".into()),
        duration: "as long as the longest transaction that is writing now; at most 15 min, then it is an error and nothing is left".into(),
        ..Step::new(StepId::TransitionPublications, "Creates publications without tables and slots, for slots that this plan adds.")
    }
    .sql(&["transition_publications"])
}

pub(in crate::emit) fn subscriptions() -> Step {
    Step {
        why: "A subscription to an empty publication follows its slot and copies nothing; then tables can move to it.".into(),
        hazard: Some(
            "The connection string is stored on the subscriber: leave the password to a password file of the subscriber's server \
             where the versions allow it."
                .into(),
        ),
        undo: Some("As {transition_publications}.".into()),
        variables: variables(&[&["publisher_dsn"], TENANTS].concat()),
        ..Step::new(
            StepId::TransitionSubscriptions,
            "Creates and enables the subscriptions that this plan adds. What fires for replicated rows of new tables rests until the cutover.",
        )
    }
    .sql(&[
        "transition_mark",
        "\\set applies_as_owner :subscriber_applies_as_owner",
        "functions_applied",
        "\\set receives on",
        "owners_write",
        "hold",
        "subscriptions_make",
        "subscriptions_enable",
    ])
}

pub(in crate::emit) fn changes() -> Step {
    Step {
        why: "In one transaction of the publisher, which holds the tables locked, they leave one publication and join another: the one \
              slot has everything before that point, the other everything after it. The slot that takes them over stands still \
              until the one that gives them has applied all of it."
            .into(),
        expected: "A line for each pair of slots, with the time that tables were locked; \"done\" and exit code 0.".into(),
        hazard: Some(
            "Each lock (SHARE ROW EXCLUSIVE) is tried for 0.1 s at a time and held for some milliseconds. A long transaction that \
             writes to a table keeps it from moving. The subscription that takes tables over has a slot that does not exist meanwhile, and is \
             mended by running the step again, by nothing else. A table that joins is copied, and incomplete on the subscriber meanwhile."
                .into(),
        ),
        undo: Some("As {transition_publications}.".into()),
        asks: Some("tables change their slots now. Are no bulk loads and long transactions under way?".into()),
        variables: variables(&[SERVERS, WAITS].concat()),
        duration: "about a second for each pair of slots, and the copy of tables that join".into(),
        ..Step::new(StepId::TransitionChanges, "Takes tables out, moves them between slots, and copies those that join, pair by pair.")
    }
    .shell("transition", "transition_changes")
}

pub(in crate::emit) fn adopt() -> Step {
    Step {
        why: "From here on the files of this plan work on these servers, and those of the plan that ran refuse.".into(),
        undo: Some("As {transition_publications}.".into()),
        duration: "seconds; where foreign keys are whole again, one read of their tables".into(),
        ..Step::new(
            StepId::TransitionAdopt,
            "Drops subscriptions that carry nothing any more, restores foreign keys that no longer join two slots, and notes this plan.",
        )
    }
    .sql(&["transition_mark", "transition_adopt"])
}

pub(in crate::emit) fn cleanup() -> Step {
    Step {
        why: "A slot that nobody follows keeps all WAL from its position on.".into(),
        ..Step::new(
            StepId::TransitionCleanup,
            "Compares the publications with this plan, and drops slots and publications that it does without.",
        )
    }
    .sql(&["transition_cleanup"])
}
