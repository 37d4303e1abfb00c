# The cutover's parts. Sourced by the steps; needs common.sh. Each part looks at the servers for what is done already, so
# that it can be run again after it was stopped anywhere.

tab=$(printf '\t')
conf=${PGSLOTPLAN_CUTOVER:-$state/cutover.conf}
[ -r "$conf" ] || { echo "cutover: \"$conf\" cannot be read: copy cutover.conf.example there and fill it in" >&2; exit 1; }
MAINTENANCE_ON='' MAINTENANCE_OFF='' WORKERS_PAUSE='' WORKERS_RESUME='' READERS_TO_NEW='' READERS_TO_OLD='' OLD_READERS=''
PAUSE_SECONDS=10 MOST_BYTES_BEHIND=16777216 FINAL_ROWS=500 ALLOWED_ROLES='' TERMINATE_OTHERS=no
# shellcheck disable=SC1090
. "$conf"
for name in PGBOUNCERS PGBOUNCER_DATABASES OLD_HOST OLD_PORT NEW_HOST NEW_PORT; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || { echo "cutover: $name is not set in \"$conf\"" >&2; exit 1; }
done
# how the old server reaches the new one, for the way back
subscriber_dsn=${PGSLOTPLAN_SUBSCRIBER_FROM_PUBLISHER:-$PGSLOTPLAN_SUBSCRIBER}
publisher_dsn=${PGSLOTPLAN_PUBLISHER_FROM_SUBSCRIBER:-$PGSLOTPLAN_PUBLISHER}

publisher_file() { file=$1; shift; psql_publisher "$@" -f "$here/$file" >&2; }
subscriber_file() { file=$1; shift; psql_subscriber "$@" -f "$here/$file" >&2; }

hook() { # what command
    [ -n "$2" ] || return 0
    record hook "$1: $2"
    sh -c "$2" || { echo "cutover: the command for \"$1\" failed: $2" >&2; return 1; }
}

# --- PgBouncer. PGOPTIONS goes: PgBouncer refuses start-up options.

console() { name=$1; shift; eval "dsn=\$${name}_console"; PGOPTIONS='' psql -X -q -A -F "$tab" -P footer=off -d "$dsn" -v ON_ERROR_STOP=1 "$@"; }

# column NAME of SHOW DATABASES for one entry
database_column() { # bouncer entry column
    console "$1" -c 'SHOW DATABASES' | awk -F '\t' -v entry="$2" -v wanted="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i == wanted) at = i; if ($i == "name") by = i } next }
        $by == entry { print $at }'
}

# "addr port" of each server connection of our entries
servers_of() { # bouncer
    console "$1" -c 'SHOW SERVERS' | awk -F '\t' -v entries=" $PGBOUNCER_DATABASES " '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "database") by = i; if ($i == "addr") a = i; if ($i == "port") p = i } next }
        index(entries, " " $by " ") { print $a, $p }' | sort -u
}

# Pauses every entry on every process, all processes at once. Gives up after PAUSE_SECONDS and resumes everything.
pause_all() {
    for name in $PGBOUNCERS; do
        if [ ! -s "$state/servers.$name" ]; then servers_of "$name" > "$state/servers.$name" || return 2; fi
    done
    for entry in $PGBOUNCER_DATABASES; do
        pids=
        for name in $PGBOUNCERS; do
            console "$name" -c "PAUSE \"$entry\"" > "$state/pause.$name" 2>&1 &
            pids="$pids $!"
        done
        looks=0
        for pid in $pids; do
            while kill -0 "$pid" 2>/dev/null; do
                looks=$((looks + 1))
                if [ "$looks" -gt $((PAUSE_SECONDS * 50)) ]; then
                    # shellcheck disable=SC2086
                    kill $pids 2>/dev/null
                    resume_all
                    echo "cutover: entry $entry was not idle within $PAUSE_SECONDS s: an open transaction, or session pooling; everything is resumed" >&2
                    return 4
                fi
                sleep 0.02
            done
            wait "$pid" # a second PAUSE is an error; what counts is looked at below
        done
        for name in $PGBOUNCERS; do
            if [ "$(database_column "$name" "$entry" paused)" != 1 ]; then
                cat "$state/pause.$name" >&2
                resume_all
                echo "cutover: PgBouncer $name did not pause entry $entry; everything is resumed" >&2
                return 4
            fi
        done
    done
    record pause "$PGBOUNCER_DATABASES on $PGBOUNCERS"
}

resume_all() {
    failed=0
    for name in $PGBOUNCERS; do
        for entry in $PGBOUNCER_DATABASES; do
            if [ "$(database_column "$name" "$entry" paused)" = 1 ]; then
                console "$name" -c "RESUME \"$entry\"" || failed=2
            fi
        done
    done
    record resume "$PGBOUNCER_DATABASES on $PGBOUNCERS"
    return "$failed"
}

# Rewrites host= and port= of our entries in one configuration; the rest of the file stays as it is.
rewrite_ini() { # file host port
    cp -p "$1" "$1.pgslotplan-new" && awk -v entries=" $PGBOUNCER_DATABASES " -v host="$2" -v port="$3" '
        function set(line, key, value,   at) {
            if (match(line, "(^|[ \t=])" key "[ \t]*=[ \t]*(\047[^\047]*\047|[^ \t]+)")) {
                at = substr(line, RSTART, 1) ~ /[ \t=]/ ? 1 : 0
                return substr(line, 1, RSTART - 1 + at) key "=" value substr(line, RSTART + RLENGTH)
            }
            return line " " key "=" value
        }
        /^[ \t]*\[/ { inside = ($0 ~ /^[ \t]*\[databases\]/) }
        inside && /^[ \t]*[^;#[]/ && index($0, "=") {
            key = substr($0, 1, index($0, "=") - 1); gsub(/^[ \t"]+|[ \t"]+$/, "", key)
            if (index(entries, " " key " ")) {
                rest = substr($0, index($0, "=")) # begins with =, so that a first host= is found
                print substr($0, 1, index($0, "=") - 1) set(set(rest, "host", "\047" host "\047"), "port", port); next
            }
        }
        { print }' "$1" > "$1.pgslotplan-new" && mv "$1.pgslotplan-new" "$1"
}

# Leads every entry to one server and proves that the process knows it. Only while paused: otherwise both are written.
switch_all() { # host port
    for name in $PGBOUNCERS; do
        eval "ini=\${${name}_ini:-} command=\${${name}_switch:-}"
        # shellcheck disable=SC2154,SC2086
        if [ -n "$command" ]; then sh -c "$command \"\$@\"" switch "$1" "$2" $PGBOUNCER_DATABASES || return 1
        elif [ -n "$ini" ]; then rewrite_ini "$ini" "$1" "$2" || return 1
        else echo "cutover: neither ${name}_ini nor ${name}_switch is set in \"$conf\"" >&2; return 1; fi
        console "$name" -c 'RELOAD' || return 2
    done
    prove_target "$1" "$2" || return 4
    record switch "to $1 $2"
}

prove_target() { # host port
    for name in $PGBOUNCERS; do
        for entry in $PGBOUNCER_DATABASES; do
            found=$(database_column "$name" "$entry" host):$(database_column "$name" "$entry" port)
            if [ "$found" != "$1:$2" ]; then
                echo "cutover: entry $entry of PgBouncer $name leads to $found, not to $1:$2" >&2
                return 4
            fi
        done
    done
}

# No connection of any process goes where the entries led before the pause.
prove_servers() {
    for name in $PGBOUNCERS; do
        servers_of "$name" > "$state/servers_now.$name" || return 2
        if [ -s "$state/servers.$name" ] && grep -Fxf "$state/servers.$name" "$state/servers_now.$name" >&2; then
            echo "cutover: PgBouncer $name still has these connections to the old server" >&2
            return 4
        fi
    done
}

# --- The servers

opened() { # has the application been let onto the new server?
    [ -f "$state/opened" ] && return 0
    psql_subscriber -v out="$state/opened.subscriber" -f "$here/lib/opened_subscriber.sql" 2>/dev/null || return 1
    grep -qx t "$state/opened.subscriber"
}

counter() { psql_publisher -v out="$state/counter" -f "$here/lib/counter_publisher.sql" && cat "$state/counter"; }

stop_writes() { publisher_file 78_publisher_writes_stop.sql -v terminate="$TERMINATE_OTHERS" -v allowed="$ALLOWED_ROLES"; }

# Everything that was written is applied, and nobody writes any more: the publisher's transaction counter stands still. A
# background job of the server itself may move it once or twice.
drain() {
    attempts=0
    while :; do
        publisher_file 71_publisher_caught_up.sql -v wait_seconds="${DRAIN_SECONDS:-60}" || return
        before=$(counter) || return
        stopped_at=${before#* } before=${before%% *}
        final_comparison || return
        sequences publisher subscriber || return
        after=$(counter) || return
        after=${after%% *}
        own=1 # our own: one transaction to read the sequences, one to compare
        [ "$FINAL_ROWS" -gt 0 ] && own=2
        [ $((after - before)) -eq "$own" ] && return 0
        attempts=$((attempts + 1))
        if [ "$attempts" -ge 5 ]; then
            echo "cutover: somebody still writes on the publisher: its transaction counter went from $before to $after" >&2
            return 4
        fi
    done
}

# Once for one write stop: a second run after a kill finds the subscriptions disabled already.
drain_once() {
    if [ -f "$state/drained" ]; then
        known=$(counter) || return
        [ "${known#* }" = "$(cat "$state/drained")" ] && return 0
    fi
    drain && printf '%s\n' "$stopped_at" > "$state/drained"
}

# The newest rows of every table, all slots at once
final_comparison() {
    [ "$FINAL_ROWS" -gt 0 ] || return 0
    VERIFY_CHUNK_ROWS=$FINAL_ROWS VERIFY_BATCH_SECONDS=3600 slot='' mode=final
    publisher_task digest "$state/final.publisher" < /dev/null || return
    subscriber_task digest "$state/final.subscriber" < "$state/final.publisher" || return
    if candidates_in "$state/final.subscriber" || grep -q '^different,' "$state/final.subscriber.found"; then
        cat "$state/final.subscriber.found" >&2
        echo "cutover: the newest rows differ: $state/final.subscriber has the key ranges; 79_shell_compare_at_rest.sh lists the rows" >&2
        return 4
    fi
}

# Sequences of one side to the other; exact, since nobody writes
sequences() { # from to
    "psql_$1" -v out="$state/sequences.$1" -f "$here/lib/sequences_read_$1.sql" || return
    "psql_$2" -v task=write -v behind="$state/sequences.behind" -f "$here/lib/sequences_write_$2.sql" < "$state/sequences.$1" || return
    grep 'it is missing' "$state/sequences.behind" >&2 && return 4
    return 0
}

reverse_on() {
    subscriber_file 83_subscriber_reverse_slots.sql && publisher_file 84_publisher_reverse_subscriptions.sql -v subscriber_dsn="$subscriber_dsn"
}

others_on_publisher() { publisher_file lib/sessions_publisher.sql -v allowed="$ALLOWED_ROLES"; }

# The point of no return is noted before it is passed.
open_new() {
    others_on_publisher || return
    prove_target "$NEW_HOST" "$NEW_PORT" || return
    now > "$state/opened" && subscriber_file lib/open_subscriber.sql || return
    resume_all && rm -f "$state/paused"
}

prove() {
    prove_target "$NEW_HOST" "$NEW_PORT" || return
    prove_servers || return
    looks=0
    while [ "$looks" -lt 5 ]; do
        others_on_publisher || return
        looks=$((looks + 1))
        sleep 0.2
    done
    printf '%s\n' "$OLD_READERS" | while IFS= read -r reader; do
        [ -n "$reader" ] || continue
        psql -X -q -At -v ON_ERROR_STOP=1 -d "$reader" -c "SELECT application_name, usename, client_addr FROM pg_catalog.pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() AND datname = pg_catalog.current_database()" > "$state/readers" || exit 2
        if [ -s "$state/readers" ]; then cat "$state/readers" >&2; echo "cutover: an old replica still has these sessions" >&2; exit 4; fi
    done
}

# --- The whole, and the ways back

part() { # name command…: runs one part with evidence and time
    title=$1; shift
    record begin "$title"
    "$@"; code=$?
    record "exit $code" "$title"
    return "$code"
}

# Back to the old server, before anything was written to the new one. The application first; the rest can be run again.
abort() {
    if opened; then
        echo "abort: the new server was opened: what was written there would be lost. Use rollback.sh" >&2
        return 4
    fi
    trap '' INT TERM HUP
    if needs_switch_back; then part 'abort: old target' switch_all "$OLD_HOST" "$OLD_PORT" || return; fi
    part 'abort: reverse subscriptions' publisher_file lib/reverse_drop_publisher.sql || return
    part 'abort: open writes' publisher_file lib/writes_open_publisher.sql || return
    rm -f "$state/drained"
    part 'abort: resume' resume_all || return
    rm -f "$state/paused"
    hook READERS_TO_OLD "$READERS_TO_OLD"; hook WORKERS_RESUME "$WORKERS_RESUME"; hook MAINTENANCE_OFF "$MAINTENANCE_OFF"
    note "the old server serves again"
    part 'abort: foreign keys' publisher_file lib/foreign_keys_validate_publisher.sql || return
    part 'abort: reverse slots' subscriber_file lib/forward_again_subscriber.sql
}

needs_switch_back() { ! prove_target "$OLD_HOST" "$OLD_PORT" 2>/dev/null; }

cutover() {
    begin cutover
    opened && finish 4 "the new server is open already; 87_shell_prove.sh looks at it"
    if [ -f "$state/paused" ]; then
        note "goes on where it was stopped"
    else
        part 'check' ready_to_cut || finish $? "not ready; nothing was changed"
    fi
    # shellcheck disable=SC2154
    trap 'trap "" INT TERM HUP; abort; finish 130 "interrupted; aborted"' INT TERM HUP
    if quiesce && paused_part; then
        trap - INT TERM HUP
        part 'prove' prove || finish $? "the new server is open, but the proof failed: look at once"
        hook WORKERS_RESUME "$WORKERS_RESUME"; hook MAINTENANCE_OFF "$MAINTENANCE_OFF"
        finish 0 "the new server is open; pause $pause_ms ms"
    fi
    opened && finish 4 "the new server was opened, but a PgBouncer was not resumed: run 86_pgbouncer_resume.sh"
    part 'abort' abort || finish $? "the abort did not come to its end: run abort.sh"
    finish 4 "given up, the old server serves; the reason is above"
}

milliseconds() { date +%s%3N | sed 's/[^0-9]//g'; }

paused_part() {
    started=$(milliseconds)
    : > "$state/paused"
    part 'pause' pause_all && part 'stop writes' stop_writes && part 'drain, compare, sequences' drain_once \
        && part 'stop forward' subscriber_file 80_subscriber_stop.sql && part 'foreign keys' foreign_keys_back \
        && part 'reverse' reverse_on && part 'switch' switch_all "$NEW_HOST" "$NEW_PORT" && part 'open' open_new || return
    pause_ms=$(($(milliseconds) - started))
    record pause "$pause_ms ms from the first PAUSE to the last RESUME"
}

foreign_keys_back() {
    [ ! -f "$here/81_subscriber_foreign_keys_restore.sql" ] || subscriber_file 81_subscriber_foreign_keys_restore.sql
}

ready_to_cut() {
    publisher_file lib/ready_publisher.sql -v most_bytes_behind="$MOST_BYTES_BEHIND" || return
    for name in $PGBOUNCERS; do
        for entry in $PGBOUNCER_DATABASES; do
            [ -n "$(database_column "$name" "$entry" name)" ] || { echo "cutover: PgBouncer $name has no entry $entry" >&2; return 4; }
        done
    done
    prove_target "$OLD_HOST" "$OLD_PORT"
}

quiesce() {
    hook MAINTENANCE_ON "$MAINTENANCE_ON" && hook WORKERS_PAUSE "$WORKERS_PAUSE" && hook READERS_TO_NEW "$READERS_TO_NEW"
}

# Back to the old server after the new one was written to: the reverse replication has brought everything there.
rollback() {
    begin rollback
    opened || finish 4 "the new server was never opened: abort.sh is the way back"
    [ -f "$state/rolled_back" ] && needs_no_rollback && finish 0 "rolled back already"
    hook MAINTENANCE_ON "$MAINTENANCE_ON"; hook WORKERS_PAUSE "$WORKERS_PAUSE"
    started=$(milliseconds)
    if [ ! -f "$state/rolled_back" ]; then
        trap 'trap "" INT TERM HUP; stay; finish 130 "interrupted; the new server serves"' INT TERM HUP
        for name in $PGBOUNCERS; do rm -f "$state/servers.$name"; done
        part 'pause' pause_all && part 'stop writes on the new server' subscriber_file lib/writes_stop_subscriber.sql -v terminate="$TERMINATE_OTHERS" -v allowed="$ALLOWED_ROLES" \
            && part 'drain the reverse slots' subscriber_file lib/reverse_drain_subscriber.sql -v wait_seconds="${DRAIN_SECONDS:-60}" \
            && part 'sequences' sequences subscriber publisher || { stay; finish 4 "not possible; the new server serves on"; }
        trap '' INT TERM HUP
        now > "$state/rolled_back"
    fi
    part 'open the old server' publisher_file lib/rollback_open_publisher.sql || finish $? "run rollback.sh again"
    part 'switch' switch_all "$OLD_HOST" "$OLD_PORT" || finish $? "run rollback.sh again"
    part 'resume' resume_all || finish $? "run rollback.sh again"
    pause_ms=$(($(milliseconds) - started))
    part 'prove' prove_servers || finish $? "the old server is open, but the proof failed: look at once"
    hook READERS_TO_OLD "$READERS_TO_OLD"; hook WORKERS_RESUME "$WORKERS_RESUME"; hook MAINTENANCE_OFF "$MAINTENANCE_OFF"
    part 'foreign keys' publisher_file lib/foreign_keys_validate_publisher.sql || finish $? "the old server serves; its foreign keys are not validated: run rollback.sh again"
    finish 0 "the old server serves with everything that was written to the new one; pause $pause_ms ms"
}

# A rollback that cannot go on leaves the application where it is.
stay() { subscriber_file lib/writes_open_subscriber.sql; resume_all; }

needs_no_rollback() { prove_target "$OLD_HOST" "$OLD_PORT" 2>/dev/null && [ "$(for n in $PGBOUNCERS; do for e in $PGBOUNCER_DATABASES; do database_column "$n" "$e" paused; done; done | sort -u)" = 0 ]; }
