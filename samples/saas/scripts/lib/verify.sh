# Comparison of both servers, slot by slot, batch by batch. Sourced by the steps.
#
# live:    the publisher is read, then every slot of the tables passes what was written by then, then the subscriber is
#          read. Rows that differ are read a third time on the publisher: one that did not move in between is different,
#          the others are looked at again until they agree or prove different. A row that only the subscriber has is
#          different when the same version of it outlives a second look: it might have been deleted just before the first.
# at_rest: the same without waiting, after the writes have stopped. Tables without key are compared as a whole.
. "$here/lib/common.sh"

publisher_task() { # task out: standard input to the file; also $2.next, $2.found, $2.status
    psql_publisher -v task="$1" -v slot="$slot" -v mode="$mode" -v out="$2" \
        -v chunk_rows="${VERIFY_CHUNK_ROWS:-20000}" -v batch_seconds="${VERIFY_BATCH_SECONDS:-10}" \
        -v wait_seconds="${VERIFY_WAIT_SECONDS:-600}" -v converts="$converts" -v foreign_code="${VERIFY_FOREIGN_CODE:-no}" -f "$here/lib/compare_publisher.sql" && has_status "$2"
}
subscriber_task() {
    psql_subscriber -v task="$1" -v slot="$slot" -v mode="$mode" -v out="$2" -v converts="$converts" -v foreign_code="${VERIFY_FOREIGN_CODE:-no}" -f "$here/lib/compare_subscriber.sql" && has_status "$2"
}
# Four numbers: what a server says in their place is no result
has_status() {
    read -r tables chunks rows candidates < "$1.status" || return 1
    is_number "$tables" "$chunks" "$rows" "$candidates" || { say "the result of a comparison cannot be read"; return 1; }
}
candidates_in() { # the number of rows that were seen different
    read -r _ _ _ candidates < "$1.status" && [ "$candidates" -gt 0 ]
}
# One batch: compares, and leaves what is different in found.$batch. $own belongs to this run: one that was killed may have
# left a job behind, which ends at the end of its batch without a result.
verify_batch() {
    publisher_task digest "$own/publisher" < "$dir/position.$batch" || return
    subscriber_task digest "$own/differing" < "$own/publisher" || return
    cat "$own/publisher.found" "$own/differing.found" > "$own/found"
    : > "$own/exact"
    if candidates_in "$own/differing"; then
        publisher_task rows "$own/rows" < "$own/differing" || return
        cat "$own/differing" "$own/rows" > "$own/both"
        subscriber_task rows "$own/here" < "$own/both" || return
        rounds=0
        while candidates_in "$own/here"; do
            rounds=$((rounds + 1))
            publisher_task again "$own/there" < "$own/here" || return
            cat "$own/there.found" >> "$own/found"
            cat "$own/there.exact" >> "$own/exact"
            candidates_in "$own/there" || break
            subscriber_task again "$own/here" < "$own/there" || return
            if [ "$rounds" -ge "${VERIFY_ROUNDS:-10}" ] && candidates_in "$own/here"; then
                hold_rows
                candidates_in "$own/here" || break
                echo "undecided,\"rows that changed at every look, slot $slot\",,$candidates of them differ or could not be held" >> "$own/found"
                break
            fi
        done
    fi
    kill -0 "$$" 2>/dev/null || exit 1
    mv "$own/publisher.status" "$dir/status.$batch" && mv "$own/exact" "$dir/exact.$batch" && mv "$own/found" "$dir/found.$batch"
}
# Rows that change at every look are held on the publisher, for some tenths of a second, while the subscriber is read: lib/compare_publisher.sql
hold_rows() {
    export hold="$own"
    tries=0
    while [ "$tries" -lt 20 ] && candidates_in "$own/here"; do
        tries=$((tries + 1))
        rm -f "$own/held" "$own/release"
        publisher_task hold "$own/holding" < "$own/here" &
        holder=$!
        until [ -e "$own/held" ] || ! kill -0 "$holder" 2>/dev/null; do sleep 0.05; done
        [ -e "$own/held" ] || return
        # one that differs although it is held is different
        caught_up=on
        VERIFY_WAIT_SECONDS=5 publisher_task rows "$own/passed" < /dev/null && subscriber_task again "$own/next" < "$own/holding" \
            && VERIFY_WAIT_SECONDS=5 publisher_task again "$own/here" < "$own/next" && cat "$own/here.found" >> "$own/found" && cat "$own/here.exact" >> "$own/exact" || caught_up=off
        : > "$own/release"
        wait "$holder" || return
        # the slot is too far behind: rows of the application are not held again for nothing
        [ "$caught_up" = on ] || return 0
    done
}
verify_slot() {
    slot=$1
    dir=$work/$slot
    own=$dir/run.$$
    mkdir -p "$own" || return
    if [ ! -f "$dir/batch" ]; then
        : > "$dir/position.0"
        echo 0 > "$dir/batch"
    fi
    while [ ! -f "$dir/done" ]; do
        read -r batch < "$dir/batch" && is_number "$batch" || return 1
        verify_batch || return
        if [ -s "$own/publisher.next" ]; then
            mv "$own/publisher.next" "$dir/position.$((batch + 1))"
            echo $((batch + 1)) > "$dir/batch.new" && mv "$dir/batch.new" "$dir/batch"
        else
            : > "$dir/done"
        fi
        if [ "$(cat "$dir"/found.* | wc -l)" -gt "${VERIFY_MOST_DIFFERENCES:-10000}" ]; then
            echo "stopped,\"slot $slot\",,too many differences: the rest of its tables was not compared" >> "$dir/found.$batch"
            : > "$dir/done"
        fi
    done
}
# Every slot, VERIFY_JOBS at a time; a job takes every so-many-th slot. The list is $slots.
verify_slots() {
    jobs=${VERIFY_JOBS:-2}
    number VERIFY_JOBS "$jobs"
    job=0
    pids=
    while [ "$job" -lt "$jobs" ]; do
        (
            number=0
            for name in $slots; do
                if [ $((number % jobs)) -eq "$job" ]; then verify_slot "$name" || exit; fi
                number=$((number + 1))
            done
        ) &
        pids="$pids $!"
        job=$((job + 1))
    done
    # an interrupted step must not leave its jobs behind
    # shellcheck disable=SC2064,SC2086
    trap "kill $pids 2>/dev/null; exit 130" INT TERM HUP
    code=0
    for pid in $pids; do
        wait "$pid" || code=$?
    done
    trap - INT TERM HUP
    return "$code"
}
# The whole verification. $1: live or at_rest
verify() {
    mode=$1
    wants_servers
    work=$state/verify_$mode${repair:+.$repair}
    { look_at_encodings && copy=$(ask_subscriber -f "$here/lib/compared_copy.sql"); } || stop $? "a server refused"
    if [ "$mode" = at_rest ] || [ -f "$work/finished" ] || [ ! -f "$work/plan" ] || [ "$(cat "$work/plan")" != "$plan $copy" ]; then
        rm -rf "$work"
    else
        note "goes on where it was stopped; remove \"$work\" to begin anew"
    fi
    { mkdir -p "$work" && printf '%s\n' "$plan $copy" > "$work/plan"; } || stop 1 "could not write into \"$work\""
    : > "$work/objects"
    # to a repair most of the plan is unknown
    if [ -n "$repair" ]; then
        : > "$work/objects.publisher"
    else
        psql_publisher -v out="$work/objects.publisher" -f "$here/lib/objects_publisher.sql" || stop $? "the publisher refused"
    fi
    psql_subscriber -v out="$work/objects.subscriber" -f "$here/lib/objects_subscriber.sql" || stop $? "the subscriber refused"
    cat "$work/objects.publisher" "$work/objects.subscriber" > "$work/objects"
    verify_sequences
    verify_slots || stop $? "the comparison did not come to its end; run it again to go on"
    : > "$work/finished"
    cat "$work"/*/status.* | awk '{ t += $1; c += $2; r += $3 } END { printf "compared: %d tables, %d chunks, %d rows\n", t, c, r }' > "$work/summary"
    cat "$work/objects" "$work/sequences" "$work"/*/found.* > "$work/differences.csv"
    grep -v '^skipped,' "$work/differences.csv" > "$work/errors.csv"
    grep '^skipped,' "$work/differences.csv" > "$work/skipped.csv"
    cat "$work/summary"
    head -n 20 "$work/skipped.csv" | plain
    count=$(wc -l < "$work/errors.csv")
    # a repair compares only what it made; a login that only reads can note nothing
    [ -n "$repair" ] || psql_subscriber -v differences="$((count))" -f "$here/lib/verified.sql" < "$work/skipped.csv" 2> "$work/noted" \
        || say "note: the subscriber took no note of it, which cutover.sh looks for: $(sed -n 1p "$work/noted" | plain)"
    if [ "$count" -gt 0 ]; then
        head -n 20 "$work/errors.csv" | plain >&2
        finish 4 "$((count)) differences, all of them in $work/errors.csv"
    fi
    finish 0 "$(cat "$work/summary"), no difference, $(($(wc -l < "$work/skipped.csv"))) not compared"
}
# Sequences that the subscriber has behind. Before the cutover's copy of their values that is no error.
verify_sequences() {
    psql_publisher -v out="$work/sequences.publisher" -f "$here/lib/sequences_read_publisher.sql" || stop $? "the publisher refused"
    psql_subscriber -v behind="$work/sequences" -v task=compare -f "$here/lib/sequences_write_subscriber.sql" \
        < "$work/sequences.publisher" || stop $? "the subscriber refused"
    if [ "$mode" = live ] && [ "${VERIFY_SEQUENCES:-no}" = no ]; then
        sed 's/^sequence,/skipped,/' "$work/sequences" > "$work/sequences.later" && mv "$work/sequences.later" "$work/sequences"
    fi
}
