//! Publications, slots, subscriptions: in this order, since a slot that is older than its publication ends in an endless error,
//! or skips changes.

use crate::{
    emit::{
        Bootstrap, Context,
        step::{Step, StepId},
        variables::{TENANTS, variables},
    },
    units::Bytes,
};

pub(in crate::emit) fn publications() -> Step {
    Step {
        why: "A slot that is older than its publication ends in an endless error, or skips changes; so the publications come \
              first."
            .into(),
        undo: Some("{publisher_cleanup} drops them.".into()),
        ..Step::new(
            StepId::Publications,
            "Creates one publication for each slot, and compares those that exist with the plan.",
        )
    }
    .sql(&["\\set identities_are_set on", "publisher_tables", "plan/publications.sql", "publications_exact"])
}

pub(in crate::emit) fn foreign_keys_drop() -> Step {
    Step {
        why: "A replicated TRUNCATE of a table that a foreign key from another slot references stops its slot forever, even \
              when the referencing table is empty."
            .into(),
        hazard: Some("Until they are restored the subscriber accepts rows that break these foreign keys.".into()),
        undo: Some("{stop}, then {foreign_keys_restore} and {foreign_keys_validate}.".into()),
        ..Step::new(
            StepId::ForeignKeysDrop,
            "Drops the foreign keys that join two slots, and remembers them in pgslotplan.dropped_foreign_key.",
        )
    }
    .sql(&["not_opened", "mark", "foreign_keys_drop"])
}

pub(in crate::emit) fn slots() -> Step {
    Step {
        why: "Slots made beforehand have names of our own and exist at one known point; the subscriptions only use them.".into(),
        hazard: Some(
            "Making the first slot waits for every transaction that is writing now, in any database of the server; prepared \
             transactions count. From now on the publisher keeps all WAL until the subscriptions confirm it: go on soon, and \
             watch its disk."
                .into(),
        ),
        undo: Some("{publisher_cleanup} drops them.".into()),
        asks: Some("from here on the publisher keeps WAL. Is there room for it, and time to go on?".into()),
        duration: "as long as the longest transaction that is writing now; at most 15 min, then it is an error and nothing is left"
            .into(),
        ..Step::new(StepId::Slots, "Creates the replication slots.")
    }
    .sql(&["publications_exact", "truncate_guarded", "slots_usable", "\\set slots planned_slot", "slot_waits", "slots"])
}

pub(in crate::emit) fn subscriptions(context: &Context<'_>) -> Step {
    let copies = context.bootstrap == Bootstrap::Copy;
    let ready: &[&str] = match context.bootstrap {
        Bootstrap::Copy => &["subscriber_empty"],
        Bootstrap::Dump => &[
            "\\set states '{loaded,started}'",
            "\\set state_hint 'Run ' :step_dump ' to its end first.'",
            "require_state",
        ],
        Bootstrap::Snapshot => &[
            "members",
            "\\set keys_come_later off",
            "subscriber_tables",
            "\\set states '{loaded,started}'",
            "\\set state_hint 'Run ' :step_snapshot ' to its end first.'",
            "require_state",
        ],
        Bootstrap::Clone | Bootstrap::Aurora => {
            &["\\set states '{placed,started}'", "\\set state_hint 'Run ' :step_position ' first.'", "require_state"]
        }
    };
    let mut lines = vec!["mark", "subscriptions_not_stopped", "subscriptions_exact"];
    lines.extend(["\\set applies_as_owner :subscriber_applies_as_owner", "functions_applied"]);
    lines.extend(["\\set receives on", "owners_write", "hold"]);
    lines.extend(ready);
    lines.push("subscriptions_make");
    if context.bootstrap.is_physical() {
        lines.push("advance_origins");
    }
    if !copies {
        lines.extend(["\\set state started", "set_state"]);
    }
    lines.push("subscriptions_enable");
    let (what, why, duration) = if copies {
        (
            "Creates and enables the subscriptions; the initial copy starts. Triggers that fire for replicated rows, event triggers and \
             FORCE ROW LEVEL SECURITY rest on the subscriber until the cutover.",
            "Each subscription follows one slot. It copies its tables with a few workers at a time and then applies what was \
             written meanwhile.",
            format!("seconds; the copy of {} then runs by itself", Bytes(context.copy_bytes() as f64)),
        )
    } else {
        (
            "Creates the subscriptions at the position of the data that is there, and enables them. Triggers that fire for replicated \
             rows, event triggers and FORCE ROW LEVEL SECURITY rest on the subscriber until the cutover.",
            "Each subscription follows one slot and copies nothing. Once one is enabled nothing can be loaded again.",
            "seconds".to_owned(),
        )
    };
    Step {
        why: why.into(),
        hazard: Some(
            "The connection string is stored on the subscriber: leave the password to a password file of the subscriber's server \
             where the versions allow it. An initial copy reads every table of the \
             publisher once."
                .into(),
        ),
        undo: Some("{subscriber_cleanup}, then {publisher_cleanup}; then empty the tables.".into()),
        variables: variables(&[&["publisher_dsn"], TENANTS].concat()),
        duration,
        ..Step::new(StepId::Subscriptions, what)
    }
    .sql(&lines)
}

/// For targets that make the subscriptions: what must be there before, the mark that later steps look for.
pub(in crate::emit) fn prepare(what_follows: &str) -> Step {
    Step {
        why: format!(
            "The steps after {what_follows} look for the mark, and rows that are there already would stop a slot."
        ),
        undo: Some("{subscriber_cleanup} removes the mark.".into()),
        ..Step::new(StepId::Prepare, "Marks the subscriber with the plan and checks that its tables are empty.")
    }
    .sql(&[
        "mark",
        "subscriptions_exact",
        "subscriber_empty",
        "\\set applies_as_owner :subscriber_applies_as_owner",
        "\\set receives on",
        "owners_write",
        "hold",
    ])
}
