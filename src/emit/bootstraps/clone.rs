//! Bootstrap `clone`: the whole server copied, then followed from its own position (see `lib/clone.sh`).

use crate::{
    emit::{
        Bootstrap, Context,
        step::{Step, StepId, sql_lines},
        steps::start,
        variables::{SERVERS, variables},
    },
    units::Bytes,
};

pub(super) const UNDO: &str = "Throw the clone away, run {publisher_cleanup}, and begin anew.";

pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    let upgrade = if context.shares_identity() { restart() } else { pg_upgrade() };
    vec![start::slots(), base_backup(context), adopt(context), upgrade, check(), place()]
}

fn base_backup(context: &Context<'_>) -> Step {
    let own = [
        "PGSLOTPLAN_CLONE_DATA",
        "PGSLOTPLAN_CLONE_CONF",
        "PGSLOTPLAN_CLONE_TABLESPACES",
        "PGSLOTPLAN_CLONE_EXISTING",
        "PGSLOTPLAN_WAIT",
    ];
    Step {
        why: "A base backup or storage clone copies indexes and statistics too, and needs no dump. It is promoted after it has \
              passed the position of every slot; where exactly it ends is read from its history file. Run it on the clone's host, \
              and {upgrade} too, as the user of the operating system who is to own the clone (postgres on most systems, never root); \
              kit and state folder must be that user's. Where the publisher has its configuration outside of the data folder, as on \
              Debian and Ubuntu, the clone gets one of its own in its folder: the publisher's parameters, pg_hba.conf and pg_ident.conf, \
              read with PGSLOTPLAN_PUBLISHER (a superuser, or the grants that the step names); what it leaves out is said."
            .into(),
        hazard: Some(
            "Slots keep WAL on the publisher while the clone is made: max_slot_wal_keep_size must be -1. Prepared transactions \
             of the publisher are alive on the clone, with their locks, until the next step. A storage clone must be made after \
             the slots. PGSLOTPLAN_BIN holds the programs of the publisher's major version here. Certificates outside of the data \
             folder do not come along: the clone runs without TLS until they are there. No service manager knows the clone: start \
             it with pg_ctl -D and its folder, or register it."
                .into(),
        ),
        undo: Some("Stop the clone and delete its folder, its tablespaces' folders and the files beside it that have .pgslotplan in their names.".into()),
        variables: variables(&[SERVERS, &own].concat()),
        expected: "The LSN at which the clone ends; exit code 0. A clone that is made already is only started.".into(),
        duration: format!(
            "a file copy of the whole server: more than {} with its indexes",
            Bytes(context.copy_bytes() as f64)
        ),
        ..Step::new(
            StepId::Clone,
            "Copies the publisher's server, promotes the copy after the slots' position and remembers where it ends.",
        )
    }
    .shell("clone", "make_clone")
}

pub(super) fn adopt(context: &Context<'_>) -> Step {
    let is_aurora = context.bootstrap == Bootstrap::Aurora;
    Step {
        why: "The clone still is the publisher in everything that it remembers: slots, subscriptions, publications, guards, \
              prepared transactions."
            .into(),
        hazard: Some(
            "Prepared transactions are rolled back here: the publisher's own are untouched, and come through the slots once they \
             are committed there."
                .into(),
        ),
        undo: Some(UNDO.into()),
        variables: variables(if is_aurora { &["clone_instance"] } else { &[] }),
        body: sql_lines(&["clone", "clone_adopt"]),
        ..Step::new(
            StepId::Adopt,
            "Takes away from the clone what belongs to the publisher, and marks it as the subscriber of the plan.",
        )
    }
}

fn restart() -> Step {
    Step {
        why: "The clone was started without logical replication workers, so that subscriptions that came along could not run. \
              They are gone now."
            .into(),
        undo: Some(UNDO.into()),
        variables: variables(&["PGSLOTPLAN_SUBSCRIBER", "PGSLOTPLAN_CLONE_DATA"]),
        expected: "The output of pg_ctl; exit code 0. A clone that runs with workers is left alone.".into(),
        ..Step::new(StepId::Upgrade, "Restarts the clone with the parameters of a subscriber.")
    }
    .shell("clone", "restart_clone")
}

fn pg_upgrade() -> Step {
    let own = [
        "PGSLOTPLAN_SUBSCRIBER",
        "PGSLOTPLAN_OLD_BIN",
        "PGSLOTPLAN_NEW_BIN",
        "PGSLOTPLAN_CLONE_DATA",
        "PGSLOTPLAN_NEW_DATA",
        "PGSLOTPLAN_NEW_CONF",
    ];
    Step {
        why: "The clone has the publisher's major version until here. Subscriptions are made after the upgrade: before 17 \
              pg_upgrade does not keep them, and the position is in the clone's own catalog. Parameters, pg_hba.conf, pg_ident.conf and \
              certificates in the data folder come along, and a start with them is tried before files are linked; PGSLOTPLAN_NEW_CONF \
              overrides. The same user of the operating system as in {clone}."
            .into(),
        hazard: Some(
            "Files are linked, not copied: once pg_upgrade has begun to link, the old folder is of no use, and an upgrade that \
             was stopped means a new clone. The slots keep WAL on the publisher meanwhile. Compare extensions first: their \
             libraries must be there for the new version."
                .into(),
        ),
        undo: Some(UNDO.into()),
        variables: variables(&own),
        expected: "The output of initdb and pg_upgrade; how many parameters were carried over, and each that the new version does not take; \
                   exit code 0."
            .into(),
        duration: "minutes; it grows with the number of tables, not with their size".into(),
        go: "Run vacuumdb --all --analyze-in-stages beside the next steps: statistics do not come along before 18.".into(),
        ..Step::new(StepId::Upgrade, "Upgrades the clone to the subscriber's major version with pg_upgrade.")
    }
    .shell("clone", "upgrade_clone")
}

pub(super) fn check() -> Step {
    Step {
        why: "The clone has the publisher's tables, but also its settings: those of a subscriber are others.".into(),
        expected: "No output, or warnings; exit code 0.".into(),
        go: "Go on when the exit code is 0 and every warning is accepted. For a setting: raise it, restart the clone."
            .into(),
        ..Step::new(StepId::CloneCheck, "Checks that the clone can follow the plan's slots. Changes nothing.")
    }
    .sql(&[
        "members",
        "read_only",
        "\\set states '{loaded,placed,started}'",
        "\\set state_hint 'Run ' :step_adopt ' first.'",
        "require_state",
        "subscriber_settings",
        "subscriber_tables",
        "\\set side subscriber",
        "foreign_keys_known",
        "subscriptions_exact",
        "subscriber_warnings",
        "collations_moved",
        "extensions_behind",
    ])
}

pub(super) fn place() -> Step {
    Step {
        why: "A slot that stands after the clone's end skips what lies between, without an error anywhere.".into(),
        undo: Some("Nothing to undo.".into()),
        variables: variables(SERVERS),
        expected: "The position; exit code 0.".into(),
        ..Step::new(StepId::Position, "Compares the clone's end with the position of every slot.")
    }
    .shell("position", "place_slots")
}
