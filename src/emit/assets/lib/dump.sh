# Bootstrap dump: one exported snapshot for all slots, one step. Sourced.
#
# The snapshot lives as long as the replication connection that made the first slot, so slots, dump and restore cannot be steps
# of their own. The first slot is made with EXPORT_SNAPSHOT and copied: all slots then stand at the snapshot's position, and the
# subscriptions need no origin to be advanced.
. "$here/lib/exported.sh"

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
    psql_subscriber -f "$here/lib/exported_loaded.sql"
    rm -rf "$folder"
    say 'all data is there'
}
load_dump() {
    wants_servers
    wants PGSLOTPLAN_DUMP 'folder for the dump, with room for the compressed data'
    needs psql pg_dump pg_restore mkfifo awk
    check_dump_version
    mkdir -p "$PGSLOTPLAN_DUMP"
    check_private "$PGSLOTPLAN_DUMP"
    make_temporary
    check_load
    loaded=$(ask_subscriber -f "$here/lib/exported_look.sql")
    case $loaded in
    loaded) finish 0 'the data is there already: nothing to do' ;;
    begun)
        say 'an earlier run did not come to its end: starting over'
        psql_subscriber -f "$here/lib/exported_over_subscriber.sql"
        psql_publisher -f "$here/lib/exported_over_publisher.sql"
        ;;
    *)
        begin_load
        ;;
    esac
    holder=
    trap leave_load EXIT
    export_snapshot
    psql_publisher -v position="$position" -f "$here/lib/exported_slots.sql"
    dump_data
    end_snapshot
    restore_data
}
