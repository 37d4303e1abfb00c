//! The night itself: writes stop, everything arrives, the subscriptions end, foreign keys return, the application moves. One step
//! does all of it; each part is a step of its own too.

use crate::emit::{
    step::{Step, StepId, Variable},
    variables::{SERVERS, variables},
};

/// What the parts source.
pub(super) const LIBRARY: &str = "cutover";

pub(super) fn cutover_variables() -> Vec<Variable> {
    variables(&[SERVERS, &["PGSLOTPLAN_CUTOVER", "PGSLOTPLAN_ACCEPT", "DRAIN_SECONDS"]].concat())
}

/// A part that is one call of a shell function.
fn part(step: Step, call: &str) -> Step {
    Step { variables: cutover_variables(), part_of: Some(StepId::Cutover), ..step }.shell(LIBRARY, call)
}

/// Whether the application gets in on the new server, long before anybody waits.
pub(in crate::emit) fn logins() -> Step {
    Step {
        why: "A cutover that ends well and an application that cannot log in are an outage. {cutover} looks again before its pause."
            .into(),
        expected: "\"done\" and exit code 0. Otherwise each role that could not log in to the new server, and why.".into(),
        variables: cutover_variables(),
        ..Step::new(
            StepId::Logins,
            "Proves that each role that the PgBouncers use can log in to the new server, and that each entry answers and can be \
             switched. Changes nothing.",
        )
    }
    .shell(LIBRARY, "see_logins")
}

/// VACUUM (ANALYZE), largest and quietest first, several at once.
pub(in crate::emit) fn vacuum() -> Step {
    Step {
        why: "Copied tables have neither statistics nor a visibility map: the first queries after the cutover would be slow, and \
              an anti-wraparound vacuum would come at its own time."
            .into(),
        hazard: Some(
            "Reads every table and its indexes once on the subscriber; replication goes on beside it. A materialized view is as old as \
             its last refresh."
                .into(),
        ),
        variables: variables(&[SERVERS, &["VACUUM_JOBS"]].concat()),
        duration: "one read of everything on the subscriber".into(),
        go: "Go on when the exit code is 0. Run it again shortly before the night: tables without changes take moments.".into(),
        ..Step::new(
            StepId::Vacuum,
            "Refreshes the subscriber's materialized views, then runs VACUUM (ANALYZE) on every planned table, in parallel, large and \
             quiet ones first.",
        )
    }
    .shell("vacuum", "vacuum_tables")
}

/// DDL is refused on the publisher until the guard goes.
pub(in crate::emit) fn freeze() -> Step {
    Step {
        why: "DDL is not replicated: a column that is added tonight stops its slot, and a table that is added is not there \
              tomorrow."
            .into(),
        hazard: Some(
            "From now on CREATE, ALTER and DROP fail in the application too, except of temporary objects. Needs a superuser, or \
             what the provider has for event triggers."
                .into(),
        ),
        undo: Some("{thaw}, or the clean-up.".into()),
        asks: Some("from here on DDL fails in the application. Is the cutover tonight?".into()),
        ..Step::new(StepId::DdlFreeze, "Refuses DDL on the publisher.")
    }
    .sql(&["freeze"])
}

/// The whole night.
pub(in crate::emit) fn whole() -> Step {
    Step {
        why: "The application waits for about half a second instead of minutes, and any \"no\" before the first write ends in an \
              abort. RUNBOOK.md has each part as a step of its own."
            .into(),
        expected: "\"the new server is open\" and the length of the pause.".into(),
        hazard: Some(
            "The application stands from PAUSE to RESUME. Killed anywhere it can be run again, or {abort} goes back.".into(),
        ),
        undo: Some("{abort} before the first write, {rollback} after it.".into()),
        asks: Some("the application moves now. Read \"The night\" in RUNBOOK.md: go or no-go?".into()),
        variables: cutover_variables(),
        duration: "a pause of about half a second".into(),
        go: "0: the new server is open. 4: the old server serves, the reason is above.".into(),
        ..Step::new(
            StepId::Cutover,
            "Moves the application to the new server in one go: check, quiesce, pause, stop writes, drain, compare the newest \
             rows, sequences, stop the subscriptions, foreign keys, way back, switch, resume, prove.",
        )
    }
    .shell(LIBRARY, "cutover")
}

pub(in crate::emit) fn quiesce() -> Step {
    part(
        Step {
            why: "A pause waits for every open transaction: fewer are open when jobs rest and a page says so. Readers move to \
                  replicas of the new server first, where there are any."
                .into(),
            expected: "What your commands print; exit code 0.".into(),
            undo: Some("{abort} calls the opposite commands.".into()),
            duration: "as long as your commands take".into(),
            ..Step::new(StepId::Quiesce, "Calls your commands: maintenance page on, job workers paused, readers moved.")
        },
        "quiesce",
    )
}

pub(in crate::emit) fn pause() -> Step {
    part(
        Step {
            why: "Clients wait instead of failing: PgBouncer lets each transaction end and holds the next one back.".into(),
            hazard: Some(
                "The application stands from here until RESUME. A client that waits longer than query_wait_timeout (120 s) is \
                 disconnected. If a pool is not idle within PAUSE_SECONDS everything is resumed by itself."
                    .into(),
            ),
            undo: Some("{abort}".into()),
            expected: "Exit code 0: each entry is paused and has no server connection.".into(),
            duration: "as long as the longest open transaction; at most PAUSE_SECONDS (10)".into(),
            go: "4: not idle in time; the application goes on. Find the long transaction, try again. 3, or another 4: what {cutover} would \
                 refuse, before anything waits."
                .into(),
            ..Step::new(
                StepId::Pause,
                "Looks at all that {cutover} wants before its pause, closes the new server for writes, then pauses the entries on every \
                 PgBouncer process.",
            )
        },
        "close_and_pause",
    )
}

pub(in crate::emit) fn stop_writes() -> Step {
    Step {
        why: "A pause holds back only what comes through the PgBouncers that are listed. A setting of a role wins over that of \
              the database, so those roles get one too."
            .into(),
        hazard: Some("A session that says SET TRANSACTION READ WRITE can still write: {resume} looks into the slots for it.".into()),
        undo: Some("{abort}".into()),
        part_of: Some(StepId::Cutover),
        expected: "No output and exit code 0. Other sessions are listed: a PgBouncer that was forgotten looks like that.".into(),
        variables: variables(&["allowed", "terminate"]),
        ..Step::new(
            StepId::WritesStop,
            "Makes the database read-only for all roles; nobody else may be connected, nothing may be prepared.",
        )
    }
    .sql(&["stop_writes"])
}

pub(in crate::emit) fn drain() -> Step {
    Step {
        why: "What is not applied when the subscriptions end does not come any more. No step after this one goes on without it."
            .into(),
        expected: "\"done\" and exit code 0: each slot has passed an LSN that was read after the write stop.".into(),
        undo: Some("{abort}".into()),
        part_of: Some(StepId::Cutover),
        variables: variables(&[SERVERS, &["DRAIN_SECONDS"]].concat()),
        duration: "the time by which the slots are behind; at most DRAIN_SECONDS (60)".into(),
        go: "0: go on. Otherwise wait and run it again, or {abort}.".into(),
        ..Step::new(StepId::Drain, "Waits until every slot has passed what was written before the write stop, and notes it on both servers.")
    }
    .shell("drain", "drain")
}

pub(in crate::emit) fn stop() -> Step {
    Step {
        why: "Foreign keys come back and writes open only when nothing is applied any more. Apply workers are ended, since an \
              idle one looks for it only once a second."
            .into(),
        hazard: Some(
            "What is not applied by then does not come: it refuses until {drain} has ended with 0. The slots keep WAL on the publisher \
             until the clean-up."
                .into(),
        ),
        undo: Some(
            "{abort}".into(),
        ),
        part_of: Some(StepId::Cutover),
        go: "Foreign keys, where any were dropped, then the sequences.".into(),
        ..Step::new(StepId::Stop, "Disables the subscriptions and waits for the end of their workers.")
    }
    .sql(&["require_mark", "no_repair", "require_drained", "subscriptions_stop"])
}

pub(in crate::emit) fn restore_foreign_keys() -> Step {
    Step {
        why: "NOT VALID foreign keys guard every new row and need no scan, so that writes can open at once.".into(),
        hazard: Some(
            "Each ALTER TABLE locks both of its tables for a moment; it gives up after 5 s: run the step again.".into(),
        ),
        undo: Some("{foreign_keys_drop} drops them again.".into()),
        part_of: Some(StepId::Cutover),
        go: "Open the writes when the exit code is 0.".into(),
        ..Step::new(
            StepId::ForeignKeysRestore,
            "Adds the dropped foreign keys again, without checking the rows that are there.",
        )
    }
    .sql(&["require_mark", "require_stopped", "foreign_keys_restore"])
}

pub(in crate::emit) fn validate_foreign_keys() -> Step {
    Step {
        why: "Validation proves that no slot lost a row that another one refers to.".into(),
        hazard: Some(
            "Reads every referencing table once, beside writes. An orphaned row makes it fail: that row shows a transaction that \
             was replicated in part, or one that was orphaned on the publisher."
                .into(),
        ),
        duration: "one read of each referencing table".into(),
        go: "Clean up when the exit code is 0.".into(),
        variables: variables(&["PGSLOTPLAN_ACCEPT_FUNCTIONS"]),
        ..Step::new(
            StepId::ForeignKeysValidate,
            "Checks all rows against the restored foreign keys, and their definitions against those that were dropped.",
        )
    }
    .sql(&["require_mark", "require_stopped", "foreign_keys_validate"])
}

pub(in crate::emit) fn sequences() -> Step {
    Step {
        why: "Values of sequences are not replicated: the next insert would take a number that is there already.".into(),
        expected: "Exit code 0. A sequence that the subscriber lacks is an error.".into(),
        undo: Some("Not needed: numbers are only skipped.".into()),
        variables: variables(SERVERS),
        part_of: Some(StepId::Cutover),
        ..Step::new(
            StepId::Sequences,
            "Sets the subscriber's sequences to the publisher's values; never called, restarted and descending ones too.",
        )
    }
    .shell("sequences", "after_drain sequences publisher subscriber")
}

pub(in crate::emit) fn switch() -> Step {
    part(
        Step {
            why: "While they are paused, no client notices. Without the pause both servers would be written at once."
                .into(),
            undo: Some("{abort}".into()),
            expected: "Exit code 0: SHOW DATABASES of every process names the new server for every entry.".into(),
            go: "4 names the process and entry that are not paused, or still lead elsewhere: no-go.".into(),
            ..Step::new(
                StepId::Switch,
                "Leads the entries of every PgBouncer process to the new server, and proves it.",
            )
        },
        "after_drain switch_by_hand",
    )
}

pub(in crate::emit) fn resume() -> Step {
    part(
        Step {
            why: "The point of no return: from the first write on, the way back is {rollback}. The new server notes it in the \
                  transaction that opens it for writes."
                .into(),
            hazard: Some(
                "{abort} refuses from here on. DDL is refused on the new server, too, as long as there is a way back: {subscriber_cleanup} ends \
                 that."
                    .into(),
            ),
            undo: Some("{rollback}".into()),
            expected: "Exit code 0; clients go on.".into(),
            go: "Before: every step above ended with 0, nobody else is connected to the old server.".into(),
            ..Step::new(
                StepId::Resume,
                "Checks that the steps before it are done, that the sequences are there and that nobody writes to the old server, opens the \
                 new one, and resumes.",
            )
        },
        "after_drain open_new",
    )
}

pub(in crate::emit) fn prove() -> Step {
    part(
        Step {
            why: "A PgBouncer that was forgotten goes on with the old server; its clients would see errors there.".into(),
            expected: "Exit code 0: no connection of any PgBouncer process leads to the old server, nobody is connected there, old \
                       replicas are empty."
                .into(),
            duration: "one or two seconds".into(),
            go: "4 names the process or the sessions: find and move them at once.".into(),
            ..Step::new(
                StepId::Prove,
                "Proves that nothing goes to the old server any more, then lets job workers and the page go on.",
            )
        },
        "prove_and_end",
    )
}
