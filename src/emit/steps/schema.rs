//! The subscriber's schema, by pg_dump of the publisher: tables and keys before the copy, indexes and the rest after it.

use crate::emit::{
    Bootstrap, Context,
    step::{Step, StepId},
    variables::{SERVERS, variables},
};

pub(in crate::emit) fn tables() -> Step {
    Step {
        why: "The copy needs tables with their primary keys and replica identities, and nothing more: every further index \
              makes it slower."
            .into(),
        hazard: Some(
            "Roles come without passwords and without SUPERUSER, REPLICATION and BYPASSRLS; what would lead a role beyond its own \
             objects is listed, and the step ends. Settings of roles and of the database, its owner, privileges and limits come too; \
             what only a superuser may set, or what loads code, is listed with its statement. What pg_dump writes runs as you: it is as good as the publisher. What the subscriber already has is not changed: {drift_tables} compares."
                .into(),
        ),
        undo: Some("Drop what it made, or the database.".into()),
        variables: variables(
            &[
                SERVERS,
                &[
                    "PGSLOTPLAN_ACCEPT_ROLES",
                    "PGSLOTPLAN_STRIP_ROLES",
                    "PGSLOTPLAN_LOADER",
                    "PGSLOTPLAN_ACCEPT_FUNCTIONS",
                    "PGSLOTPLAN_ACCEPT_REFUSED",
                ],
            ]
            .concat(),
        ),
        expected: "The roles that lost an attribute, and what it is doing; exit code 0.".into(),
        duration: "a minute for some thousand tables".into(),
        ..Step::new(
            StepId::Schema,
            "Creates the publisher's roles, extensions, tables and keys on the subscriber where they are missing.",
        )
    }
    .shell("schema", "make_tables")
}

pub(in crate::emit) fn indexes(context: &Context<'_>) -> Step {
    let step = Step {
        why: "Indexes built once over all rows are faster to build and smaller than those that grow with each row. The largest \
              are started first and dealt out so that all jobs end at about the same time."
            .into(),
        hazard: Some(
            "CREATE INDEX holds up what the slot of its table applies: the slot falls behind meanwhile and keeps WAL on the \
             publisher. Each job may use maintenance_work_mem and max_parallel_maintenance_workers."
                .into(),
        ),
        undo: Some("Drop the indexes.".into()),
        variables: variables(&[SERVERS, &["PGSLOTPLAN_JOBS", "PGSLOTPLAN_LOADER", "PGSLOTPLAN_ACCEPT_REFUSED"]].concat()),
        expected: "One line for each job; exit code 0.".into(),
        duration: "the time of the largest indexes; often longer than the copy".into(),
        ..Step::new(
            StepId::Indexes,
            "Builds the secondary indexes and unique constraints that the subscriber lacks, in parallel, largest first.",
        )
    };
    if context.bootstrap == Bootstrap::Snapshot {
        step.shell("keys", "make_indexes_of_pieces")
    } else {
        step.shell("schema", "make_indexes")
    }
}

pub(in crate::emit) fn foreign_keys() -> Step {
    Step {
        why: "A foreign key within one slot holds as soon as its slot has caught up; those that join two slots are restored at \
              the cutover. Triggers come late; those that fire for replicated rows, and event triggers, are made and put to rest in one \
              transaction, and fire again when {resume} or {cutover} opens the new server."
            .into(),
        hazard: Some(
            "Each foreign key reads its table once and holds up its slot meanwhile.".into(),
        ),
        undo: Some("Drop them.".into()),
        variables: variables(
            &[SERVERS, &["PGSLOTPLAN_LOADER", "PGSLOTPLAN_ACCEPT_FUNCTIONS", "PGSLOTPLAN_ACCEPT_REFUSED"]].concat(),
        ),
        duration: "one read of each referencing table".into(),
        ..Step::new(
            StepId::ForeignKeys,
            "Creates the foreign keys that do not join two slots, and triggers, rules, policies and statistics.",
        )
    }
    .shell("schema", "make_foreign_keys")
}

/// Verifiers, through a pipe.
pub(in crate::emit) fn passwords() -> Step {
    Step {
        why: "Roles come without passwords, and those of roles that exist already may have changed since: nobody could log in \
              after the cutover."
            .into(),
        hazard: Some(
            "Replaces the password of a role that has another one on the subscriber. A role with SUPERUSER, REPLICATION, BYPASSRLS \
             or CREATEROLE there keeps its own. Needs superusers on both servers; a provider's roles may not read passwords."
                .into(),
        ),
        undo: Some("ALTER ROLE ... PASSWORD with the one it had.".into()),
        variables: variables(&[SERVERS, &["PGSLOTPLAN_PASSWORDS", "PGSLOTPLAN_ACCEPT_ROLES"]].concat()),
        expected: "How many passwords came, and roles that have none; exit code 0.".into(),
        ..Step::new(
            StepId::Passwords,
            "Gives the subscriber's roles the passwords (SCRAM verifiers, MD5 hashes) that they have on the publisher, through a pipe.",
        )
    }
    .shell("passwords", "bring_passwords")
}

/// Columns and keys before the copy.
pub(in crate::emit) fn drift_tables() -> Step {
    Step {
        go: "Go on when the exit code is 0. Notes are mended or accepted until {drift} at the latest: there, or in {cutover}, they are a \
             no-go."
            .into(),
        ..drift(
            StepId::DriftTables,
            "Compares what both databases hold; what differs in columns and keys of planned tables is a no-go. Changes nothing.",
        )
    }
    .shell("inventory", "compare_drift tables")
}

/// Everything, once the indexes are there.
pub(in crate::emit) fn drift_everything() -> Step {
    drift(
        StepId::Drift,
        "Compares what both databases hold, and names tables whose rows nothing brings. Changes nothing.",
    )
    .shell("inventory", "compare_drift everything")
}

fn drift(id: StepId, what: &str) -> Step {
    Step {
        why: "What differs shows itself in the middle of the night as a slot that stops, or after the cutover as an application that \
              is slow, wrong or locked out."
            .into(),
        expected: "Exit code 0, perhaps with notes. 4: a line for each difference with what mends it; all of them are in \
                   inventory.*.tsv in the state folder."
            .into(),
        go: "Go on when the exit code is 0.".into(),
        variables: variables(&[SERVERS, &["PGSLOTPLAN_ACCEPT"]].concat()),
        ..Step::new(id, what)
    }
}
