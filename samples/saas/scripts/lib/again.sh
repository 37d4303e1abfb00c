# Both servers as before the first step, with empty tables on the new one. Sourced by the step.
. "$here/lib/cleanup.sh"

# Nothing is emptied that only the new server has: it was never opened, or a rollback brought everything to the old one
may_empty() { # open, marked, empty or unknown
    case $1 in
    marked | empty) return 0 ;;
    open) [ -f "$state/rolled_back" ] ;;
    *) [ -f "$state/rolled_back" ] || { [ -f "$state/done/$kind.publications" ] && [ ! -f "$state/opened" ]; } ;;
    esac
}
again() {
    wants_servers
    make_temporary
    psql_publisher -f "$here/lib/publisher.sql" || return
    psql_subscriber -v out="$temporary/known" -f "$here/lib/again_subscriber.sql" || return
    read -r known < "$temporary/known" || return
    may_empty "$known" || finish 4 "the new server may hold writes that the old one lacks: nothing was touched" \
        "If it was opened, go back with rollback.sh first. If it was not, run this with the state folder of that attempt."
    clean publisher mirrors_drop.sql foreign_keys_validate_publisher.sql
    clean subscriber subscriptions_drop.sql reverse_slots_drop.sql mirror_publications_drop.sql
    # while one is left, something could still write into the tables
    nothing_left
    clean subscriber thaw.sql again_empty.sql truncate_allow.sql identities_back.sql open_writes.sql release_held.sql
    clean publisher planned_slots_drop.sql planned_publications_drop.sql truncate_allow.sql identities_back.sql thaw.sql release_held.sql still_read_only.sql
    nothing_left
    clean subscriber forget_opened.sql forget_drained.sql forget_repair.sql forget_bootstrap.sql forget_mark.sql drop_empty_state.sql
    clean publisher forget_drained.sql drop_empty_state.sql
    nothing_left
    put_aside
    finish 0 "both servers are as before the first step, the planned tables of the new one are empty"
}
# What this attempt has noted moves into a folder of its own; the evidence stays where it is, and goes on
put_aside() {
    number=1
    while [ -e "$state/attempt.$number" ]; do number=$((number + 1)); done
    mkdir "$state/attempt.$number" || stop 1 "could not write into \"$state\""
    for noted in 'done' verify_live verify_at_rest rolled_back opened drained paused refused.schema.txt; do
        [ ! -e "$state/$noted" ] || mv "$state/$noted" "$state/attempt.$number/" || stop 1 "could not write into \"$state\""
    done
    mkdir -p "$state/done"
    note "what this attempt noted is in $state/attempt.$number"
}
