//! What is done otherwise on Aurora: the clone is one of its storage, and the upgrade is the provider's (postgres.md §9.5).
//! Written after the documentation; nothing here could be tried.

use super::{
    Context,
    clone::{UNDO, into_variable, slots_position},
    copy::{finish, paragraphs, step},
    script::{Phase, Side, Step},
    session, shell,
};

pub(super) fn clone(context: &Context<'_>) -> Step {
    let variables = vec![
        shell::connections().remove(0),
        shell::variable("PGSLOTPLAN_AURORA_SOURCE", "identifier of the publisher's DB cluster", true),
        shell::variable(
            "PGSLOTPLAN_AURORA_CLONE",
            "identifier that the clone's DB cluster gets; its instance gets it with -1",
            true,
        ),
        shell::variable("PGSLOTPLAN_AURORA_CLASS", "instance class of the clone, such as db.r7g.4xlarge", true),
        shell::variable(
            "PGSLOTPLAN_AURORA_GROUP",
            "DB cluster parameter group of the clone, of the publisher's version",
            true,
        ),
        shell::variable("PGSLOTPLAN_AURORA_SUBNETS", "DB subnet group of the clone", true),
        shell::variable("PGSLOTPLAN_AURORA_SECURITY", "security groups of the clone, separated by blanks", true),
    ];
    let publisher_guard = shell::here("cat > \"$work/publisher.sql\"", &session::preamble(context, Side::Publisher));
    let commands = format!(
        "{publisher_guard}
publisher() {{
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d \"$PGSLOTPLAN_PUBLISHER\" \"$@\" -f \"$work/publisher.sql\" -f -
}}
{slots}
say \"the slots stand at $slots\"
if ! aws rds describe-db-clusters --db-cluster-identifier \"$PGSLOTPLAN_AURORA_CLONE\" >/dev/null 2>&1; then
  # shellcheck disable=SC2086
  aws rds restore-db-cluster-to-point-in-time --restore-type copy-on-write --use-latest-restorable-time \\
    --source-db-cluster-identifier \"$PGSLOTPLAN_AURORA_SOURCE\" --db-cluster-identifier \"$PGSLOTPLAN_AURORA_CLONE\" \\
    --db-cluster-parameter-group-name \"$PGSLOTPLAN_AURORA_GROUP\" --db-subnet-group-name \"$PGSLOTPLAN_AURORA_SUBNETS\" \\
    --vpc-security-group-ids $PGSLOTPLAN_AURORA_SECURITY >&2
fi
aws rds wait db-cluster-available --db-cluster-identifier \"$PGSLOTPLAN_AURORA_CLONE\"
if ! aws rds describe-db-instances --db-instance-identifier \"$PGSLOTPLAN_AURORA_CLONE-1\" >/dev/null 2>&1; then
  aws rds create-db-instance --engine aurora-postgresql --db-cluster-identifier \"$PGSLOTPLAN_AURORA_CLONE\" \\
    --db-instance-identifier \"$PGSLOTPLAN_AURORA_CLONE-1\" --db-instance-class \"$PGSLOTPLAN_AURORA_CLASS\" >&2
fi
aws rds wait db-instance-available --db-instance-identifier \"$PGSLOTPLAN_AURORA_CLONE-1\"
say \"the clone is there: 33_subscriber_adopt.sql takes clone_instance=$PGSLOTPLAN_AURORA_CLONE-1\"",
        slots = into_variable("slots", "publisher", &slots_position(context)),
    );
    finish(
        context,
        Step {
            why: "An Aurora clone shares the storage of its source and is there in minutes, whatever its size; \
                  aurora_volume_logical_start_lsn() says on it where it ends."
                .into(),
            hazard: Some(
                "Written after the documentation and not tried on Aurora: compare data after it (74_shell_drift.sh, row digests). \
                 The slots keep WAL on the publisher while the clone is made."
                    .into(),
            ),
            undo: Some("Delete the clone's instance and cluster.".into()),
            variables,
            expected: "The identifier of the clone's instance; exit code 0. What exists already is not made again.".into(),
            duration: "about 15 minutes".into(),
            body: paragraphs(&[shell::needs(&["psql", "aws"]), commands]),
            ..step("32_shell_aurora_clone.sh", Phase::Start, Side::Shell, "Makes an Aurora clone of the publisher's cluster.")
        },
    )
}

pub(super) fn upgrade(context: &Context<'_>) -> Step {
    let new = context.plan.subscriber_version.major();
    let variables = vec![
        shell::variable("PGSLOTPLAN_AURORA_CLONE", "identifier of the clone's DB cluster", true),
        shell::variable(
            "PGSLOTPLAN_AURORA_VERSION",
            &format!("engine version to upgrade to, of major version {new}"),
            true,
        ),
        shell::variable(
            "PGSLOTPLAN_AURORA_NEW_GROUP",
            &format!("DB cluster parameter group of family aurora-postgresql{new}"),
            true,
        ),
    ];
    let commands = "version() {
  aws rds describe-db-clusters --db-cluster-identifier \"$PGSLOTPLAN_AURORA_CLONE\" --query 'DBClusters[0].EngineVersion' --output text
}
if [ \"$(version)\" = \"$PGSLOTPLAN_AURORA_VERSION\" ]; then
  say 'the clone is upgraded already'
  exit 0
fi
aws rds modify-db-cluster --db-cluster-identifier \"$PGSLOTPLAN_AURORA_CLONE\" --engine-version \"$PGSLOTPLAN_AURORA_VERSION\" \\
  --db-cluster-parameter-group-name \"$PGSLOTPLAN_AURORA_NEW_GROUP\" --allow-major-version-upgrade --apply-immediately >&2
until [ \"$(version)\" = \"$PGSLOTPLAN_AURORA_VERSION\" ]; do sleep 15; done
aws rds wait db-cluster-available --db-cluster-identifier \"$PGSLOTPLAN_AURORA_CLONE\"
say 'upgraded'"
        .to_owned();
    finish(
        context,
        Step {
            why: "An upgrade needs a cluster without slots; 33_subscriber_adopt.sql has dropped those that came along and has kept \
                  the position."
                .into(),
            hazard: Some("Written after the documentation and not tried on Aurora.".into()),
            undo: Some(UNDO.into()),
            variables,
            expected: "\"upgraded\"; exit code 0.".into(),
            duration: "15 to 60 minutes".into(),
            go: "Reboot the instance if parameters are pending, ANALYZE everything beside the next steps.".into(),
            body: paragraphs(&[shell::needs(&["aws"]), commands]),
            ..step("34_shell_aurora_upgrade.sh", Phase::Start, Side::Shell, "Upgrades the clone to the subscriber's major version.")
        },
    )
}
