# What was written before the write stop is on the new server, or nothing goes on. Sourced by its step.
. "$here/lib/common.sh"

# Every slot passes an LSN that is read after the write stop; both servers note it
drain() {
    wants_servers
    number DRAIN_SECONDS "${DRAIN_SECONDS:-60}"
    rm -f "$state/drained_to"
    psql_publisher -v wait_seconds="${DRAIN_SECONDS:-60}" -v out="$state/drained_to" -f "$here/lib/drain_publisher.sql" >&2 || return
    psql_subscriber -f "$here/lib/drain_subscriber.sql" < "$state/drained_to" >&2
}
