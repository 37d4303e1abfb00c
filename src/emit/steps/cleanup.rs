//! The steps that take everything away that the plan made: on the subscriber first, then on the publisher; or on both, with the rows
//! that came, for another attempt. Each part is a session of its own, so that an error in one does not keep the others.

use crate::emit::{
    Bootstrap, Context,
    planned::guards_truncate,
    step::{Step, StepId},
    variables::{SERVERS, variables},
};

/// What the steps source.
const LIBRARY: &str = "cleanup";

/// How a step ends that did not come to its end.
const EXPECTED: &str =
    "\"done\" and exit code 0. 3: the parts that are left are named, everything else is gone; run it again.";

pub(in crate::emit) fn subscriber(context: &Context<'_>) -> Step {
    let keeps_identity = context.shares_identity();
    let mut parts = vec!["subscriptions_drop", "reverse_slots_drop", "mirror_publications_drop"];
    parts.extend(undo_of_tables(context));
    // a repair that was given up may have dropped foreign keys, too
    parts.extend(["thaw", "open_writes", "release_held", "foreign_keys_forget"]);
    let mut last = vec!["forget_opened", "forget_drained", "forget_repair"];
    if context.bootstrap != Bootstrap::Copy && !keeps_identity {
        last.push("forget_bootstrap");
    }
    last.extend(["forget_mark", "drop_empty_state"]);
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
        expected: EXPECTED.into(),
        variables: variables(SERVERS),
        ..Step::new(StepId::SubscriberCleanup, "Drops the plan's subscriptions and what was remembered for it.")
    }
    .shell(LIBRARY, &command("subscriber", &parts, &last))
}

/// What guards and identities need to be undone on either side.
fn undo_of_tables(context: &Context<'_>) -> Vec<&'static str> {
    let guard = guards_truncate(context).then_some("truncate_allow");
    let identities = context.plan.members().any(|(_, table)| table.set_identity).then_some("identities_back");
    guard.into_iter().chain(identities).collect()
}

pub(in crate::emit) fn publisher(context: &Context<'_>) -> Step {
    let mut parts = vec!["planned_slots_drop", "planned_publications_drop"];
    parts.extend(undo_of_tables(context));
    parts.extend(["thaw", "release_held", "still_read_only"]);
    Step {
        why: "Slots that nobody uses keep WAL until the disk is full.".into(),
        hazard: Some("The subscriber cannot go on from here: what it has not applied does not come.".into()),
        asks: Some("what the subscriber has not applied does not come any more. Is the migration over?".into()),
        expected: EXPECTED.into(),
        variables: variables(SERVERS),
        ..Step::new(
            StepId::PublisherCleanup,
            "Drops the plan's slots, publications and guards, and sets changed replica identities back.",
        )
    }
    .shell(LIBRARY, &command("publisher", &parts, &["forget_drained", "drop_empty_state"]))
}

/// The call of the shell function: parts, then those that only run when nothing is left.
fn command(side: &str, parts: &[&str], last: &[&str]) -> String {
    let files = |words: &[&str]| words.iter().map(|word| format!("{word}.sql")).collect::<Vec<_>>().join(" ");
    format!("clean_up {side} {} -- {}", files(parts), files(last))
}

/// Everything away on both sides, and the planned tables of the subscriber emptied.
pub(in crate::emit) fn again() -> Step {
    Step {
        why: "After an attempt that was given up, or a rollback, the next one begins with a new copy into empty tables. Foreign keys return \
              while the tables are empty. Evidence and settings stay in the state folder; what this attempt noted moves into a folder \
              attempt.N of it."
            .into(),
        expected: "\"both servers are as before the first step\", then exit code 0. 3: the parts that are left are named; run it again. 4: \
                   the new server may hold writes that the old one lacks."
            .into(),
        hazard: Some(
            "Empties every planned table of the new server, without asking. It refuses when that server was opened and no rollback has \
             brought its writes to the old one."
                .into(),
        ),
        undo: Some("None: {publisher_check} and the steps after it bring everything anew.".into()),
        variables: variables(SERVERS),
        go: "After an abandoned attempt, or after {rollback}, when there is to be another one.".into(),
        ..Step::new(
            StepId::Again,
            "Takes away what the plan made on both servers, and empties the planned tables of the new one, for another attempt.",
        )
    }
    .shell("again", "again")
}
