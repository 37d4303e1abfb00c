//! The steps of a repair. What they touch is what `plan/` of such a kit holds: nothing of the plan but what is made again. The
//! subscriber remembers how far a repair is, so that each step refuses until the one before it has ended.

use crate::{
    emit::{
        Context,
        step::{Step, StepId},
        variables::{SERVERS, TENANTS, variables},
    },
    plan::copy::COPY_BYTES_PER_S,
    units::Bytes,
};

/// What the shell steps source.
const LIBRARY: &str = "repair";

/// Both servers, before anything is touched.
pub(in crate::emit) fn check() -> Step {
    Step {
        why: "A repair empties tables of the subscriber: the servers must be those of this plan, before any cutover, and nothing else may \
              use what is made again."
            .into(),
        expected: "What is made again, and how it stands now; exit code 0.".into(),
        variables: variables(SERVERS),
        ..Step::new(
            StepId::RepairCheck,
            "Checks that both servers carry out this plan and that the part can be made again. Changes nothing.",
        )
    }
    .shell(LIBRARY, "check_repair")
}

pub(in crate::emit) fn stop(context: &Context<'_>) -> Step {
    Step {
        why: "A subscription lets go of its slot first, so that this works when the slot is lost or gone. A table that is copied alone leaves \
              its publication and its subscription, and the worker starts anew, so that nothing in flight is written into it."
            .into(),
        hazard: Some(format!(
            "From here on the part does not follow the publisher until {} have been copied again.",
            Bytes(context.copy_bytes() as f64)
        )),
        undo: Some("None: go on with {repair_empty}.".into()),
        asks: Some("the tables of this part are emptied and copied again. Does everybody who reads the subscriber know?".into()),
        variables: variables(SERVERS),
        ..Step::new(
            StepId::RepairStop,
            "Drops the subscriptions and slots that are made again, and takes tables that are copied alone out of their publications.",
        )
    }
    .shell(LIBRARY, "stop_repair")
}

pub(in crate::emit) fn empty() -> Step {
    Step {
        why: "The copy adds its rows to those that are there. All tables are emptied in one transaction; foreign keys of other tables to \
              them are dropped in it, and remembered."
            .into(),
        hazard: Some(
            "TRUNCATE and ALTER TABLE lock these tables, and those that refer to them, for a moment; it gives up after 5 s: run the step \
             again."
                .into(),
        ),
        undo: Some("None: the copy brings the rows.".into()),
        ..Step::new(StepId::RepairEmpty, "Empties the tables of this part on the subscriber.")
    }
    .sql(&["repaired", "require_mark", "before_cutover", "repair_empty"])
}

pub(in crate::emit) fn start(context: &Context<'_>) -> Step {
    Step {
        why: "Publications first, then slots, then subscriptions, as at the first start.".into(),
        hazard: Some(
            "Making a slot waits for every transaction that is writing now. The connection string is stored on the subscriber. The copy \
             reads every table of this part once."
                .into(),
        ),
        undo: Some("{repair_stop}, and the steps after it once more.".into()),
        variables: variables(&[SERVERS, TENANTS].concat()),
        duration: format!("seconds; the copy of {} then runs by itself", Bytes(context.copy_bytes() as f64)),
        ..Step::new(
            StepId::RepairStart,
            "Makes slots and subscriptions of this part as the plan has them, and brings tables that are copied alone back into their \
             publications; the copies begin.",
        )
    }
    .shell(LIBRARY, "start_repair")
}

pub(in crate::emit) fn ready(context: &Context<'_>) -> Step {
    Step {
        why: "Until all of them are ready these tables are of different times.".into(),
        expected: "Every 30 s the number of tables that are not ready; exit code 0 when all are.".into(),
        duration: format!(
            "at least {} of copy at {}/s and worker (a guess: measure yours)",
            Bytes(context.copy_bytes() as f64),
            Bytes(COPY_BYTES_PER_S)
        ),
        variables: variables(&["wait_seconds"]),
        ..Step::new(StepId::RepairReady, "Waits until every table of this part is ready, and says which are not.")
    }
    .sql(&["require_mark", "\\set repair_states '{started}'", "repair_state", "wait_ready"])
}

pub(in crate::emit) fn caught_up() -> Step {
    Step {
        why: "Foreign keys are checked, and rows compared, when nothing is on its way any more.".into(),
        expected: "One line with the LSN that the slots have passed.".into(),
        duration: "the time by which the subscriptions are behind".into(),
        variables: variables(&["wait_seconds"]),
        ..Step::new(
            StepId::RepairCaughtUp,
            "Waits until the slots of this part have confirmed all that is written now.",
        )
    }
    .sql(&["\\set slots planned_slot", "wait_for_slots", "\\echo every slot of this part has passed :fence"])
}

pub(in crate::emit) fn end() -> Step {
    Step {
        why: "Foreign keys that were dropped for the emptying return as they were, and are validated. A row whose parent is still on its way in \
              another slot is waited for."
            .into(),
        hazard: Some("Reads every referencing table once, beside writes. An orphaned row makes it fail: run it again later.".into()),
        duration: "seconds, and one read of each table whose foreign keys return".into(),
        variables: variables(&[SERVERS, &["PGSLOTPLAN_ACCEPT_FUNCTIONS", "wait_seconds"]].concat()),
        ..Step::new(
            StepId::RepairEnd,
            "Adds and validates the foreign keys that the emptying dropped, and forgets the repair.",
        )
    }
    .shell(LIBRARY, "end_repair")
}

pub(in crate::emit) fn verify() -> Step {
    Step {
        why: "Nothing else proves that no row is missing.".into(),
        ..super::verify::compare(
            StepId::RepairVerify,
            "Compares every row of this part while writes go on, without locks.",
        )
    }
}

/// Rows that the verification of the whole migration named.
pub(in crate::emit) fn rows() -> Step {
    Step {
        why: "A few rows that differ need no new copy of their table. They are held on the publisher, what is on its way arrives, and then \
              they are written on the subscriber as the publisher has them; what the publisher does not have goes."
            .into(),
        expected: "How many rows are the same now, and exit code 0. 4: what could not be made the same, such as tables without a key.".into(),
        hazard: Some(
            "Rows are locked against changes on the publisher for some seconds at most, and longer waits hold nothing. Rows are written by \
             a superuser: functions of others behind these tables are refused."
                .into(),
        ),
        undo: Some("None is needed: what is written is what the publisher has.".into()),
        variables: variables(&[SERVERS, &["VERIFY_ROUNDS", "PGSLOTPLAN_ACCEPT_FUNCTIONS"]].concat()),
        duration: "seconds, and the time by which the slots are behind".into(),
        go: "Run the verification of the whole migration again afterwards.".into(),
        ..Step::new(
            StepId::RepairRows,
            "Copies the rows again that the last verification found different, and compares them once more, while writes go on.",
        )
    }
    .shell("mend", "mend_rows")
}
