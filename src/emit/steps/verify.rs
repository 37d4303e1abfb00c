//! The steps that wait and then say yes or raise, and those that compare every row.

use crate::{
    emit::{
        Context,
        step::{Step, StepId},
        variables::{SERVERS, variables},
    },
    plan::copy::{COPY_BYTES_PER_S, copy_s},
    units::{Bytes, Seconds},
};

pub(in crate::emit) fn ready(context: &Context<'_>) -> Step {
    Step {
        why: "A subscription is complete only when each of its tables is ready; until then its tables are of different times. \
              Tables that are not listed would be skipped without an error, so each planned one is looked up."
            .into(),
        expected: "Every 30 s the number of tables that are not ready; exit code 0 when all are.".into(),
        duration: format!(
            "at least {} at {}/s for each table and {} tables at a time in each subscription (a guess: measure yours)",
            Seconds(copy_s(context.plan, COPY_BYTES_PER_S)),
            Bytes(COPY_BYTES_PER_S),
            context.plan.policy.sync_workers
        ),
        variables: variables(&["wait_seconds"]),
        ..Step::new(StepId::Ready, "Waits until every planned table is ready, and says which are not.")
    }
    .sql(&["require_mark", "wait_ready"])
}

pub(in crate::emit) fn caught_up() -> Step {
    Step {
        why: "confirmed_flush_lsn beyond the fence means that everything committed before it is applied and on disk, for all \
              tables that are ready."
            .into(),
        expected: "One line with the LSN that every slot has passed.".into(),
        duration: "the time by which a subscription is behind".into(),
        variables: variables(&["wait_seconds"]),
        go: "Go on when the exit code is 0. At the cutover {drain} does the same after the write stop.".into(),
        ..Step::new(StepId::CaughtUp, "Waits until every slot has confirmed all that is written now.")
    }
    .sql(&["read_by_superuser", "\\set slots planned_slot", "wait_for_slots", "\\echo every slot has passed :fence"])
}

pub(in crate::emit) fn live() -> Step {
    Step {
        why: "Nothing else proves that no row is missing: a subscriber skips an UPDATE of a row that it lacks without a word."
            .into(),
        ..compare(StepId::Verify, "Compares every row of both servers while writes go on, without locks.")
    }
}

/// A comparison beside writes, of all that `plan/` holds.
pub(super) fn compare(id: StepId, what: &str) -> Step {
    Step {
        expected: "How many tables, chunks and rows were compared, and \"no difference\". Exit code 4 lists what differs: objects \
                   that are missing, then rows by their keys; all of it is in verify_live/errors.csv beside the evidence."
            .into(),
        hazard: Some(
            "Reads every table on both servers once. One statement lasts about VERIFY_BATCH_SECONDS, so that vacuum is not held \
             up for longer; tables whose key begins with text are read by one statement each."
                .into(),
        ),
        variables: compare_variables(),
        duration: "one read of everything on both sides. It can be stopped, and goes on where it was".into(),
        go: "No-go for the cutover while it ends with 4. Of the tables that it skips, those without key are compared at rest, those whose \
             indexes call functions of others by a login that only reads (VERIFY_FOREIGN_CODE)."
            .into(),
        ..Step::new(id, what)
    }
    .shell("verify", "verify live")
}

pub(in crate::emit) fn at_rest() -> Step {
    Step {
        why: "Once nobody writes, equal is equal: tables without key are compared as a whole too, and a sequence that is behind \
              is an error."
            .into(),
        expected: "As {verify}.".into(),
        hazard: Some(
            "Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.".into(),
        ),
        variables: compare_variables(),
        part_of: Some(StepId::Cutover),
        duration: "one read of everything on both sides".into(),
        go: "0 is go, 4 is no-go.".into(),
        ..Step::new(
            StepId::CompareAtRest,
            "Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where there is time.",
        )
    }
    .shell("verify", "verify at_rest")
}

fn compare_variables() -> Vec<super::super::step::Variable> {
    let own = [
        "VERIFY_JOBS",
        "VERIFY_CHUNK_ROWS",
        "VERIFY_BATCH_SECONDS",
        "VERIFY_WAIT_SECONDS",
        "VERIFY_ROUNDS",
        "VERIFY_MOST_DIFFERENCES",
        "VERIFY_SEQUENCES",
        "VERIFY_FOREIGN_CODE",
    ];
    variables(&[SERVERS, &own].concat())
}
