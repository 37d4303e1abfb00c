# A part of the plan is made again while the rest goes on. Sourced by the steps; how far a repair is stands on the subscriber.
. "$here/lib/common.sh"

# The steps after the one that runs have to be done anew
forget_later() {
    passed=
    for candidate in $steps; do
        if [ -n "$passed" ]; then rm -f "$state/done/$kind.$candidate"; fi
        if [ "$candidate" = "$step" ]; then passed=1; fi
    done
}
check_repair() {
    wants_servers
    ask_subscriber -f "$here/lib/repair_check_subscriber.sql" || return
    ask_publisher -f "$here/lib/repair_check_publisher.sql" || return
    forget_later
}
stop_repair() {
    wants_servers
    make_temporary
    psql_subscriber -v out="$temporary/left" -f "$here/lib/repair_stop_subscriber.sql" || return
    forget_later
    psql_publisher -f "$here/lib/repair_stop_publisher.sql" < "$temporary/left" || return
    psql_subscriber -f "$here/lib/repair_out_subscriber.sql"
}
start_repair() {
    wants_servers
    psql_subscriber -f "$here/lib/repair_emptied_subscriber.sql" || return
    psql_publisher -f "$here/lib/repair_start_publisher.sql" || return
    psql_subscriber -f "$here/lib/repair_start_subscriber.sql"
}
# A row can arrive before the one that it refers to, which another slot brings: such an orphan is looked at again, for a while
end_repair() {
    wants_servers
    make_temporary
    tries=0
    while :; do
        psql_subscriber -v VERBOSITY=verbose -f "$here/lib/repair_keys_subscriber.sql" 2> "$temporary/errors"
        code=$?
        tries=$((tries + 1))
        if [ "$code" -ne 3 ] || [ "$tries" -ge 20 ] || ! grep -q ' 23503: ' "$temporary/errors"; then break; fi
        sleep 1
    done
    grep -v '^LOCATION: ' "$temporary/errors" | plain >&2
    return "$code"
}
