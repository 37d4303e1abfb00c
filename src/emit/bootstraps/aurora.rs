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
    let mut steps = vec![start::slots(), copy_on_write(), clone::adopt(context)];
    if !context.shares_identity() {
        steps.push(upgrade());
    }
    steps.extend([clone::check(), clone::place()]);
    steps
}

fn copy_on_write() -> Step {
    Step {
        why: "An Aurora clone shares the storage of its source and is there in minutes, whatever its size; \
              aurora_volume_logical_start_lsn() says on it where it ends."
            .into(),
        hazard: Some(
            "Written after the documentation and not tried on Aurora: compare data after it ({verify}). The slots keep WAL on the \
             publisher while the clone is made."
                .into(),
        ),
        undo: Some("Delete the clone's instance and cluster.".into()),
        variables: variables(&[
            "PGSLOTPLAN_PUBLISHER",
            "PGSLOTPLAN_AURORA_SOURCE",
            "PGSLOTPLAN_AURORA_CLONE",
            "PGSLOTPLAN_AURORA_CLASS",
            "PGSLOTPLAN_AURORA_GROUP",
            "PGSLOTPLAN_AURORA_SUBNETS",
            "PGSLOTPLAN_AURORA_SECURITY",
        ]),
        expected: "The identifier of the clone's instance; exit code 0. What exists already is not made again.".into(),
        duration: "about 15 minutes".into(),
        ..Step::new(StepId::Clone, "Makes an Aurora clone of the publisher's cluster.")
    }
    .shell("aurora", "make_aurora_clone")
}

fn upgrade() -> Step {
    Step {
        why: "An upgrade needs a cluster without slots; {adopt} has dropped those that came along and has kept the position.".into(),
        hazard: Some("Written after the documentation and not tried on Aurora.".into()),
        undo: Some(UNDO.into()),
        variables: variables(&["PGSLOTPLAN_AURORA_CLONE", "PGSLOTPLAN_AURORA_VERSION", "PGSLOTPLAN_AURORA_NEW_GROUP"]),
        expected: "\"upgraded\"; exit code 0.".into(),
        duration: "15 to 60 minutes".into(),
        go: "Reboot the instance if parameters are pending, ANALYZE everything beside the next steps.".into(),
        ..Step::new(StepId::Upgrade, "Upgrades the clone to the subscriber's major version.")
    }
    .shell("aurora", "upgrade_aurora_clone")
}
