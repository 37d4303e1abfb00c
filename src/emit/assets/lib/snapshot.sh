# Bootstrap snapshot: one exported snapshot for all slots, the rows by many COPYs side by side, large tables in pieces. Sourced.
#
# A session on the publisher holds the snapshot and needs nobody here; the queue of pieces is a table on the subscriber. So whoever
# runs this step, on this machine or another one, takes pieces until there are none, and one that was stopped goes on. A piece is two
# psql with a pipe between them. A pipe that ends early looks like one that ends: the sender's exit code and its number of rows stand in
# a file before the pipe ends, and the receiver commits only when they are 0 and what came.
. "$here/lib/exported.sh"

# One run at a time makes the snapshot, or gives one up: a lock that ends with this script, however it ends
lock_making() {
    mkfifo "$temporary/lock"
    (
        trap - EXIT
        ask_subscriber -v prefix="$prefix" -f "$here/lib/snapshot_lock.sql" -f -
    ) < "$temporary/lock" > "$temporary/locked" 2> "$temporary/lock.errors" &
    exec 8> "$temporary/lock"
    while [ ! -s "$temporary/locked" ] && kill -0 "$!" 2> /dev/null; do sleep 0.1; done
    case $(cat "$temporary/locked") in
    locked) ;;
    busy) die 'another run of this step is making the snapshot' 'Run this one again when that says how many pieces there are.' ;;
    *) die 'the lock on the subscriber cannot be had' "$(plain < "$temporary/lock.errors")" ;;
    esac
}
look_at_load() {
    ask_subscriber -f "$here/lib/snapshot_look.sql" > "$temporary/look"
    loaded=$(sed -n 1p "$temporary/look")
    snapshot=$(sed -n '2s/ .*//p' "$temporary/look")
    position=$(sed -n '2s/.* //p' "$temporary/look")
}
# The first slot's snapshot, in the hands of a session that outlives this script; then the other slots, and the queue
make_snapshot() {
    export_snapshot
    (
        become_loading env file_out="$temporary/held" psql -X -q -A -t -v ON_ERROR_STOP=1 -v snapshot="$snapshot" -v first_slot="$first_slot" -d "$publisher" -f "$here/lib/snapshot_hold.sql"
    ) < /dev/null > "$temporary/holding" 2>&1 8>&- 9>&- &
    keeper=$!
    while [ ! -s "$temporary/held" ]; do
        kill -0 "$keeper" 2> /dev/null || die 'no session could take the snapshot over' "$(plain < "$temporary/holding")"
        sleep 0.2
    done
    held=$(cat "$temporary/held")
    case $held in '' | *[!0-9A-F-]*) die 'the snapshot has no name' ;; esac
    psql_publisher -v position="$position" -f "$here/lib/exported_slots.sql"
    psql_publisher -v snapshot="$held" -v piece_mb="$piece_mb" -f "$here/lib/snapshot_tables.sql" > "$temporary/tables"
    psql_subscriber -v held="$held" -v position="$position" -f "$here/lib/snapshot_queue.sql" < "$temporary/tables"
    end_snapshot
}
is_alive() { psql_publisher -v snapshot="$1" -v slots="$slots" -f "$here/lib/snapshot_alive.sql" > "$temporary/alive" 2>&1; }
# Sets pieces_done, pieces, waiting, failed, mb_done and mb
read_progress() {
    ask_subscriber -f "$here/lib/snapshot_progress.sql" > "$temporary/progress" || return
    read -r pieces_done pieces waiting failed mb_done mb < "$temporary/progress" || return
    is_number "$pieces_done" "$pieces" "$waiting" "$failed" "$mb_done" "$mb" || die 'the subscriber does not tell how far the copy is'
}
progress() { printf '%s' "$pieces_done of $pieces pieces, $mb_done of $mb MB of the publisher's files"; }

# One piece. The left side of the pipe takes it for the transaction that the right side has begun
copy_piece() {
    rm -f "$own"/*
    feed | if has_loader; then receive "$loader_password" "$loader"; else receive "$subscriber_password" "$subscriber"; fi 2> "$own/receive.errors"
}
receive() { # password connection
    with_password "$1" env PGOPTIONS="${PGOPTIONS:-}$replica" PGAPPNAME="$load_name" psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$2" \
        -f "$here/lib/snapshot_receive.sql" -f - -f "$here/lib/snapshot_received.sql"
}
feed() {
    trap - EXIT
    looks=0
    until [ -s "$own/txid" ] || [ "$looks" -ge 1500 ]; do looks=$((looks + 1)); sleep 0.02; done
    if ! { read -r txid < "$own/txid" && is_number "$txid" && ask_subscriber -v txid="$txid" -f "$here/lib/snapshot_take.sql" > "$own/taken"; } 2> "$own/take.errors"; then
        : > "$own/none"
        return
    fi
    if [ ! -s "$own/taken" ]; then
        : > "$own/over"
        : > "$own/none"
        return
    fi
    cut -d ' ' -f 4- "$own/taken" > "$own/piece.new"
    mv "$own/piece.new" "$own/piece"
    printf ':statement;\n'
    read -r _ _ format _ < "$own/taken"
    # what follows is rows for the COPY and nothing else. In text a line ends them, after which psql would take the rest for commands: no
    # server sends that line in the middle of rows that are what they seem
    if [ "$format" = binary ]; then send; else send | grep -a -v -x "$ends"; fi
}
ends=$(printf '\\\\\\.\r\\{0,1\\}')
send() {
    (
        export here publisher # for the look at code, see there
        become_loading psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$publisher" -f "$here/lib/snapshot_send.sql"
    ) 3>&1 > "$own/sent" 2> "$own/send.errors" < /dev/null &
    echo "$!" > "$own/sender"
    code=0
    wait "$!" 2> /dev/null || code=$?
    # noted before the piece can be committed
    if [ "$code" -eq 0 ] && [ -e "$own/emptied" ]; then
        ask_subscriber -v txid="$txid" -f "$here/lib/snapshot_emptied.sql" > "$own/noted" 2>> "$own/send.errors" || code=1
        say "table $(plain < "$own/noted"): the snapshot sees no row any more. If it was truncated, its slot brings that; if it was rewritten, the step that makes indexes refuses"
    fi
    echo "$code $(cat "$own/sent")" > "$own/verdict.new"
    mv "$own/verdict.new" "$own/verdict"
}
# Copies pieces until there are none, or the script that began it is gone
work() { # number
    trap - EXIT
    own=$temporary/worker.$1
    export own
    mkdir "$own"
    troubles=0
    while [ ! -e "$temporary/stop" ] && kill -0 "$main" 2> /dev/null; do
        began=$(date +%s)
        if copy_piece && [ ! -e "$own/none" ]; then
            troubles=0
            keep_rate
            continue
        fi
        if [ -e "$own/over" ] || [ -e "$temporary/stop" ]; then return 0; fi
        troubles=$((troubles + 1))
        say "a piece is copied again: $(why | sed -n 1,2p | plain)"
        [ "$troubles" -lt 8 ] || return 1
        sleep "$troubles"
    done
}
# What the first of a piece's programs that failed has said
why() {
    for part in take send receive; do
        if [ -s "$own/$part.errors" ]; then cat "$own/$part.errors"; return; fi
    done
}
# PGSLOTPLAN_RATE, in MB/s for all jobs of this step, on the average over pieces
keep_rate() {
    [ -n "${PGSLOTPLAN_RATE-}" ] || return 0
    read -r _ bytes _ < "$own/taken"
    is_number "$bytes" || return 0
    until [ "$(($(date +%s) - began))" -ge "$((bytes * jobs / (PGSLOTPLAN_RATE * 1000000)))" ] || [ -e "$temporary/stop" ]; do sleep 0.5; done
}
# Ends what this script began, and nothing of other ones: a piece in the middle is rolled back
stop_workers() {
    : > "$temporary/stop"
    for file in "$temporary"/worker.*/sender; do
        [ ! -s "$file" ] || kill "$(cat "$file")" 2> /dev/null || :
    done
    for pid in $pids; do wait "$pid" || :; done
    pids=
}
leave_workers() {
    code=$?
    trap - EXIT
    stop_workers
    leave "$code"
}
# What a snapshot that is gone costs
say_gone() {
    plain < "$temporary/alive" >&2
    read_progress || return
    die "the snapshot is gone: $(progress) were copied from it, and must come again" \
        "It ends with the session that holds it, so with a restart of the publisher. PGSLOTPLAN_START_OVER=$position drops the slots, empties the tables and begins anew."
}
copy_pieces() {
    main=$$
    export main
    rm -f "$temporary/stop"
    rm -rf "$temporary"/worker.*
    pids=
    job=0
    while [ "$job" -lt "$jobs" ]; do
        work "$job" &
        pids="$pids $!"
        job=$((job + 1))
    done
    looks=0
    while :; do
        working=
        for pid in $pids; do kill -0 "$pid" 2> /dev/null && working=yes; done
        [ -n "$working" ] || break
        sleep 0.5
        looks=$((looks + 1))
        # whoever waits for a snapshot that is gone waits for nothing; no answer is no proof
        if [ "$((looks % 10))" -eq 0 ]; then
            code=0
            is_alive "$snapshot" || code=$?
            # unless somebody else has copied the last piece meanwhile, and ended it
            if [ "$code" -eq 3 ]; then
                stop_workers
                read_progress || return
                [ "$pieces_done" -eq "$pieces" ] || say_gone
            fi
        fi
        if [ "$((looks % 60))" -eq 0 ] && read_progress; then say "$(progress)"; fi
    done
    for pid in $pids; do wait "$pid" || :; done
    pids=
}
load_snapshot() {
    wants_servers
    needs psql mkfifo awk cut
    jobs=${PGSLOTPLAN_JOBS:-4}
    number PGSLOTPLAN_JOBS "$jobs"
    piece_mb=${PGSLOTPLAN_PIECE_MB:-1024}
    number PGSLOTPLAN_PIECE_MB "$piece_mb"
    if [ "$jobs" -eq 0 ] || [ "$piece_mb" -eq 0 ]; then die 'PGSLOTPLAN_JOBS and PGSLOTPLAN_PIECE_MB must be at least 1'; fi
    if [ -n "${PGSLOTPLAN_RATE-}" ]; then
        number PGSLOTPLAN_RATE "$PGSLOTPLAN_RATE"
        [ "$PGSLOTPLAN_RATE" -gt 0 ] || die 'PGSLOTPLAN_RATE must be at least 1'
    fi
    make_temporary
    check_load
    holder=
    pids=
    look_at_load
    if [ "$loaded" != loaded ] && { [ -z "$snapshot" ] || [ -n "${PGSLOTPLAN_START_OVER-}" ]; }; then
        lock_making
        look_at_load
    fi
    case $loaded in
    loaded)
        [ -z "${PGSLOTPLAN_START_OVER-}" ] || die 'the data is there already, and PGSLOTPLAN_START_OVER would empty the tables under their keys' \
            'A table that is not what it should be: pgslotplan emit --repair table=SCHEMA.NAME. Everything: the clean-up steps of both sides, and empty tables.'
        finish 0 'the data is there already: nothing to do'
        ;;
    begun)
        if [ -n "$snapshot" ]; then
            read_progress
            code=0
            [ "$pieces_done" -eq "$pieces" ] || is_alive "$snapshot" || code=$?
            # the position names the attempt that is given up: a second run does not give up the next one
            if [ "${PGSLOTPLAN_START_OVER-}" = "$position" ]; then
                say "starting over: $(progress) come again"
                snapshot=
            elif [ "$code" -eq 0 ]; then
                say "going on: $(progress)"
            elif [ "$code" -eq 3 ]; then
                say_gone
            else
                die 'the publisher does not tell whether the snapshot is there' "$(plain < "$temporary/alive")"
            fi
        fi
        if [ -z "$snapshot" ]; then
            psql_subscriber -f "$here/lib/snapshot_over.sql"
            psql_publisher -f "$here/lib/exported_over_publisher.sql"
        fi
        ;;
    *)
        snapshot=
        begin_load
        ;;
    esac
    if [ -z "$snapshot" ]; then
        trap leave_load EXIT
        make_snapshot
        snapshot=$held
    fi
    exec 8>&-
    trap leave_workers EXIT
    pieces_done=0
    while :; do
        before=$pieces_done
        copy_pieces
        read_progress
        [ "$pieces_done" -lt "$pieces" ] || break
        # others may be at work on the last ones
        if [ "$failed" -gt 0 ] && [ "$((pieces_done + failed))" -eq "$pieces" ]; then
            die "$failed pieces could not be copied, each after five attempts; $(progress) are there" "The reasons are above. Mend them and run this step again: it goes on where it is. What cannot be mended: PGSLOTPLAN_START_OVER=$position begins anew."
        fi
        [ "$waiting" -eq 0 ] || [ "$pieces_done" -gt "$before" ] || die "no piece could be copied; $(progress) are there" 'The reasons are above. Run this step again: it goes on where it is.'
        [ "$waiting" -gt 0 ] || sleep 3
    done
    psql_subscriber -f "$here/lib/snapshot_loaded.sql"
    # the session that holds the snapshot holds back vacuum, too
    psql_publisher -f "$here/lib/publisher.sql" -f "$here/lib/end_loads.sql"
    say "all data is there: $(progress)"
}
