# What the plan made goes away, part by part, on one side or both. An error in one part does not stop the others: what is left is said
# at the end. Sourced by the steps.
. "$here/lib/common.sh"

left=
# Runs files of lib on one side, each in a session of its own: what is behind an error in one of them stays, and the next one begins
clean() { # side file…
    side=$1
    shift
    for part do
        "psql_$side" -f "$here/lib/$side.sql" -f "$here/lib/$part"
        code=$?
        [ "$code" -ne 0 ] || continue
        part=$(printf '%s' "${part%.sql}" | tr _ ' ')
        record left "$side: $part, exit $code"
        left="$left, $part"
        # nothing else gets through either
        [ "$code" -ne 2 ] || { left="$left and what follows"; return; }
    done
}
# The same, and the last files only when nothing is left: they forget what the others need
clean_up() { # side file… -- file…
    wants_servers
    side=$1
    shift
    count=0
    for part do
        [ "$part" != -- ] || break
        clean "$side" "$part"
        count=$((count + 1))
    done
    nothing_left
    shift $((count + 1))
    clean "$side" "$@"
    nothing_left
    # another night is not the end of this one
    [ "$side" = subscriber ] || rm -f "$state/rolled_back" "$state/opened" "$state/drained"
}
# By both: what follows stops, then what it followed goes
reverse_end() {
    wants_servers
    psql_publisher -f "$here/lib/reverse_end_publisher.sql" && psql_subscriber -f "$here/lib/reverse_end_subscriber.sql"
}
nothing_left() {
    [ -z "$left" ] || finish 3 "not at its end, these parts are left: ${left#, }" "The errors are above. Mend what they say, and run it again: it goes on."
}
