//! What is done otherwise on Aurora: the clone is one of its storage, and the upgrade is the provider's (see `lib/aurora.sh`).
//! Written after the documentation; nothing here could be tried.

use super::clone::{self, UNDO};
use crate::emit::{
    Context,
    step::{Step, StepId},
    steps::start,
    variables::variables,
};

pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    let upgrade = if context.shares_identity() { restart() } else { upgrade() };
    vec![start::slots(), copy_on_write(context), clone::adopt(context), upgrade, clone::check(), clone::place()]
}

/// What every step that waits for the provider reads.
const WAITS: [&str; 2] = ["PGSLOTPLAN_AURORA_WAIT", "PGSLOTPLAN_AURORA_POLL"];

fn copy_on_write(context: &Context<'_>) -> Step {
    let managed = match context.plan.one_slot_is_enough() {
        Some(true) => {
            " One slot would carry this load: the provider's own blue/green deployment does all of this, with less to go wrong."
        }
        _ => "",
    };
    Step {
        why: format!(
            "An Aurora clone shares the storage of its source and is there in minutes, whatever its size; \
             aurora_volume_logical_start_lsn() says on it where it ends. Capacity of Serverless v2 (class db.serverless), IAM \
             authentication and IAM roles are taken from the source, and the source's KMS key unless another is given.{managed}"
        ),
        hazard: Some(
            "Written after the documentation and not tried on Aurora: compare data after it ({verify}). The slots keep WAL on the \
             publisher while the clone is made. Subscriptions that the publisher has would run on the clone before anybody can \
             disable them: its parameter group needs max_logical_replication_workers = 0 first, and the step refuses without."
                .into(),
        ),
        undo: Some("Delete the clone's instance and cluster.".into()),
        variables: variables(
            &[
                &[
                    "PGSLOTPLAN_PUBLISHER",
                    "PGSLOTPLAN_AURORA_SOURCE",
                    "PGSLOTPLAN_AURORA_CLONE",
                    "PGSLOTPLAN_AURORA_CLASS",
                    "PGSLOTPLAN_AURORA_GROUP",
                    "PGSLOTPLAN_AURORA_INSTANCE_GROUP",
                    "PGSLOTPLAN_AURORA_SUBNETS",
                    "PGSLOTPLAN_AURORA_SECURITY",
                    "PGSLOTPLAN_AURORA_KMS",
                ],
                &WAITS[..],
            ]
            .concat(),
        ),
        expected: "The identifier of the clone's instance; exit code 0. What exists already is not made again.".into(),
        duration: "about 15 minutes".into(),
        ..Step::new(StepId::Clone, "Makes an Aurora clone of the publisher's cluster.")
    }
    .shell("aurora", "make_aurora_clone")
}

fn upgrade() -> Step {
    let own = [
        "PGSLOTPLAN_AURORA_CLONE",
        "PGSLOTPLAN_AURORA_VERSION",
        "PGSLOTPLAN_AURORA_NEW_GROUP",
        "PGSLOTPLAN_AURORA_NEW_INSTANCE_GROUP",
    ];
    Step {
        why: "An upgrade needs a cluster without slots; {adopt} has dropped those that came along and has kept the position.".into(),
        hazard: Some("Written after the documentation and not tried on Aurora.".into()),
        undo: Some(UNDO.into()),
        variables: variables(&[&own[..], &WAITS[..]].concat()),
        expected: "The version, exit code 0. An upgrade that the provider refuses ends with the events and logs that say why.".into(),
        duration: "15 to 60 minutes".into(),
        go: "ANALYZE everything beside the next steps.".into(),
        ..Step::new(StepId::Upgrade, "Upgrades the clone to the subscriber's major version, and restarts it where parameters wait for that.")
    }
    .shell("aurora", "upgrade_aurora_clone")
}

fn restart() -> Step {
    let own = ["PGSLOTPLAN_AURORA_CLONE", "PGSLOTPLAN_AURORA_NEW_GROUP"];
    Step {
        why: "Subscriptions that came along are gone now: the clone gets the parameters of a subscriber.".into(),
        hazard: Some("Written after the documentation and not tried on Aurora.".into()),
        undo: Some(UNDO.into()),
        variables: variables(&[&own[..], &WAITS[..]].concat()),
        expected: "\"done\" and exit code 0.".into(),
        duration: "minutes".into(),
        ..Step::new(StepId::Upgrade, "Gives the clone the parameter group of a subscriber, and restarts it.")
    }
    .shell("aurora", "restart_aurora_clone")
}
