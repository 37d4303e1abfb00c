# Bootstrap aurora: the clone is one of the cluster's storage, and the upgrade is the provider's. Sourced by its steps. Written
# after the documentation; nothing here could be tried on Aurora.
. "$here/lib/common.sh"
set -e

make_aurora_clone() {
    wants PGSLOTPLAN_PUBLISHER "connection string of the publisher's database"
    wants PGSLOTPLAN_AURORA_SOURCE "identifier of the publisher's DB cluster"
    wants PGSLOTPLAN_AURORA_CLONE "identifier that the clone's DB cluster gets; its instance gets it with -1"
    wants PGSLOTPLAN_AURORA_CLASS 'instance class of the clone, such as db.r7g.4xlarge'
    wants PGSLOTPLAN_AURORA_GROUP "DB cluster parameter group of the clone, of the publisher's version"
    wants PGSLOTPLAN_AURORA_SUBNETS 'DB subnet group of the clone'
    wants PGSLOTPLAN_AURORA_SECURITY 'security groups of the clone, separated by blanks'
    needs psql aws
    slots_at=$(ask_publisher -f "$here/lib/clone_position.sql")
    say "the slots stand at $slots_at"
    if ! aws rds describe-db-clusters --db-cluster-identifier "$PGSLOTPLAN_AURORA_CLONE" > /dev/null 2>&1; then
        # shellcheck disable=SC2086
        aws rds restore-db-cluster-to-point-in-time --restore-type copy-on-write --use-latest-restorable-time \
            --source-db-cluster-identifier "$PGSLOTPLAN_AURORA_SOURCE" --db-cluster-identifier "$PGSLOTPLAN_AURORA_CLONE" \
            --db-cluster-parameter-group-name "$PGSLOTPLAN_AURORA_GROUP" --db-subnet-group-name "$PGSLOTPLAN_AURORA_SUBNETS" \
            --vpc-security-group-ids $PGSLOTPLAN_AURORA_SECURITY >&2
    fi
    aws rds wait db-cluster-available --db-cluster-identifier "$PGSLOTPLAN_AURORA_CLONE"
    if ! aws rds describe-db-instances --db-instance-identifier "$PGSLOTPLAN_AURORA_CLONE-1" > /dev/null 2>&1; then
        aws rds create-db-instance --engine aurora-postgresql --db-cluster-identifier "$PGSLOTPLAN_AURORA_CLONE" \
            --db-instance-identifier "$PGSLOTPLAN_AURORA_CLONE-1" --db-instance-class "$PGSLOTPLAN_AURORA_CLASS" >&2
    fi
    aws rds wait db-instance-available --db-instance-identifier "$PGSLOTPLAN_AURORA_CLONE-1"
    say "the clone is there: $step_adopt takes clone_instance=$PGSLOTPLAN_AURORA_CLONE-1"
}
aurora_version() {
    aws rds describe-db-clusters --db-cluster-identifier "$PGSLOTPLAN_AURORA_CLONE" --query 'DBClusters[0].EngineVersion' --output text
}
upgrade_aurora_clone() {
    wants PGSLOTPLAN_AURORA_CLONE "identifier of the clone's DB cluster"
    wants PGSLOTPLAN_AURORA_VERSION "engine version to upgrade to, of major version $subscriber_major"
    wants PGSLOTPLAN_AURORA_NEW_GROUP "DB cluster parameter group of family aurora-postgresql$subscriber_major"
    needs aws
    if [ "$(aurora_version)" = "$PGSLOTPLAN_AURORA_VERSION" ]; then
        finish 0 'the clone is upgraded already'
    fi
    aws rds modify-db-cluster --db-cluster-identifier "$PGSLOTPLAN_AURORA_CLONE" --engine-version "$PGSLOTPLAN_AURORA_VERSION" \
        --db-cluster-parameter-group-name "$PGSLOTPLAN_AURORA_NEW_GROUP" --allow-major-version-upgrade --apply-immediately >&2
    until [ "$(aurora_version)" = "$PGSLOTPLAN_AURORA_VERSION" ]; do sleep 15; done
    aws rds wait db-cluster-available --db-cluster-identifier "$PGSLOTPLAN_AURORA_CLONE"
    say 'upgraded'
}
