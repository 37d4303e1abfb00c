# Rows that the comparison named are copied again: held on the publisher for a moment, written on the subscriber when everything before
# has arrived there, and compared again. Sourced by the step.
. "$here/lib/verify.sh"

mend_publisher() { # task out: standard input to the file
    psql_publisher -v task="$1" -v slot="$slot" -v out="$2" -v converts="$converts" -f "$here/lib/mend_publisher.sql" && has_status "$2"
}
# The rows of a slot that differ now: $own/differing, with how many in $candidates
look_again() {
    mend_publisher named "$own/named" < "$work/named.csv" && cat "$own/named.found" >> "$own/unmended" \
        && VERIFY_WAIT_SECONDS=60 publisher_task rows "$own/passed" < /dev/null && subscriber_task again "$own/differing" < "$own/named"
}
mend_slot() {
    slot=$1 mode=live own=$work/$slot.run
    rm -rf "$own" && mkdir -p "$own" || return
    : > "$own/unmended"
    export hold="$own"
    rounds=0
    while :; do
        look_again || return
        [ "$candidates" -gt 0 ] || return 0
        rounds=$((rounds + 1))
        if [ "$rounds" -gt "${VERIFY_ROUNDS:-10}" ]; then
            echo "undecided,\"rows of slot $slot\",,$candidates of them differ still" >> "$own/unmended"
            return 0
        fi
        rm -f "$own/held" "$own/release"
        mend_publisher hold_values "$own/holding" < "$own/differing" &
        holder=$!
        until [ -e "$own/held" ] || ! kill -0 "$holder" 2> /dev/null; do sleep 0.05; done
        code=0
        # held for a few seconds at most: a slot that is further behind is waited for without holding anything
        if [ -e "$own/held" ] && VERIFY_WAIT_SECONDS=5 publisher_task rows "$own/passed" < /dev/null; then
            psql_subscriber -v slot="$slot" -v converts="$converts" -f "$here/lib/mend_subscriber.sql" < "$own/holding" || code=$?
        fi
        : > "$own/release"
        wait "$holder" || code=$?
        [ "$code" -eq 0 ] || return "$code"
    done
}
mend_rows() {
    wants_servers
    work=$state/verify_live
    { [ -f "$work/finished" ] && read -r compared _ < "$work/plan" && [ "$compared" = "$plan" ]; } \
        || finish 3 "no comparison of this plan has come to its end in \"$work\"" "PGSLOTPLAN_STATE names the state folder of the whole migration: run the step verify of it first."
    look_at_encodings || return
    cat "$work"/*/exact.* > "$work/named.csv" 2> /dev/null || : > "$work/named.csv"
    named=$(grep -c -E '^different,.*,(only on the subscriber|missing on the subscriber|changed)$' "$work/errors.csv")
    others=$(($(wc -l < "$work/errors.csv") - named))
    for name in $slots; do mend_slot "$name" || return; done
    cat "$work"/*.run/unmended > "$work/unmended.csv"
    rm -rf "$work"/*.run
    count=$(wc -l < "$work/unmended.csv")
    if [ "$((count + others))" -gt 0 ]; then
        head -n 20 "$work/unmended.csv" | plain >&2
        finish 4 "$((count + others)) differences are not rows with a key that could be copied again: see $work/errors.csv" "Copy these tables again: pgslotplan emit PLAN --repair table=SCHEMA.NAME"
    fi
    finish 0 "the rows that were named, $named, are the same on both sides"
}
