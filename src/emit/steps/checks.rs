//! The steps that refuse to go on while a server is not what the plan was made for, and those that prepare its tables.

use crate::emit::{
    Context,
    step::{Step, StepId},
    variables::{SERVERS, TENANTS, variables},
};

pub(in crate::emit) fn publisher() -> Step {
    Step {
        why: "A setting that is too small shows itself only in the server's log, when half of the tables are copied."
            .into(),
        expected: "No output, or warnings; exit code 0. Otherwise every shortage is listed at once.".into(),
        go: "Go on when the exit code is 0 and every warning is accepted.".into(),
        variables: variables(TENANTS),
        ..Step::new(StepId::PublisherCheck, "Checks that the publisher still matches the plan. Changes nothing.")
    }
    .sql(&[PUBLISHER, &["slots_usable"]].concat())
}

/// What is looked at on the publisher, but for the slots: those of a plan that is to follow another one are not all there.
pub(in crate::emit) const PUBLISHER: &[&str] = &[
    "members",
    "\\set applies_as_owner :subscriber_applies_as_owner",
    "functions_applied",
    "\\set receives off",
    "owners_write",
    "identity_flaws",
    "read_only",
    "publisher_settings",
    "\\set identities_are_set off",
    "publisher_tables",
];

/// By the program itself, before anything is made on the publisher.
pub(in crate::emit) fn by_program(context: &Context<'_>) -> Step {
    let sides = if context.bootstrap.is_physical() { "publisher" } else { "both" };
    Step {
        why: "Some faults show only when plan, catalogs of both sides and activity are seen together, which SQL of one side cannot do."
            .into(),
        expected: "The findings; exit code 0 when none is an error.".into(),
        hazard: Some("Reads only. What it warns of is nobody's decision but yours.".into()),
        go: "4: mend what is an error, then run it again.".into(),
        variables: variables(&[SERVERS, &["PGSLOTPLAN_PLAN", "PGSLOTPLAN_CHECKED", "PGSLOTPLAN_ACCEPT"]].concat()),
        ..Step::new(StepId::Check, "Runs pgslotplan check: both servers against the plan, before anything is made on the publisher.")
    }
    .shell("check", &format!("check {} {sides}", context.bootstrap.as_str()))
}

pub(in crate::emit) fn subscriber() -> Step {
    Step {
        why: "Tables, primary keys and replica identities must be there before the copy, and the tables empty; secondary \
              indexes may come after it."
            .into(),
        expected: "No output, or warnings; exit code 0.".into(),
        go: "Go on when the exit code is 0 and every warning is accepted.".into(),
        variables: variables(TENANTS),
        ..Step::new(
            StepId::SubscriberCheck,
            "Checks that the subscriber can take what the plan sends. Changes nothing.",
        )
    }
    .sql(&[
        "members",
        "foreign_code",
        "unfilled",
        "tenant_functions",
        "\\set applies_as_owner :subscriber_applies_as_owner",
        "functions_applied",
        "\\set receives on",
        "owners_write",
        "read_only",
        "subscriber_settings",
        "subscriber_tables",
        "subscriber_empty",
        "\\set side subscriber",
        "foreign_keys_known",
        "subscriptions_exact",
        "subscriber_warnings",
    ])
}

pub(in crate::emit) fn identities() -> Step {
    Step {
        why: "UPDATE and DELETE of a published table without replica identity fail in the application. Identities are set \
              before the slots start, since older WAL records have no old key."
            .into(),
        hazard: Some(
            "Each ALTER TABLE takes an ACCESS EXCLUSIVE lock for a moment; it gives up after 5 s: run the step again. Identity \
             FULL makes UPDATE write the whole old row to WAL."
                .into(),
        ),
        undo: Some("{publisher_cleanup} gives the tables back the identities that they had.".into()),
        ..Step::new(StepId::Identities, "Sets the replica identities that the plan asks for, and remembers the old ones.")
    }
    .sql(&["\\set chosen forward", "identities"])
}

pub(in crate::emit) fn subscriber_identities() -> Step {
    Step {
        why: "A table without primary key needs the same replica identity index on the subscriber: rows that change are found \
              by it."
            .into(),
        undo: Some("{subscriber_cleanup} gives the tables back the identities that they had.".into()),
        ..Step::new(
            StepId::SubscriberIdentities,
            "Sets replica identity indexes on the subscriber, and remembers the old identities.",
        )
    }
    .sql(&["\\set chosen subscriber", "identities"])
}

pub(in crate::emit) fn truncate_guard() -> Step {
    Step {
        why: "Some publications leave TRUNCATE out; a TRUNCATE of their tables would leave the rows on the subscriber without \
              any error."
            .into(),
        hazard: Some(
            "From now on TRUNCATE of these tables is refused on the publisher. CREATE TRIGGER waits up to 5 s for writers: run \
             the step again if it gives up. New partitions need the trigger too: run it again."
                .into(),
        ),
        undo: Some("{publisher_cleanup} removes the triggers.".into()),
        ..Step::new(StepId::TruncateGuard, "Puts a trigger on every table whose TRUNCATE is not replicated.")
    }
    .sql(&["truncate_guard"])
}
