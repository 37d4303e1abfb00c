# Do both servers have the same tables? One query on each side, a line for each fact, and what only one of them says. Sourced.
. "$here/lib/common.sh"
set -e

compare_drift() { # tables or everything
    wants_servers
    needs psql comm sort
    make_temporary
    everything=off
    [ "$1" = everything ] && everything=on
    ask_publisher -v everything="$everything" -f "$here/lib/publisher.sql" -f "$here/lib/drift_facts.sql" > "$temporary/there"
    ask_subscriber -v everything="$everything" -f "$here/lib/subscriber.sql" -f "$here/lib/drift_facts.sql" > "$temporary/here"
    sort "$temporary/there" > "$temporary/publisher"
    sort "$temporary/here" > "$temporary/subscriber"
    [ -s "$temporary/publisher" ] || die 'the publisher has none of the planned tables'
    comm -23 "$temporary/publisher" "$temporary/subscriber" | sed 's/^/publisher:  /' > "$temporary/differences"
    comm -13 "$temporary/publisher" "$temporary/subscriber" | sed 's/^/subscriber: /' >> "$temporary/differences"
    if [ -s "$temporary/differences" ]; then
        sort -k2 "$temporary/differences" | plain
        [ "${PGSLOTPLAN_ACCEPT_DRIFT-}" = 1 ] ||
            die 'the schemas differ' 'Each line stands on one server only. Mend the subscriber, or accept them with PGSLOTPLAN_ACCEPT_DRIFT=1.'
    fi
}
