# The cutover's parts. Sourced by the steps. Each part looks at the servers for what is done already, so
# that it can be run again after it was stopped anywhere. Addresses and commands of the application: cutover.conf.
. "$here/lib/inventory.sh"
. "$here/lib/logins.sh"
. "$here/lib/sequences.sh"

direct=on # the check looks for poolers; nobody waits for a second connection later
tab=$(printf '\t')
conf=${PGSLOTPLAN_CUTOVER:-$state/cutover.conf}
case $conf in */*) ;; *) conf=./$conf ;; esac
[ -r "$conf" ] || { echo "cutover: \"$conf\" cannot be read: copy cutover.conf.example there and fill it in" >&2; exit 1; }
MAINTENANCE_ON='' MAINTENANCE_OFF='' WORKERS_PAUSE='' WORKERS_RESUME='' READERS_TO_NEW='' READERS_TO_OLD='' OLD_READERS=''
PAUSE_SECONDS=10 MOST_BYTES_BEHIND=16777216 MOST_BYTES_DECODED=4294967296 PEEK_SECONDS=60 FINAL_ROWS=500 MOST_KEYLESS_BYTES=33554432 UNCOMPARED='' ALLOWED_ROLES='' ACCEPTED_LOGINS='' TERMINATE_OTHERS=no WITHOUT='' WAY_BACK=yes
check_private "$conf"
# shellcheck disable=SC1090
. "$conf"
[ "$has_way_back" = yes ] || WAY_BACK=no # these files hold none
export WAY_BACK
number PAUSE_SECONDS "$PAUSE_SECONDS"; number PEEK_SECONDS "$PEEK_SECONDS"
number FINAL_ROWS "$FINAL_ROWS"; number MOST_KEYLESS_BYTES "$MOST_KEYLESS_BYTES"
number DRAIN_SECONDS "${DRAIN_SECONDS:-60}"
for name in PGBOUNCERS PGBOUNCER_DATABASES OLD_HOST OLD_PORT NEW_HOST NEW_PORT; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || { echo "cutover: $name is not set in \"$conf\"" >&2; exit 1; }
done
case $PGBOUNCER_DATABASES in *[*?[]*) echo "cutover: PGBOUNCER_DATABASES names databases one by one, also those that come from an entry \"*\"" >&2; exit 1 ;; esac
# The entries of one process in $entries
entries=
entries_of() { eval "entries=\${${1}_databases:-\$PGBOUNCER_DATABASES}"; } # bouncer
# A command for each entry of each process, which finds them in $entry and $name; the first that fails ends it
over_entries() {
    for name in $PGBOUNCERS; do entries_of "$name"; for entry in $entries; do "$@" || return; done; done
}
# Whether a word stands in a list
among() { case " $2 " in *" $1 "*) return 0 ;; *) return 1 ;; esac; } # word list
if among freeze "$WITHOUT"; then frozen=off; else frozen=on; fi
had=
for name in $PGBOUNCERS; do
    entries_of "$name"
    had="$had $entries"
    for entry in $entries; do
        among "$entry" "$PGBOUNCER_DATABASES" || { echo "cutover: ${name}_databases names $entry, which is not in PGBOUNCER_DATABASES" >&2; exit 1; }
    done
done
for entry in $PGBOUNCER_DATABASES; do
    among "$entry" "$had" || { echo "cutover: no process has entry $entry of PGBOUNCER_DATABASES" >&2; exit 1; }
done
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
each_entry() { # bouncer command…
    eachly=$1; shift
    if [ "${1-}" = of_entries ]; then
        shift
        words=$*
        set --
        entries_of "$eachly"
        for entry in $entries; do for word in $words; do set -- "$@" "$word \"$entry\""; done; done
    fi
    ask "$eachly" "$@"
}
# The same to every process at once, or each of these for each of its entries. 2 when one does not answer
ask_all() { # command or word…
    asking=
    for name in $PGBOUNCERS; do
        rm -f "$state/shown.$name"
        each_entry "$name" "$@" &
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
    entries_of "$1"
    awk -F '\t' -v entries=" $entries " '
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
            entries_of "$name"
            among "$pausing" "$entries" || continue
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
            entries_of "$name"
            among "$pausing" "$entries" || continue
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
    failed=0
    ask_all of_entries RECONNECT RESUME || failed=2
    for name in $PGBOUNCERS; do
        entries_of "$name"
        for entry in $entries; do [ "$(shown "$name" "$entry" paused)" = 0 ] || failed=2; done
    done
    record resume "$PGBOUNCER_DATABASES on $PGBOUNCERS"
    return "$failed"
}
# Where each of our entries stands in a configuration or in what it includes: file, entry, whether the file begins within [databases], and
# whether the entry has a line or comes from "*", beside which it gets one
homes() { # ini; $entries
    awk -v entries="$entries" -v ini="$1" '
        function scan(file, depth,   line, key, begun) {
            begun = inside
            while (depth < 9 && (getline line < file) > 0) {
                if (sub(/^[ \t]*%include[ \t]+/, "", line)) {
                    sub(/[ \t\r]+$/, "", line)
                    if (line !~ /^\//) { print "cutover: %include " line " of \"" file "\": only PgBouncer knows the folder in which it looks for that; name it from / on" > "/dev/stderr"; exit 4 }
                    scan(line, depth + 1)
                } else if (line ~ /^[ \t]*\[/) inside = line ~ /^[ \t]*\[databases\]/
                else if (inside && line ~ /^[ \t]*[^;#[]/ && index(line, "=")) {
                    key = substr(line, 1, index(line, "=") - 1); gsub(/^[ \t"]+|[ \t"]+$/, "", key)
                    if (!(key in home)) { home[key] = file; within[key] = begun }
                }
            }
            close(file)
        }
        BEGIN {
            inside = 0
            scan(ini, 0)
            for (i = split(entries, entry, " "); i > 0; i--) {
                key = entry[i] in home ? entry[i] : "*"
                if (key in home) print home[key] "\t" entry[i] "\t" within[key] "\t" (key == "*" ? "new" : "old")
            }
        }'
}
# Rewrites host= and port= of our entries where they stand; the rest of each file stays as it is.
rewrite_ini() { # ini host port; $entries
    homes "$1" > "$state/homes" || return
    new=" $(awk -F "$tab" '$4 == "new" { print $2 }' "$state/homes" | tr '\n' ' ')"
    cut -f 1,3 "$state/homes" | sort -u > "$state/homes_files"
    while IFS=$tab read -r file within; do
        cp -p "$file" "$file.pgslotplan-new" && awk -v entries=" $entries " -v new="$new" -v inside="$within" -v host="$2" -v port="$3" "$rewrite_program" "$file" \
            > "$file.pgslotplan-new" && mv "$file.pgslotplan-new" "$file" || return
    done < "$state/homes_files"
}
# Refuses what no pause gets idle, and processes that stand in no list
can_pause() {
    peers=
    for name in $PGBOUNCERS; do
        console "$name" -c 'SHOW CONFIG' > "$state/config.$name" && console "$name" -c 'SHOW POOLS' > "$state/pools.$name" || return 2
        peers="$peers $(configured "$name" peer_id)"
        entries_of "$name"
        for entry in $entries; do
            mode=$(shown "$name" "$entry" pool_mode)
            if [ "${mode:-$(configured "$name" pool_mode)}" = session ] || by_session "$name" "$entry"; then
                echo "cutover: entry $entry of PgBouncer $name pools sessions: a pause would wait until each client has gone" >&2
                echo "hint: Set pool_mode = transaction, for the time of the cutover at least, and RELOAD." >&2
                return 4
            fi
        done
        # shellcheck disable=SC2016
        [ "$(configured "$name" so_reuseport)" != 1 ] || case $(console "$name" -c '\echo :HOST') in /*) ;; *)
            echo "cutover: PgBouncer $name shares its port with others (so_reuseport): chance decides which of them is asked" >&2
            echo "hint: Give each process a unix_socket_dir of its own, and its console in ${name}_console by host=DIRECTORY." >&2
            return 4
            ;;
        esac
    done
    for name in $PGBOUNCERS; do
        console "$name" -c 'SHOW PEERS' > "$state/peers.$name" 2> /dev/null || continue # came with 1.19
        peer=$(awk -F '\t' -v listed=" $peers " 'NR > 1 && !index(listed, " " $1 " ") { print $1; exit }' "$state/peers.$name")
        [ -z "$peer" ] || { echo "cutover: PgBouncer $name has a peer $peer, which is none of PGBOUNCERS" >&2; return 4; }
    done
}
# Whether a pool of an entry is kept by sessions: a user may have a mode of its own
by_session() { # bouncer entry
    awk -F '\t' -v entry="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "database") by = i; if ($i == "pool_mode") mode = i } next }
        mode && $by == entry && $mode == "session" { found = 1 }
        END { exit !found }' "$state/pools.$1"
}
# Refuses an entry that nothing here can switch
can_switch() {
    for name in $PGBOUNCERS; do
        eval "ini=\${${name}_ini:-} command=\${${name}_switch:-}"
        [ -z "$command" ] || continue
        [ -n "$ini" ] || { echo "cutover: neither ${name}_ini nor ${name}_switch is set: nothing can switch PgBouncer $name" >&2; return 4; }
        entries_of "$name"
        homes "$ini" > "$state/homes" || return 4
        cut -f 1 "$state/homes" | sort -u > "$state/homes_files"
        while IFS= read -r file; do
            { [ -w "$file" ] && true > "$file.pgslotplan-new"; } 2> /dev/null && rm -f "$file.pgslotplan-new" && continue
            echo "cutover: \"$file\" of PgBouncer $name cannot be rewritten: file and folder must be writable here, and no \"$file.pgslotplan-new\" in the way" >&2
            return 4
        done < "$state/homes_files"
        for entry in $entries; do
            awk -F "$tab" -v entry="$entry" '$2 == entry { found = 1 } END { exit !found }' "$state/homes" && continue
            echo "cutover: entry $entry of PgBouncer $name has no line below [databases] of \"$ini\" or of what that includes" >&2
            echo "hint: Name the file that holds it in ${name}_ini, or a command that switches it in ${name}_switch." >&2
            return 4
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
            if (key == "*") {
                rest = substr($0, index($0, "="))
                for (i = split(new, entry, " "); i > 0; i--) print entry[i] " " set(set(rest, "host", "\047" host "\047"), "port", port)
            }
            if (index(entries, " " key " ")) {
                rest = substr($0, index($0, "=")) # begins with =, so that a first host= is found
                print substr($0, 1, index($0, "=") - 1) set(set(rest, "host", "\047" host "\047"), "port", port); next
            }
        }
        { print }'
# Leads every entry to one server and proves that each process knows it; 2 when one does not answer: it will read its
# configuration when it starts. Only while paused, or while the other server is closed: otherwise both are written.
switch_all() { # host port
    for name in $PGBOUNCERS; do
        eval "ini=\${${name}_ini:-} command=\${${name}_switch:-}"
        entries_of "$name"
        # shellcheck disable=SC2154,SC2086
        if [ -n "$command" ]; then (unset PGAPPNAME PGCLIENTENCODING PGOPTIONS; exec sh -c "$command \"\$@\"" switch "$1" "$2" $entries) || return 1
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
        entries_of "$name"
        for entry in $entries; do
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

# Flushes the log of a side beside the drain; ends by itself when the subscriptions do
flush() { # publisher or subscriber
    "psql_$1" -v wait_seconds="$((${DRAIN_SECONDS:-60} + PAUSE_SECONDS))" -f "$here/lib/flush_$1.sql" > /dev/null 2>&1 < /dev/null &
}
counter() { rm -f "$state/counter"; psql_publisher -v out="$state/counter" -f "$here/lib/counter_publisher.sql" && cat "$state/counter"; }
compares() { if [ "$FINAL_ROWS" -gt 0 ]; then echo on; else echo off; fi; }
converts() { [ -f "$state/converts" ] || look_at_encodings && cat "$state/converts"; }
# Writes stop, every slot passes what was written, newest rows and sequences are read, in one session. Nobody writes any
# more when the transaction counter stood still meanwhile. It is the whole server's: where it moves twice, the slots are looked into
# once they are at rest. Once for one write stop: a second run after a kill finds the subscriptions disabled already.
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
        if [ "$attempts" -ge 2 ]; then : > "$state/counter_moved"; break; fi
        stops=off
        sleep 0.3 # the temporary tables of this look go in a transaction of their own, which the next look must not count
    done
    printf '%s\n' "$stopped_at" > "$state/drained"
}
# No row came after the drain, and no sequence went on after it was read
nobody_wrote() {
    publisher_file lib/unsent_publisher.sql -v peek_seconds="$PEEK_SECONDS" || return
    psql_publisher -v out="$state/sequences.again" -f "$here/lib/sequences_read_publisher.sql" || return
    [ -f "$state/sequences.publisher" ] || { echo "cutover: the sequences were not copied: $step_sequences comes first" >&2; return 4; }
    cmp -s "$state/sequences.publisher" "$state/sequences.again" && return
    echo "cutover: a sequence went on after the write stop: somebody still writes on the publisher" >&2
    return 4
}
# What was read is not yet what was set
sequences_are_set() {
    psql_subscriber -v task=compare -v behind="$state/sequences.behind" -f "$here/lib/sequences_write_subscriber.sql" < "$state/sequences.again" || return
    [ -s "$state/sequences.behind" ] || return 0
    head -n 20 "$state/sequences.behind" | plain >&2
    echo "cutover: these sequences of the new server are behind: $step_sequences comes first" >&2
    return 4
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
others_on_publisher() { publisher_file lib/sessions_publisher.sql -v allowed="$ALLOWED_ROLES"; }
# The PgBouncers lead to the new server, and the old one follows it; nobody else may be connected there.
switch_new() {
    publisher_file lib/cut_publisher_end.sql -v allowed="$ALLOWED_ROLES" &
    pid=$!
    switch_all "$NEW_HOST" "$NEW_PORT"; switched=$?
    wait "$pid" || return
    [ "$switched" -eq 0 ] || return "$switched"
    are_paused
}
# By the last answers
are_paused() { over_entries must_be_paused; }
any_paused() { ! over_entries is_awake; }
is_paused() { [ "$(shown "$name" "$entry" paused)" = 1 ]; }
is_awake() { ! is_paused; }
must_be_paused() {
    is_paused || { echo "cutover: entry $entry of PgBouncer $name is not paused: was it started anew, or never paused ($step_pause)?" >&2; return 4; }
}
must_be_awake() {
    is_awake || { echo "cutover: entry $entry of PgBouncer $name is paused, and not by this step: RESUME it, or ask who paused it" >&2; return 4; }
}
must_be_known() {
    [ -n "$(shown "$name" "$entry" name)" ] || { echo "cutover: PgBouncer $name has no entry $entry; ${name}_databases names those of one process" >&2; return 4; }
}
# By hand: only while nobody can write through them, and the new server is closed; or once it is open
switch_by_hand() {
    opened || { ask_all && are_paused && psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/require_closed.sql"; } || return
    switch_all "$NEW_HOST" "$NEW_PORT"
}
# The point of no return. It is noted on the server that opens, in the transaction that opens it, before anybody goes there.
let_in() {
    subscriber_file lib/open_subscriber.sql -v frozen="$frozen" || return
    now > "$state/opened"
    resume_all && rm -f "$state/paused" "$state/pausing"
}
open_new() {
    [ ! -f "$state/rolled_back" ] || { echo "cutover: a rollback has opened the old server; run rollback.sh to its end" >&2; return 4; }
    if ! opened; then
        subscriber_file lib/open_ready_subscriber.sql && publisher_file lib/open_ready_publisher.sql && nobody_wrote && sequences_are_set || return
    fi
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
    if is_forgotten; then
        echo "abort: the subscriber does not know this plan: it was cleaned up, or never begun. Nothing is touched" >&2
        return 4
    fi
    trap '' INT TERM HUP
    unanswered=0
    if ! prove_target "$OLD_HOST" "$OLD_PORT" 2>/dev/null; then
        part 'abort: old target' switch_all "$OLD_HOST" "$OLD_PORT" || unanswered=$?
        [ "$unanswered" -eq 0 ] || [ "$unanswered" -eq 2 ] || return "$unanswered"
    fi
    part 'abort: open writes' publisher_file lib/open_publisher.sql || return
    rm -f "$state/drained" "$state/opened" "$state/counter_moved" "$state/sequences.publisher"
    part 'abort: resume' resume_all || unanswered=2
    rm -f "$state/paused" "$state/pausing"
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
        rm -f "$state/drained" "$state/rolled_back" "$state/opened" "$state/counter_moved"
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
    finish 4 "given up, the old server serves; the reason is above"
}
paused_part() {
    flush subscriber
    started=$(milliseconds)
    : > "$state/paused"
    part 'pause' pause_all && part 'old server: stop writes, drain, read' cut_publisher \
        && part 'new server: compare, stop forward, way back' cut_subscriber \
        && { [ ! -f "$state/counter_moved" ] || part 'old server: look into the slots' nobody_wrote; } && part 'switch' switch_new && part 'open' let_in || return
    pause_ms=$(($(milliseconds) - started))
    record pause "$pause_ms ms from the first PAUSE to the last RESUME"
}
# All that need not wait for the pause
ready_to_cut() { looks_ready && prepare_pause && make_way_back; }
looks_ready() {
    [ -z "$WITHOUT" ] || record note "without $WITHOUT"
    direct=
    publisher_file lib/ready_publisher.sql -v most_bytes_behind="$MOST_BYTES_BEHIND" -v most_bytes_decoded="$MOST_BYTES_DECODED" -v frozen="$frozen" -v terminate="$TERMINATE_OTHERS" -v allowed="$ALLOWED_ROLES" || return
    psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/no_repair.sql" -f "$here/lib/all_ready.sql" || return
    among verify "$WITHOUT" || psql_subscriber -v uncompared="$UNCOMPARED" -f "$here/lib/subscriber.sql" -f "$here/lib/require_verified.sql" || return
    direct=on
    [ "$FINAL_ROWS" -gt 0 ] || MOST_KEYLESS_BYTES=0
    publisher_file lib/keyless.sql -v most_bytes="$MOST_KEYLESS_BYTES" -v uncompared="$UNCOMPARED" && look_at_encodings || return
    ask_all || return
    over_entries must_be_known || return
    can_pause && leads_to "$OLD_HOST" "$OLD_PORT" && gets_in
}
# Where there is none, that is said and noted: from the first write on nothing leads back
make_way_back() {
    [ "$WAY_BACK" = no ] || { publisher_file "$step_reverse_subscriptions"; return; }
    record note 'no way back'
    say 'note: there is no way back to the old server once the new one is open'
}
# The application can be led to the new server, and gets in there
gets_in() { can_switch && prove_logins && ask_entries publisher; }
see_logins() { ask_all && can_pause && gets_in; }
prepare_pause() { compare_inventory cutover && remember_servers && subscriber_file lib/close_subscriber.sql; }
# By hand, perhaps again. What this step has paused was looked at before, and answers nobody; what somebody else has was not
close_and_pause() {
    ask_all || return
    if ! { any_paused && { [ -f "$state/pausing" ] || [ -f "$state/paused" ]; }; }; then over_entries must_be_awake && looks_ready || return; fi
    prepare_pause && : > "$state/pausing" || return
    pause_all || { code=$?; rm -f "$state/pausing"; return "$code"; } # it has resumed everything
}
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
        if ! { ask_all && can_pause; }; then finish 4 "the new server serves on"; fi
        part 'reverse' start_reverse || finish $? "there is no way back; the new server serves on"
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
