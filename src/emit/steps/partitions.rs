//! New partitions while everything runs: no other plan is needed for them.

use crate::emit::{
    step::{Step, StepId},
    variables::{SERVERS, TENANTS, WAITS, variables},
};

/// What {schema} reads besides.
const OF_SCHEMA: &[&str] =
    &["PGSLOTPLAN_ACCEPT_ROLES", "PGSLOTPLAN_STRIP_ROLES", "PGSLOTPLAN_LOADER", "PGSLOTPLAN_ACCEPT_REFUSED"];

pub(in crate::emit) fn partitions() -> Step {
    Step {
        why: "A partition that joins a tree is in no publication where the tree is published partition by partition, and missing on the \
              subscriber in any case, where the first row for it would stop the slot."
            .into(),
        expected: "\"done\" and exit code 0, also when there is nothing to do.".into(),
        hazard: Some(
            "Makes what else of the schema the subscriber lacks, as {schema} does. Each new partition is locked for a moment. Rows that \
             a table already held when it was attached to a tree that is published by its root are brought by nothing: {verify} names them, \
             and a repair of the tree brings them."
                .into(),
        ),
        aside: true,
        variables: variables(&[SERVERS, WAITS, OF_SCHEMA, TENANTS].concat()),
        duration: "seconds, and the copy of rows that are there already".into(),
        go: "Run it each time after partitions were made, best before their first row.".into(),
        ..Step::new(
            StepId::Partitions,
            "Off the way, whenever partitions were added: makes them on the subscriber, publishes each with the newest one beside it, and \
             copies it.",
        )
    }
    .shell("partitions", "add_partitions")
}
