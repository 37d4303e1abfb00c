# Bootstrap dump: one exported snapshot for all slots, one step. Sourced.
#
# The snapshot lives as long as the replication connection that made the first slot, so slots, dump and restore cannot be steps
# of their own. The first slot is made with EXPORT_SNAPSHOT and copied: all slots then stand at the snapshot's position, and the
# subscriptions need no origin to be advanced.
. "$here/lib/schema.sh"
set -e

load_name=pgslotplan_load_$prefix # by which the sessions of this step's programs are known

# The first slot and its snapshot, over a replication connection that stays open behind a named pipe
export_snapshot() {
    case $publisher in
    postgres://*\?* | postgresql://*\?*) replication="$publisher&replication=database" ;;
    postgres://* | postgresql://*) replication="$publisher?replication=database" ;;
    *=*) replication="$publisher replication=database" ;;
    *) replication="dbname='$publisher' replication=database" ;;
    esac
    psql_publisher -v slots=planned_slot -f "$here/lib/publisher.sql" -f "$here/lib/slot_waits.sql"
    say 'making the first slot: it waits for transactions that are writing now'
    mkfifo "$temporary/commands"
    (
        options="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
        export PGAPPNAME="$load_name"
        [ -z "$publisher_password" ] || export PGPASSWORD="$publisher_password"
        exec env PGOPTIONS="$options" psql -X -q -A -t -v ON_ERROR_STOP=1 -v first_slot="$first_slot" -v snapshot="$temporary/snapshot" -v done="$temporary/snapshot.done" \
            -d "$replication" -f -
    ) < "$temporary/commands" > "$temporary/replies" 2>&1 &
    holder=$!
    # psql flushes the answer when \o closes its file
    exec 9> "$temporary/commands"
    cat "$here/lib/dump_snapshot.sql" >&9
    looks=0
    while [ ! -s "$temporary/snapshot.done" ]; do
        looks=$((looks + 1))
        [ "$looks" -le 4500 ] || die 'the first slot was not made within 15 min' 'End the transactions for which it waits, or run this again when they have ended.'
        kill -0 "$holder" 2> /dev/null || die 'the first slot could not be made' "$(plain < "$temporary/replies")"
        sleep 0.2
    done
    position=$(cut -d '|' -f 2 "$temporary/snapshot")
    snapshot=$(cut -d '|' -f 3 "$temporary/snapshot")
    case $snapshot in '' | *[!0-9A-F-]*) die 'the server exported no snapshot' "$(plain < "$temporary/replies")" ;; esac
    case $position in '' | *[!0-9A-F/]*) die 'the position of the first slot is none' ;; esac
    say "snapshot $snapshot at $position"
}
end_snapshot() {
    exec 9>&-
    wait "$holder" || :
    holder=
}
leave_load() {
    code=$?
    exec 9>&-
    [ -z "$holder" ] || kill "$holder" 2> /dev/null || :
    leave "$code"
}
dump_data() {
    jobs=${PGSLOTPLAN_JOBS:-4}
    number PGSLOTPLAN_JOBS "$jobs"
    # a folder of its own: a pg_dump of an earlier run may still write into another
    rm -rf "$PGSLOTPLAN_DUMP/pgslotplan-$prefix".??????
    folder=$(mktemp -d "$PGSLOTPLAN_DUMP/pgslotplan-$prefix.XXXXXX")
    set --
    . "$here/plan/dump_arguments.sh"
    say "dumping into $folder"
    on_publisher env PGAPPNAME="$load_name" PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=0" \
        pg_dump -d "$publisher" -Fd -j "$jobs" --data-only --snapshot="$snapshot" --no-unlogged-table-data -N pgslotplan "$@" -f "$folder"
}
restore_data() {
    ask_publisher -f "$here/lib/dump_oids.sql" > "$temporary/oids"
    pg_restore -l "$folder" > "$temporary/list"
    # entries are named by the oids of their table on the publisher: names could hold anything
    awk 'NR == FNR { wanted[$1] = 1; next }
         /^;/ { next }
         $2 == "0" && ($3 in wanted) && $4 == "TABLE" && $5 == "DATA" { print; delete wanted[$3] }
         END { for (oid in wanted) print oid > missing }' missing="$temporary/missing" "$temporary/oids" "$temporary/list" > "$temporary/tables"
    [ ! -s "$temporary/missing" ] || die 'the dump lacks planned tables' "oids on the publisher: $(tr '\n' ' ' < "$temporary/missing" | plain)"
    say 'restoring'
    options="${PGOPTIONS:-}${replica} -c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0"
    if has_loader; then set -- "$loader_password" "$loader"; else set -- "$subscriber_password" "$subscriber"; fi
    with_password "$1" env PGOPTIONS="$options" PGAPPNAME="$load_name" pg_restore -d "$2" --data-only -j "$jobs" --exit-on-error -L "$temporary/tables" "$folder"
    psql_subscriber -f "$here/lib/dump_loaded.sql"
    rm -rf "$folder"
    say 'all data is there'
}
# Foreign keys and triggers must not see rows in the order of the files. Tried before anything is dumped
check_replica() {
    replica=' -c session_replication_role=replica'
    role=$(PGOPTIONS="${PGOPTIONS:-}$replica" && export PGOPTIONS && psql_writer -A -t -c 'SHOW session_replication_role' 2> /dev/null) || role=
    [ "$role" != replica ] || return 0
    [ "$privileges" != superuser ] || die 'session_replication_role cannot be set on the subscriber' 'Connect as a role that may set it, and without options in the connection string.'
    replica=
    psql_subscriber -f "$here/lib/dump_triggers.sql"
}
load_dump() {
    wants_servers
    wants PGSLOTPLAN_DUMP 'folder for the dump, with room for the compressed data'
    needs psql pg_dump pg_restore mkfifo awk
    check_dump_version
    mkdir -p "$PGSLOTPLAN_DUMP"
    check_private "$PGSLOTPLAN_DUMP"
    make_temporary
    check_loader
    has_loader || psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/functions_loaded.sql"
    check_replica
    psql_publisher -f "$here/lib/publisher.sql"
    loaded=$(ask_subscriber -f "$here/lib/dump_look.sql")
    case $loaded in
    loaded) finish 0 'the data is there already: nothing to do' ;;
    begun)
        say 'an earlier run did not come to its end: starting over'
        psql_subscriber -f "$here/lib/dump_over_subscriber.sql"
        psql_publisher -f "$here/lib/dump_over_publisher.sql"
        ;;
    *)
        psql_publisher -f "$here/lib/slots_absent.sql"
        psql_subscriber -f "$here/lib/dump_begin.sql"
        ;;
    esac
    holder=
    trap leave_load EXIT
    export_snapshot
    psql_publisher -v position="$position" -f "$here/lib/dump_slots.sql"
    dump_data
    end_snapshot
    restore_data
}
