# Whether it is time for what follows the drain, and the sequences. Sourced by its step and by cutover.sh.
command -v whole > /dev/null || . "$here/lib/common.sh"

wants_servers
# Has the application been let onto the new server? What that server says counts, else what was noted here: RESUME comes
# after the note. Sessions that a killed script left behind are ended first.
opened() {
    if psql_subscriber -v out="$state/opened.subscriber" -f "$here/lib/opened_subscriber.sql" 2>/dev/null; then
        [ "$(cat "$state/opened.subscriber")" = t ]
    else
        rm -f "$state/opened.subscriber"
        [ -f "$state/opened" ]
    fi
}
# Has the clean-up been here? What the plan knew of that server is forgotten then, that it was opened too
is_forgotten() { [ -f "$state/opened.subscriber" ] && [ "$(cat "$state/opened.subscriber")" = none ]; }
# Refuses to go on by hand unless both servers note the same drain, of the write stop that holds now. A server that is open already has
# passed this.
require_drained() {
    if opened; then return 0; fi
    one=$(ask_publisher -f "$here/lib/drained_publisher.sql") && other=$(ask_subscriber -f "$here/lib/drained_subscriber.sql") || return
    # a new server that was opened again has forgotten the drain, too: that it is open is what must be said
    if [ -n "$one" ] && [ -z "$other" ]; then
        psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/require_closed.sql" || return
    fi
    if [ -z "$one" ] || [ "$one" != "$other" ]; then
        say "no drain after the write stop is noted on both servers: what was written before it may be missing on the new one"
        say "hint: $step_drain while the subscriptions run; once they are stopped, abort.sh goes back, and cutover.sh does all of it."
        return 4
    fi
}
# by hand: the parts after the drain
after_drain() { require_drained && "$@"; }
# The old server follows the new one: not before it is closed, nor without slots to follow
start_reverse() {
    psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/reverse_slots_there.sql" && psql_publisher -f "$here/lib/publisher.sql" -f "$here/lib/mirrors_enable.sql"
}
# Sequences of one side to the other; exact, since nobody writes
sequences() { # from to
    "psql_$1" -v out="$state/sequences.$1" -f "$here/lib/sequences_read_$1.sql" && write_sequences "$1" "$2"
}
write_sequences() { # from to
    "psql_$2" -v task=write -v behind="$state/sequences.behind" -f "$here/lib/sequences_write_$2.sql" < "$state/sequences.$1" || return
    if grep 'it is missing' "$state/sequences.behind" > "$state/sequences.missing"; then
        plain < "$state/sequences.missing" >&2
        return 4
    fi
    return 0
}
