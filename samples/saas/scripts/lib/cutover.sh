# The cutover's parts. Sourced by the steps. Each part looks at the servers for what is done already, so
# that it can be run again after it was stopped anywhere. Addresses and commands of the application: cutover.conf.
. "$here/lib/inventory.sh"
. "$here/lib/logins.sh"

wants_servers
direct=on # the check looks for poolers; nobody waits for a second connection later
tab=$(printf '\t')
conf=${PGSLOTPLAN_CUTOVER:-$state/cutover.conf}
case $conf in */*) ;; *) conf=./$conf ;; esac
[ -r "$conf" ] || { echo "cutover: \"$conf\" cannot be read: copy cutover.conf.example there and fill it in" >&2; exit 1; }
MAINTENANCE_ON='' MAINTENANCE_OFF='' WORKERS_PAUSE='' WORKERS_RESUME='' READERS_TO_NEW='' READERS_TO_OLD='' OLD_READERS=''
PAUSE_SECONDS=10 MOST_BYTES_BEHIND=16777216 FINAL_ROWS=500 MOST_KEYLESS_BYTES=33554432 UNCOMPARED='' ALLOWED_ROLES='' ACCEPTED_LOGINS='' TERMINATE_OTHERS=no WAY_BACK=yes
check_private "$conf"
# shellcheck disable=SC1090
. "$conf"
[ "$has_way_back" = yes ] || WAY_BACK=no # these files hold none
export WAY_BACK
number PAUSE_SECONDS "$PAUSE_SECONDS"
number FINAL_ROWS "$FINAL_ROWS"; number MOST_KEYLESS_BYTES "$MOST_KEYLESS_BYTES"
number DRAIN_SECONDS "${DRAIN_SECONDS:-60}"
for name in PGBOUNCERS PGBOUNCER_DATABASES OLD_HOST OLD_PORT NEW_HOST NEW_PORT; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || { echo "cutover: $name is not set in \"$conf\"" >&2; exit 1; }
done
case $PGBOUNCER_DATABASES in *[*?[]*) echo "cutover: PGBOUNCER_DATABASES names databases one by one: what comes from an entry \"*\" cannot be switched" >&2; exit 1 ;; esac
publisher_file() { file=$1; shift; psql_publisher "$@" -f "$here/$file" >&2; }
subscriber_file() { file=$1; shift; psql_subscriber "$@" -f "$here/$file" >&2; }
hook() { # what command
    [ -n "$2" ] || return 0
    record hook "$1" # its text may hold a password
    (unset PGAPPNAME PGCLIENTENCODING PGOPTIONS; exec sh -c "$2") || { echo "cutover: the command of $1 in \"$conf\" failed" >&2; return 1; }
}

# --- PgBouncer. PGOPTIONS goes: PgBouncer refuses start-up options.

console() {
    name=$1
    shift
    eval "split_dsn \"\$${name}_console\""
    with_password "$split_password" env PGOPTIONS= psql -X -q -A -F "$tab" -P footer=off -d "$split_dsn" -v ON_ERROR_STOP=1 "$@"
}
# Commands to one process, whatever they say (a second PAUSE is an error), then SHOW DATABASES into shown.BOUNCER
ask() { # bouncer command…
    asked=$1; shift
    for command do set -- "$@" -c "$command"; shift; done
    console "$asked" -v ON_ERROR_STOP=0 "$@" -c 'SHOW DATABASES' > "$state/shown.$asked.new" 2> "$state/said.$asked" \
        && mv "$state/shown.$asked.new" "$state/shown.$asked"
}
# The same to every process at once. 2 when one does not answer
ask_all() { # command…
    asking=
    for name in $PGBOUNCERS; do
        rm -f "$state/shown.$name"
        ask "$name" "$@" &
        asking="$asking $!"
    done
    # shellcheck disable=SC2086
    wait $asking
    silent=0
    for name in $PGBOUNCERS; do
        [ -s "$state/shown.$name" ] || { echo "cutover: PgBouncer $name does not answer: $(plain < "$state/said.$name")" >&2; silent=2; }
    done
    return "$silent"
}
# A column of SHOW DATABASES for one entry, of what was asked last
shown() { # bouncer entry column
    [ -s "$state/shown.$1" ] && awk -F '\t' -v entry="$2" -v wanted="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i == wanted) at = i; if ($i == "name") by = i } next }
        $by == entry { print $at }' "$state/shown.$1"
}
# "addr port" of each server connection of our entries
servers_of() { # bouncer
    console "$1" -c 'SHOW SERVERS' > "$state/shown_servers.$1" || return
    awk -F '\t' -v entries=" $PGBOUNCER_DATABASES " '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "database") by = i; if ($i == "addr") a = i; if ($i == "port") p = i } next }
        index(entries, " " $by " ") { print $a, $p }' "$state/shown_servers.$1" | sort -u
}
# Where the entries lead now, by connections that are there
remember_servers() {
    for name in $PGBOUNCERS; do
        servers_of "$name" > "$state/servers_now.$name" || return 2
        [ ! -s "$state/servers_now.$name" ] || cp "$state/servers_now.$name" "$state/servers.$name" || return
    done
}
# Pauses every entry on every process, all processes at once. Gives up after PAUSE_SECONDS and resumes everything.
pause_all() {
    for pausing in $PGBOUNCER_DATABASES; do
        pids=
        for name in $PGBOUNCERS; do
            rm -f "$state/shown.$name"
            ask "$name" "PAUSE \"$pausing\"" &
            pids="$pids $!"
        done
        looks=0
        for pid in $pids; do
            while kill -0 "$pid" 2>/dev/null; do
                looks=$((looks + 1))
                if [ "$looks" -gt $((PAUSE_SECONDS * 100)) ]; then
                    # shellcheck disable=SC2086
                    kill $pids 2>/dev/null
                    resume_all
                    echo "cutover: entry $pausing was not idle within $PAUSE_SECONDS s: an open transaction, or session pooling; everything is resumed" >&2
                    return 4
                fi
                sleep 0.01
            done
            wait "$pid"
        done
        for name in $PGBOUNCERS; do
            if [ "$(shown "$name" "$pausing" paused)" != 1 ]; then
                plain < "$state/said.$name" >&2
                resume_all
                echo "cutover: PgBouncer $name did not pause entry $pausing; everything is resumed" >&2
                return 4
            fi
        done
    done
    record pause "$PGBOUNCER_DATABASES on $PGBOUNCERS"
}
# RECONNECT: a process that was started anew may have connections from before
resume_all() {
    set --
    for entry in $PGBOUNCER_DATABASES; do set -- "$@" "RECONNECT \"$entry\"" "RESUME \"$entry\""; done
    failed=0
    ask_all "$@" || failed=2
    for name in $PGBOUNCERS; do for entry in $PGBOUNCER_DATABASES; do
            [ "$(shown "$name" "$entry" paused)" = 0 ] || failed=2
    done; done
    record resume "$PGBOUNCER_DATABASES on $PGBOUNCERS"
    return "$failed"
}
# Rewrites host= and port= of our entries in one configuration; the rest of the file stays as it is.
rewrite_ini() { # file host port
    cp -p "$1" "$1.pgslotplan-new" && awk -v entries=" $PGBOUNCER_DATABASES " -v host="$2" -v port="$3" "$rewrite_program" "$1" > "$1.pgslotplan-new" \
        && mv "$1.pgslotplan-new" "$1"
}
# Refuses an entry that stands in no line of its process's file: it comes from "*" or from another file
can_switch() {
    for name in $PGBOUNCERS; do
        eval "ini=\${${name}_ini:-} command=\${${name}_switch:-}"
        [ -z "$command" ] || continue
        [ -n "$ini" ] || { echo "cutover: neither ${name}_ini nor ${name}_switch is set: nothing can switch PgBouncer $name" >&2; return 4; }
        found=$(awk -v entries=" $PGBOUNCER_DATABASES " -v host= -v port= -v only_names=1 "$rewrite_program" "$ini")
        for entry in $PGBOUNCER_DATABASES; do
            case "
$found
" in *"
$entry
"*) ;; *)
                echo "cutover: entry $entry of PgBouncer $name has no line of its own below [databases] of \"$ini\"" >&2
                echo "hint: It comes from an entry \"*\" or from an included file. Give it a line there, or name the file that holds it in ${name}_ini, or a command in ${name}_switch." >&2
                return 4
                ;;
            esac
        done
    done
}
# shellcheck disable=SC2016
rewrite_program='
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
                if (only_names) { print key; next }
                rest = substr($0, index($0, "=")) # begins with =, so that a first host= is found
                print substr($0, 1, index($0, "=") - 1) set(set(rest, "host", "\047" host "\047"), "port", port); next
            }
        }
        !only_names { print }'
# Leads every entry to one server and proves that each process knows it; 2 when one does not answer: it will read its
# configuration when it starts. Only while paused, or while the other server is closed: otherwise both are written.
switch_all() { # host port
    for name in $PGBOUNCERS; do
        eval "ini=\${${name}_ini:-} command=\${${name}_switch:-}"
        # shellcheck disable=SC2154,SC2086
        if [ -n "$command" ]; then (unset PGAPPNAME PGCLIENTENCODING PGOPTIONS; exec sh -c "$command \"\$@\"" switch "$1" "$2" $PGBOUNCER_DATABASES) || return 1
        elif [ -n "$ini" ]; then rewrite_ini "$ini" "$1" "$2" || return 1
        else echo "cutover: neither ${name}_ini nor ${name}_switch is set in \"$conf\"" >&2; return 1; fi
    done
    missed=0
    ask_all RELOAD || missed=2
    leads_to "$1" "$2" || return 4
    record switch "to $1 $2"
    return "$missed"
}
# By the last answer of each process that gave one
leads_to() { # host port
    for name in $PGBOUNCERS; do
        [ -s "$state/shown.$name" ] || continue
        for entry in $PGBOUNCER_DATABASES; do
            found=$(shown "$name" "$entry" host):$(shown "$name" "$entry" port)
            if [ "$found" != "$1:$2" ]; then
                echo "cutover: entry $entry of PgBouncer $name leads to $(printf '%s' "$found" | plain), not to $1:$2" >&2
                return 4
            fi
        done
    done
}
prove_target() { # host port
    ask_all && leads_to "$1" "$2"
}
# No connection of any process goes where the entries led before the pause.
prove_servers() {
    for name in $PGBOUNCERS; do
        servers_of "$name" > "$state/servers_now.$name" || return 2
        if [ -s "$state/servers.$name" ] && grep -Fxf "$state/servers.$name" "$state/servers_now.$name" > "$state/servers_left.$name"; then
            plain < "$state/servers_left.$name" >&2
            echo "cutover: PgBouncer $name still has these connections to the old server" >&2
            return 4
        fi
    done
}

# --- The servers

# Has the application been let onto the new server? What that server says counts, else what was noted here: RESUME comes
# after the note. Sessions that a killed script left behind are ended first.
opened() {
    if psql_subscriber -v out="$state/opened.subscriber" -f "$here/lib/opened_subscriber.sql" 2>/dev/null; then
        [ "$(cat "$state/opened.subscriber")" = t ]
    else
        [ -f "$state/opened" ]
    fi
}
# Flushes the log of a side beside the drain; ends by itself when the subscriptions do
flush() { # publisher or subscriber
    "psql_$1" -v wait_seconds="$((${DRAIN_SECONDS:-60} + PAUSE_SECONDS))" -f "$here/lib/flush_$1.sql" > /dev/null 2>&1 < /dev/null &
}
counter() { rm -f "$state/counter"; psql_publisher -v out="$state/counter" -f "$here/lib/counter_publisher.sql" && cat "$state/counter"; }
compares() { if [ "$FINAL_ROWS" -gt 0 ]; then echo on; else echo off; fi; }
converts() { [ -f "$state/converts" ] || look_at_encodings && cat "$state/converts"; }
# Writes stop, every slot passes what was written, newest rows and sequences are read, in one session. Nobody writes any
# more when the transaction counter stood still meanwhile; a background job of the server itself may move it once or twice.
# Once for one write stop: a second run after a kill finds the subscriptions disabled already.
cut_publisher() {
    if [ -f "$state/drained" ] && known=$(counter 2>/dev/null) && [ "${known#* }" = "$(cat "$state/drained")" ]; then return 0; fi
    stops=on
    attempts=0
    : > "$state/final.publisher"
    own=1 # our own transactions: one to read the sequences, one to compare
    [ "$FINAL_ROWS" -gt 0 ] && own=2
    while :; do
        psql_publisher -v dir="$state" -v out="$state/final.publisher" -v stops="$stops" -v compares="$(compares)" -v converts="$(converts)" -v uncompared="$UNCOMPARED" -v terminate="$TERMINATE_OTHERS" -v allowed="$ALLOWED_ROLES" \
            -v wait_seconds="${DRAIN_SECONDS:-60}" -v task=digest -v slot= -v mode=final -v chunk_rows="$FINAL_ROWS" -v batch_seconds=3600 \
            -f "$here/lib/cut_publisher.sql" < /dev/null >&2 || return
        if [ "$FINAL_ROWS" -gt 0 ] && grep '^different,' "$state/final.publisher.found" >&2; then return 4; fi
        read -r before stopped_at < "$state/before"
        read -r after _ < "$state/after"
        is_number "$before" "$after" || { echo "cutover: the publisher's transaction counter is no number" >&2; return 4; }
        [ $((after - before)) -eq "$own" ] && break
        attempts=$((attempts + 1))
        if [ "$attempts" -ge 5 ]; then
            echo "cutover: somebody still writes on the publisher: its transaction counter went from $before to $after" >&2
            : > "$state/somebody_writes"
            return 4
        fi
        stops=off
        sleep 0.3 # the temporary tables of this look go in a transaction of their own, which the next look must not count
    done
    printf '%s\n' "$stopped_at" > "$state/drained"
}
# What was read is compared, sequences are set beside it; the subscriptions end, foreign keys return, the way back begins.
cut_subscriber() {
    write_sequences publisher subscriber &
    pid=$!
    psql_subscriber -v out="$state/final.subscriber" -v compares="$(compares)" -v converts="$(converts)" -v task=digest -v slot= -v mode=final \
        -f "$here/lib/cut_subscriber.sql" < "$state/final.publisher" >&2; cut=$?
    wait "$pid" || return 4
    [ "$cut" -eq 0 ] || plain < "$state/final.subscriber.found" >&2
    return "$cut"
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
others_on_publisher() { publisher_file lib/sessions_publisher.sql -v allowed="$ALLOWED_ROLES"; }
# The PgBouncers lead to the new server, and the old one follows it; nobody else may be connected there.
switch_new() {
    publisher_file lib/cut_publisher_end.sql -v allowed="$ALLOWED_ROLES" &
    pid=$!
    switch_all "$NEW_HOST" "$NEW_PORT"; switched=$?
    wait "$pid" || return
    [ "$switched" -eq 0 ] || return "$switched"
    for name in $PGBOUNCERS; do for entry in $PGBOUNCER_DATABASES; do
            [ "$(shown "$name" "$entry" paused)" = 1 ] || { echo "cutover: entry $entry of PgBouncer $name is not paused any more: was it started anew?" >&2; return 4; }
    done; done
}
# The point of no return. It is noted on the server that opens, in the transaction that opens it, before anybody goes there.
let_in() {
    subscriber_file lib/open_subscriber.sql || return
    now > "$state/opened"
    resume_all && rm -f "$state/paused"
}
# Refuses to go on by hand unless both servers note the same drain, of the write stop that holds now. A server that is open already has
# passed this.
require_drained() {
    if opened; then return 0; fi
    one=$(ask_publisher -f "$here/lib/drained_publisher.sql") && other=$(ask_subscriber -f "$here/lib/drained_subscriber.sql") || return
    if [ -z "$one" ] || [ "$one" != "$other" ]; then
        say "no drain after the write stop is noted on both servers: what was written before it may be missing on the new one"
        say "hint: $step_drain while the subscriptions run; once they are stopped, abort.sh goes back, and cutover.sh does all of it."
        return 4
    fi
}
# by hand: the parts after the drain
after_drain() { require_drained && "$@"; }
open_new() {
    [ ! -f "$state/rolled_back" ] || { echo "cutover: a rollback has opened the old server; run rollback.sh to its end" >&2; return 4; }
    others_on_publisher && prove_target "$NEW_HOST" "$NEW_PORT" && let_in
}
prove() {
    prove_target "$NEW_HOST" "$NEW_PORT" || return
    ask_entries subscriber || {
        echo "hint: The new server is open and stays so. Mend passwords ($step_passwords) or pg_hba.conf there, or go back with rollback.sh." >&2
        return 4
    }
    prove_servers || return
    # the way back works: the old server has what was written to the new one until now
    [ "$WAY_BACK" = no ] || subscriber_file lib/reverse_drain_subscriber.sql -v wait_seconds="${DRAIN_SECONDS:-60}" || return
    looks=0
    while [ "$looks" -lt 5 ]; do
        others_on_publisher || return
        looks=$((looks + 1))
        sleep 0.2
    done
    printf '%s\n' "$OLD_READERS" | while IFS= read -r reader; do
        [ -n "$reader" ] || continue
        split_dsn "$reader"
        with_password "$split_password" psql -X -q -At -v ON_ERROR_STOP=1 -d "$split_dsn" -c "SET search_path = pg_catalog" -c "SELECT application_name, usename, client_addr FROM pg_catalog.pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() AND datname = pg_catalog.current_database()" > "$state/readers" || exit 2
        if [ -s "$state/readers" ]; then plain < "$state/readers" >&2; echo "cutover: an old replica still has these sessions" >&2; exit 4; fi
    done
}
# After the proof the application is whole again, and what it works on is looked at once more
prove_and_end() {
    prove && hook WORKERS_RESUME "$WORKERS_RESUME" && hook MAINTENANCE_OFF "$MAINTENANCE_OFF" && compare_inventory proof
}

# --- The whole, and the ways back

part() { # name command…: runs one part with evidence and time
    title=$1; shift
    part_started=$(milliseconds)
    record begin "$title"
    "$@"; code=$?
    record "exit $code" "$title, $(($(milliseconds) - part_started)) ms"
    return "$code"
}
milliseconds() { # seconds, where date knows no better
    case $(date +%3N) in
    [0-9]*) date +%s%3N ;;
    *) echo "$(date +%s)000" ;;
    esac
}
# Back to the old server, before anything was written to the new one. The application first; the rest can be run again. A
# PgBouncer that does not answer holds up nobody else: its configuration is right when it starts.
abort() {
    if opened; then
        echo "abort: the new server was opened: what was written there would be lost. Use rollback.sh" >&2
        return 4
    fi
    trap '' INT TERM HUP
    unanswered=0
    if ! prove_target "$OLD_HOST" "$OLD_PORT" 2>/dev/null; then
        part 'abort: old target' switch_all "$OLD_HOST" "$OLD_PORT" || unanswered=$?
        [ "$unanswered" -eq 0 ] || [ "$unanswered" -eq 2 ] || return "$unanswered"
    fi
    part 'abort: open writes' publisher_file lib/open_publisher.sql || return
    rm -f "$state/drained" "$state/opened"
    part 'abort: resume' resume_all || unanswered=2
    rm -f "$state/paused"
    hook READERS_TO_OLD "$READERS_TO_OLD"; hook WORKERS_RESUME "$WORKERS_RESUME"; hook MAINTENANCE_OFF "$MAINTENANCE_OFF"
    note "the old server serves again"
    part 'abort: foreign keys' publisher_file lib/foreign_keys_validate_publisher.sql || return
    part 'abort: new server' subscriber_file lib/forward_again_subscriber.sql || return
    return "$unanswered"
}
# The step: back, and said
go_back() {
    abort || finish $? "not at its end: run it again"
    finish 0 "the old server serves, the subscriptions go on"
}
cutover() {
    opened && finish 4 "the new server is open already: $step_resume resumes what is still paused"
    if [ -f "$state/paused" ]; then
        note "goes on where it was stopped"
    else
        rm -f "$state/drained" "$state/rolled_back" "$state/opened" "$state/somebody_writes"
        part 'check' ready_to_cut || finish $? "not ready; the application was not touched"
    fi
    # shellcheck disable=SC2154
    trap 'trap "" INT TERM HUP; abort; finish 130 "interrupted; aborted"' INT TERM HUP
    if quiesce && paused_part; then
        trap - INT TERM HUP
        part 'prove' prove_and_end || finish $? "the new server is open, but the proof failed: look at once, then run $step_prove"
        finish 0 "the new server is open; pause $pause_ms ms"
    fi
    opened && finish 4 "the new server was opened, but a PgBouncer was not resumed: run $step_resume"
    part 'abort' abort || finish $? "the abort did not come to its end: run abort.sh"
    if [ -f "$state/somebody_writes" ]; then
        rm -f "$state/somebody_writes"
        # the counter is the whole server's
        say "cutover: other databases of the old server in which rows change now: $(ask_publisher -f "$here/lib/who_writes.sql" | plain). Quiet them for the pause"
    fi
    finish 4 "given up, the old server serves; the reason is above"
}
paused_part() {
    flush subscriber
    started=$(milliseconds)
    : > "$state/paused"
    part 'pause' pause_all && part 'old server: stop writes, drain, read' cut_publisher \
        && part 'new server: compare, stop forward, way back' cut_subscriber && part 'switch' switch_new && part 'open' let_in || return
    pause_ms=$(($(milliseconds) - started))
    record pause "$pause_ms ms from the first PAUSE to the last RESUME"
}
# All that need not wait for the pause
ready_to_cut() {
    direct=
    publisher_file lib/ready_publisher.sql -v most_bytes_behind="$MOST_BYTES_BEHIND" || return
    psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/no_repair.sql" || return
    direct=on
    [ "$FINAL_ROWS" -gt 0 ] || MOST_KEYLESS_BYTES=0
    publisher_file lib/keyless.sql -v most_bytes="$MOST_KEYLESS_BYTES" -v uncompared="$UNCOMPARED" && look_at_encodings || return
    ask_all || return
    for name in $PGBOUNCERS; do for entry in $PGBOUNCER_DATABASES; do
            [ -n "$(shown "$name" "$entry" name)" ] || { echo "cutover: PgBouncer $name has no entry $entry" >&2; return 4; }
    done; done
    leads_to "$OLD_HOST" "$OLD_PORT" && gets_in && prepare_pause && make_way_back
}
# Where there is none, that is said and noted: from the first write on nothing leads back
make_way_back() {
    [ "$WAY_BACK" = no ] || { publisher_file "$step_reverse_subscriptions"; return; }
    record note 'no way back'
    say 'note: there is no way back to the old server once the new one is open'
}
# The application can be led to the new server, and gets in there
gets_in() { can_switch && prove_logins && ask_entries publisher; }
see_logins() { ask_all && gets_in; }
prepare_pause() { compare_inventory cutover && remember_servers && subscriber_file lib/close_subscriber.sql; }
close_and_pause() { prepare_pause && pause_all; }
quiesce() {
    hook MAINTENANCE_ON "$MAINTENANCE_ON" && hook WORKERS_PAUSE "$WORKERS_PAUSE" && hook READERS_TO_NEW "$READERS_TO_NEW"
}
# Back to the old server after the new one was written to: the reverse replication has brought everything there.
rollback() {
    opened || finish 4 "the new server was never opened: abort.sh is the way back"
    [ "$WAY_BACK" != no ] || finish 4 "the cutover went without a way back: the new server serves on"
    [ -f "$state/rolled_back" ] || compare_left_behind || finish $? "tables of the new server would be left behind; the new server serves on"
    hook MAINTENANCE_ON "$MAINTENANCE_ON"; hook WORKERS_PAUSE "$WORKERS_PAUSE"
    if [ ! -f "$state/rolled_back" ]; then
        trap 'trap "" INT TERM HUP; stay; finish 130 "interrupted; the new server serves"' INT TERM HUP
        part 'reverse' publisher_file "$step_reverse_start" || finish $? "there is no way back; the new server serves on"
        for name in $PGBOUNCERS; do rm -f "$state/servers.$name"; done
        remember_servers || finish $? "not possible; the new server serves on"
        flush publisher
        started=$(milliseconds)
        { part 'pause' pause_all && part 'stop writes on the new server, drain the reverse slots' back_subscriber \
            && part 'sequences' write_sequences subscriber publisher; } || { stay; finish 4 "not possible; the new server serves on"; }
        trap '' INT TERM HUP
        now > "$state/rolled_back"
    fi
    part 'open the old server' publisher_file lib/open_publisher.sql || finish $? "run rollback.sh again"
    part 'switch' switch_all "$OLD_HOST" "$OLD_PORT" || finish $? "run rollback.sh again"
    part 'resume' resume_all || finish $? "run rollback.sh again"
    said="the old server serves with everything that was written to the new one"
    [ -z "${started:-}" ] || said="$said; pause $(($(milliseconds) - started)) ms"
    part 'prove' prove_back || finish $? "the old server is open, but the proof failed: look at once"
    hook READERS_TO_OLD "$READERS_TO_OLD"; hook WORKERS_RESUME "$WORKERS_RESUME"; hook MAINTENANCE_OFF "$MAINTENANCE_OFF"
    part 'foreign keys' publisher_file lib/foreign_keys_validate_publisher.sql || finish $? "the old server serves; its foreign keys are not validated: run rollback.sh again"
    finish 0 "$said"
}
back_subscriber() {
    subscriber_file lib/back_subscriber.sql -v out="$state/sequences.subscriber" -v terminate="$TERMINATE_OTHERS" -v allowed="$ALLOWED_ROLES" \
        -v wait_seconds="${DRAIN_SECONDS:-60}"
}
prove_back() { ask_entries publisher && prove_servers; }
# A rollback that cannot go on leaves the application where it is.
stay() { subscriber_file lib/writes_open_subscriber.sql; resume_all; }
