# What was written before the write stop is on the new server, or nothing goes on. Sourced by its step and by cutover.sh.
. "$here/lib/common.sh"

# Every slot passes an LSN that is read after the write stop; both servers note it
drain() {
    wants_servers
    number DRAIN_SECONDS "${DRAIN_SECONDS:-60}"
    rm -f "$state/drained_to"
    psql_publisher -v wait_seconds="${DRAIN_SECONDS:-60}" -v out="$state/drained_to" -f "$here/lib/drain_publisher.sql" >&2 || return
    psql_subscriber -f "$here/lib/drain_subscriber.sql" < "$state/drained_to" >&2
}
# Refuses to go on by hand unless both servers note the same drain, of the write stop that holds now. A server that is open already has
# passed this.
require_drained() {
    if opened; then return 0; fi
    one=$(ask_publisher -f "$here/lib/drained_publisher.sql") && other=$(ask_subscriber -f "$here/lib/drained_subscriber.sql") || return
    if [ -z "$one" ] || [ "$one" != "$other" ]; then
        say "no drain after the write stop is noted on both servers: what was written before it may be missing on the new one"
        say "hint: $step_drain while the subscriptions run; once they are stopped, abort.sh goes back, and cutover.sh does all of it."
        return 4
    fi
}
