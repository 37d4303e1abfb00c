# Bootstrap aurora: the clone is one of the cluster's storage, and the upgrade is the provider's. Sourced by its steps. Written
# after the documentation; nothing here could be tried on Aurora. What the provider refuses ends a step with its reasons.
. "$here/lib/common.sh"
set -e

of_cluster() { aws rds describe-db-clusters --db-cluster-identifier "$1" --query "DBClusters[0].$2" --output text; }
of_instance() { aws rds describe-db-instances --db-instance-identifier "$1" --query "DBInstances[0].$2" --output text; }
is_told() { case $1 in '' | None) return 1 ;; esac }
begin_waiting() {
    poll=${PGSLOTPLAN_AURORA_POLL:-15} limit=${PGSLOTPLAN_AURORA_WAIT:-7200}
    number PGSLOTPLAN_AURORA_POLL "$poll"
    number PGSLOTPLAN_AURORA_WAIT "$limit"
    begun=$(date +%s)
}
waited() { echo $(($(date +%s) - begun)); }

# What happened to the clone, and what its logs say of an upgrade
tell_events() {
    for source in "db-cluster $clone" "db-instance $clone-1"; do
        aws rds describe-events --source-type "${source% *}" --source-identifier "${source#* }" --duration 1440 \
            --query 'Events[-12:].[Date,Message]' --output text 2>&1 | plain >&2
    done
}
tell_upgrade() {
    tell_events
    files=$(aws rds describe-db-log-files --db-instance-identifier "$clone-1" --filename-contains pg_upgrade \
        --query 'DescribeDBLogFiles[].LogFileName' --output text) || files=
    for file in $files; do
        is_told "$file" || continue
        say "--- the end of $file"
        aws rds download-db-log-file-portion --db-instance-identifier "$clone-1" --log-file-name "$file" --output text 2>&1 | tail -n 40 | plain >&2
    done
}
# A state from which nothing becomes available by itself ends the step
check_status() { # status
    case $1 in
    failed | *-failed | *-error | incompatible-* | inaccessible-* | storage-full | deleting | stopped)
        tell_events
        die "the clone is $1" 'The events above say why. Delete the clone where it cannot be mended, and run this step again.'
        ;;
    esac
    [ "$(waited)" -lt "$limit" ] || {
        tell_events
        die "the clone is still $1 after $limit s" 'Run the step again to go on waiting; PGSLOTPLAN_AURORA_WAIT is the limit.'
    }
}
await() { # of_cluster Status, or of_instance DBInstanceStatus; identifier
    while :; do
        status=$("$1" "$3" "$2")
        [ "$status" != available ] || return 0
        check_status "$status"
        sleep "$poll"
    done
}
# Parameters that wait for a restart, of the cluster and of the instance
pending() {
    of_cluster "$clone" "DBClusterMembers[?DBClusterParameterGroupStatus!='in-sync'].DBInstanceIdentifier" &&
        of_instance "$clone-1" "DBParameterGroups[?ParameterApplyStatus!='in-sync'].DBParameterGroupName"
}
apply_parameters() {
    await of_cluster Status "$clone"
    await of_instance DBInstanceStatus "$clone-1"
    reboots=0
    while :; do
        waiting=$(pending)
        [ -n "$(printf '%s' "$waiting" | sed 's/None//g' | tr -d ' \n\t')" ] || return 0
        reboots=$((reboots + 1))
        [ "$reboots" -le 2 ] || die "parameters still wait for a restart after two: $(printf '%s' "$waiting" | plain)" 'The status of both parameter groups, in the console, says which.'
        say 'parameters wait for a restart: the instance is rebooted'
        aws rds reboot-db-instance --db-instance-identifier "$clone-1" >&2
        sleep "$poll"
        await of_instance DBInstanceStatus "$clone-1"
        check_status 'waiting for parameters'
    done
}

# Subscriptions of the publisher would begin to work on the clone, and take their slots over
check_workers() {
    alive=$(ask_publisher -c 'SELECT count(*) FROM pg_catalog.pg_subscription WHERE subenabled')
    [ "$alive" != 0 ] || return 0
    workers=$(aws rds describe-db-cluster-parameters --db-cluster-parameter-group-name "$PGSLOTPLAN_AURORA_GROUP" \
        --query "Parameters[?ParameterName=='max_logical_replication_workers'].ParameterValue | [0]" --output text)
    [ "$workers" = 0 ] || die "the publisher has $alive subscriptions, and the clone would run them before they can be disabled" \
        "Set max_logical_replication_workers to 0 in parameter group $PGSLOTPLAN_AURORA_GROUP; $step_upgrade gives the clone another group."
}
make_aurora_clone() {
    wants PGSLOTPLAN_PUBLISHER "connection string of the publisher's database"
    wants PGSLOTPLAN_AURORA_SOURCE "identifier of the publisher's DB cluster"
    wants PGSLOTPLAN_AURORA_CLONE "identifier that the clone's DB cluster gets; its instance gets it with -1"
    wants PGSLOTPLAN_AURORA_CLASS 'instance class of the clone, such as db.r7g.4xlarge'
    wants PGSLOTPLAN_AURORA_GROUP "DB cluster parameter group of the clone, of the publisher's version"
    wants PGSLOTPLAN_AURORA_SUBNETS 'DB subnet group of the clone'
    wants PGSLOTPLAN_AURORA_SECURITY 'security groups of the clone, separated by blanks'
    needs psql aws
    begin_waiting
    source=$PGSLOTPLAN_AURORA_SOURCE clone=$PGSLOTPLAN_AURORA_CLONE
    [ "$(ask_publisher -c "SELECT to_regproc('aurora_volume_logical_start_lsn') IS NOT NULL")" = t ] ||
        die 'the publisher has no function aurora_volume_logical_start_lsn()' \
            'Update it to a minor version that has it: 12.10, 13.6, 14.3, 15.2 or later.'
    slots_at=$(ask_publisher -f "$here/lib/clone_position.sql")
    say "the slots stand at $slots_at"
    check_workers
    if ! aws rds describe-db-clusters --db-cluster-identifier "$clone" > /dev/null 2>&1; then
        set -- # what the clone does not take from its source by itself
        if [ "$PGSLOTPLAN_AURORA_CLASS" = db.serverless ]; then
            least=$(of_cluster "$source" ServerlessV2ScalingConfiguration.MinCapacity)
            most=$(of_cluster "$source" ServerlessV2ScalingConfiguration.MaxCapacity)
            is_told "$most" || die "cluster $source has no capacity for Serverless v2" 'Give PGSLOTPLAN_AURORA_CLASS an instance class.'
            set -- "$@" --serverless-v2-scaling-configuration "MinCapacity=$least,MaxCapacity=$most"
        fi
        if [ "$(of_cluster "$source" IAMDatabaseAuthenticationEnabled)" = True ]; then set -- "$@" --enable-iam-database-authentication; fi
        if [ -n "${PGSLOTPLAN_AURORA_KMS-}" ]; then set -- "$@" --kms-key-id "$PGSLOTPLAN_AURORA_KMS"; fi
        # shellcheck disable=SC2086
        aws rds restore-db-cluster-to-point-in-time --restore-type copy-on-write --use-latest-restorable-time \
            --source-db-cluster-identifier "$source" --db-cluster-identifier "$clone" \
            --db-cluster-parameter-group-name "$PGSLOTPLAN_AURORA_GROUP" --db-subnet-group-name "$PGSLOTPLAN_AURORA_SUBNETS" \
            --vpc-security-group-ids $PGSLOTPLAN_AURORA_SECURITY "$@" >&2
    fi
    await of_cluster Status "$clone"
    copy_roles
    if ! aws rds describe-db-instances --db-instance-identifier "$clone-1" > /dev/null 2>&1; then
        set --
        if [ -n "${PGSLOTPLAN_AURORA_INSTANCE_GROUP-}" ]; then set -- --db-parameter-group-name "$PGSLOTPLAN_AURORA_INSTANCE_GROUP"; fi
        aws rds create-db-instance --engine aurora-postgresql --db-cluster-identifier "$clone" \
            --db-instance-identifier "$clone-1" --db-instance-class "$PGSLOTPLAN_AURORA_CLASS" "$@" >&2
    fi
    apply_parameters
    say "the clone is there: $step_adopt takes clone_instance=$clone-1"
}
# IAM roles, as for S3 and Lambda, do not come along
copy_roles() {
    roles=$(of_cluster "$source" 'AssociatedRoles[].[RoleArn,FeatureName]')
    there=$(of_cluster "$clone" 'AssociatedRoles[].[RoleArn,FeatureName]')
    printf '%s\n' "$roles" |
        while read -r role feature; do
            is_told "$role" || continue
            if printf '%s\n' "$there" | awk -v role="$role" -v feature="$feature" '$1 == role && $2 == feature { found = 1 } END { exit !found }'; then continue; fi
            set --
            if is_told "$feature"; then set -- --feature-name "$feature"; fi
            aws rds add-role-to-db-cluster --db-cluster-identifier "$clone" --role-arn "$role" "$@" >&2
            say "the clone has role $role, too"
        done
}
upgrade_aurora_clone() {
    wants PGSLOTPLAN_AURORA_CLONE "identifier of the clone's DB cluster"
    wants PGSLOTPLAN_AURORA_VERSION "engine version to upgrade to, of major version $subscriber_major"
    wants PGSLOTPLAN_AURORA_NEW_GROUP "DB cluster parameter group of family aurora-postgresql$subscriber_major"
    needs aws
    begin_waiting
    clone=$PGSLOTPLAN_AURORA_CLONE has_left=
    version=$(of_cluster "$clone" EngineVersion)
    if [ "$version" != "$PGSLOTPLAN_AURORA_VERSION" ] && [ "$(of_cluster "$clone" Status)" = available ]; then
        set --
        if [ -n "${PGSLOTPLAN_AURORA_NEW_INSTANCE_GROUP-}" ]; then
            set -- --db-instance-parameter-group-name "$PGSLOTPLAN_AURORA_NEW_INSTANCE_GROUP"
        fi
        aws rds modify-db-cluster --db-cluster-identifier "$clone" --engine-version "$PGSLOTPLAN_AURORA_VERSION" \
            --db-cluster-parameter-group-name "$PGSLOTPLAN_AURORA_NEW_GROUP" --allow-major-version-upgrade --apply-immediately "$@" >&2
    fi
    while [ "$version" != "$PGSLOTPLAN_AURORA_VERSION" ]; do
        status=$(of_cluster "$clone" Status)
        if [ "$status" != available ]; then
            has_left=1
            check_status "$status"
        elif [ -n "$has_left" ] || [ "$(waited)" -ge $((40 * poll)) ]; then
            version=$(of_cluster "$clone" EngineVersion)
            [ "$version" != "$PGSLOTPLAN_AURORA_VERSION" ] || break
            tell_upgrade
            die "the upgrade was refused: the clone is available, and its version is $version" \
                'Mend on the clone what the log says, and run this step again. The slots keep WAL meanwhile.'
        fi
        sleep "$poll"
        version=$(of_cluster "$clone" EngineVersion)
    done
    apply_parameters
    say "the clone has version $version"
}
restart_aurora_clone() {
    wants PGSLOTPLAN_AURORA_CLONE "identifier of the clone's DB cluster"
    wants PGSLOTPLAN_AURORA_NEW_GROUP 'DB cluster parameter group of the clone as a subscriber'
    needs aws
    begin_waiting
    clone=$PGSLOTPLAN_AURORA_CLONE
    await of_cluster Status "$clone"
    if [ "$(of_cluster "$clone" DBClusterParameterGroup)" != "$PGSLOTPLAN_AURORA_NEW_GROUP" ]; then
        aws rds modify-db-cluster --db-cluster-identifier "$clone" --db-cluster-parameter-group-name "$PGSLOTPLAN_AURORA_NEW_GROUP" \
            --apply-immediately >&2
        sleep "$poll"
    fi
    apply_parameters
}
