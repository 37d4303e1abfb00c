# VACUUM (ANALYZE) of the planned tables on the subscriber, several at once. Sourced by its step.
. "$here/lib/common.sh"

vacuum_tables() {
    wants_servers
    jobs=${VACUUM_JOBS:-2}
    number VACUUM_JOBS "$jobs"
    psql_subscriber -f "$here/lib/materialized_views.sql" || finish $? 'the materialized views could not be refreshed; run it again'
    job=0
    pids=
    while [ "$job" -lt "$jobs" ]; do
        psql_subscriber -v jobs="$jobs" -v job="$job" -f "$here/lib/vacuum_subscriber.sql" &
        pids="$pids $!"
        job=$((job + 1))
    done
    # shellcheck disable=SC2064
    trap "kill $pids 2> /dev/null; exit 130" INT TERM HUP
    code=0
    for pid in $pids; do wait "$pid" || code=$?; done
    [ "$code" -eq 0 ] || finish "$code" "a table could not be vacuumed; run it again"
}
