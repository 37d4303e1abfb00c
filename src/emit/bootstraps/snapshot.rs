//! Bootstrap `snapshot`: all slots at one exported snapshot, the rows in pieces that many COPYs take from a queue, keys after the rows
//! (see `lib/snapshot.sh`).

use crate::{
    emit::{
        Context,
        step::{Step, StepId},
        variables::{SERVERS, variables},
    },
    units::Bytes,
};

pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    vec![copy(context), keys()]
}

fn copy(context: &Context<'_>) -> Step {
    let own = [
        "PGSLOTPLAN_JOBS",
        "PGSLOTPLAN_PIECE_MB",
        "PGSLOTPLAN_RATE",
        "PGSLOTPLAN_START_OVER",
        "PGSLOTPLAN_LOADER",
        "PGSLOTPLAN_ACCEPT_FUNCTIONS",
    ];
    Step {
        why: "All slots begin at the position of one exported snapshot, and every piece is read in it: no row is missing, none comes twice. \
              A table that is larger than a piece is copied by several at once: in ranges of its blocks, of the first column of its primary \
              key where the publisher is older than 14, or whole where neither is possible. The queue is a table on the subscriber: the \
              same step on other machines takes from it, too, and may be stopped or begun at any time. A piece is committed only when its \
              sender ended well and both ends counted the same rows; one that failed is copied again by itself."
            .into(),
        hazard: Some(
            "Making the first slot waits for every transaction that is writing now. The publisher keeps all WAL from here on, and one \
             session of it (application_name pgslotplan_load_PREFIX) holds the snapshot, and so back vacuum, until the copy ends; a script \
             that is killed or a connection that is cut does not end it, a restart of the publisher does. Then what was copied is lost: the \
             step says how much, and how to begin anew (PGSLOTPLAN_START_OVER). VACUUM FULL and CLUSTER of a table that is copied in pieces \
             mean that, too; TRUNCATE does not, where it is replicated. ALTER TABLE that rewrites a table hides its rows from the snapshot: \
             {indexes} refuses then, and the table is copied again alone."
                .into(),
        ),
        undo: Some("{subscriber_cleanup}, then {publisher_cleanup}; then empty the tables.".into()),
        asks: Some("from here on the publisher keeps WAL. Is there room for it, and time to go on?".into()),
        variables: variables(&[SERVERS, &own].concat()),
        expected: "What it is doing, a line each, and every 30 s how many pieces are there; exit code 0. A second run says that the data is \
                   there. 3: the reason, and what to run; what was copied stays as long as the snapshot lives."
            .into(),
        duration: format!("a copy of {}, by as many COPYs as PGSLOTPLAN_JOBS says", Bytes(context.copy_bytes() as f64)),
        ..Step::new(
            StepId::Snapshot,
            "Makes the slots at one exported snapshot, and copies it piece by piece, the largest tables first.",
        )
    }
    .shell("snapshot", "load_snapshot")
}

fn keys() -> Step {
    Step {
        why: "A key that is built over all rows at once takes about half the time, and is smaller. The largest are built first, several at \
              a time. The slots stand still meanwhile: nothing is applied without a key."
            .into(),
        undo: Some("Drop the keys.".into()),
        variables: variables(&[SERVERS, &["PGSLOTPLAN_JOBS", "PGSLOTPLAN_LOADER", "PGSLOTPLAN_ACCEPT_REFUSED"]].concat()),
        expected: "One line for each job; exit code 0.".into(),
        duration: "the time of the largest keys".into(),
        ..Step::new(StepId::Keys, "Builds the primary keys and replica identities, now that the rows are there.")
    }
    .shell("keys", "make_keys")
}
