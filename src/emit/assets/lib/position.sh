# Compares where a clone ends with the position of every slot. Sourced by its step.
. "$here/lib/common.sh"
set -e

place_slots() {
    wants_servers
    needs psql
    psql_publisher -f "$here/lib/publisher.sql"
    position=$(ask_subscriber -f "$here/lib/clone_subscriber_position.sql")
    [ "$position" != started ] || finish 0 'the subscriptions have started already'
    [ -n "$position" ] || die 'the clone has no position'
    psql_publisher -v position="$position" -f "$here/lib/clone_behind.sql"
    psql_subscriber -f "$here/lib/clone_placed.sql"
    say "every slot is at or before $position"
}
