//! Bootstrap `dump`: slots, dump and restore of one exported snapshot, one step (see `lib/dump.sh`).

use crate::{
    emit::{
        Context,
        step::{Step, StepId},
        variables::{SERVERS, variables},
    },
    units::Bytes,
};

pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    let load = Step {
        why: "All slots begin at the position of one exported snapshot, and the dump is that snapshot: no row is missing, none \
              comes twice. The snapshot ends with its connection, so this step is one."
            .into(),
        hazard: Some(
            "Making the first slot waits for every transaction that is writing now. The publisher keeps all WAL from here on, \
             and the snapshot holds back vacuum while the dump runs. If it stops in the middle, run it again: it drops its \
             slots, empties the tables that it filled and starts over."
                .into(),
        ),
        undo: Some("{subscriber_cleanup}, then {publisher_cleanup}; then empty the tables.".into()),
        asks: Some("from here on the publisher keeps WAL. Is there room for it, and time to go on?".into()),
        variables: variables(&[SERVERS, &["PGSLOTPLAN_DUMP", "PGSLOTPLAN_JOBS", "PGSLOTPLAN_LOADER", "PGSLOTPLAN_ACCEPT_FUNCTIONS"]].concat()),
        expected: "What it is doing, a line each; exit code 0. pg_dump's warning about circular foreign keys does not matter: \
                   they are not checked while the data comes. A second run says that the data is there."
            .into(),
        duration: format!("a dump and a restore of {}", Bytes(context.copy_bytes() as f64)),
        ..Step::new(
            StepId::Dump,
            "Makes the slots at one exported snapshot, dumps it in parallel and restores it on the subscriber.",
        )
    };
    vec![load.shell("dump", "load_dump")]
}
