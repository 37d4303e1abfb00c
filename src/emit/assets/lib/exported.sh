# The first slot with the snapshot that it exports, and how rows are loaded: what the bootstraps dump and snapshot share. Sourced.
. "$here/lib/schema.sh"
set -e

load_name=pgslotplan_load_$prefix # by which the sessions of this step's programs are known

# Becomes a program of the publisher's side, which is killed by this process's number: for a process of its own
become_loading() { # program…
    PGAPPNAME=$load_name
    [ -z "$publisher_password" ] || export PGPASSWORD="$publisher_password"
    exec "$@"
}
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
        become_loading env PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0" psql -X -q -A -t -v ON_ERROR_STOP=1 -v first_slot="$first_slot" -v snapshot="$temporary/snapshot" -v done="$temporary/snapshot.done" \
            -d "$replication" -f -
    ) < "$temporary/commands" > "$temporary/replies" 2>&1 8>&- &
    holder=$!
    # psql flushes the answer when \o closes its file
    exec 9> "$temporary/commands"
    cat "$here/lib/exported_snapshot.sql" >&9
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
# What both want before they look how far the data is
check_load() {
    check_loader
    has_loader || psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/functions_loaded.sql"
    check_replica
    psql_publisher -f "$here/lib/publisher.sql"
}
# No slot is there yet, and no row
begin_load() {
    psql_publisher -f "$here/lib/slots_absent.sql"
    psql_subscriber -f "$here/lib/exported_begin.sql"
}
# Foreign keys and triggers must not see rows in the order of the files. Tried before anything is dumped
check_replica() {
    replica=' -c session_replication_role=replica'
    role=$(PGOPTIONS="${PGOPTIONS:-}$replica" && export PGOPTIONS && psql_writer -A -t -c 'SHOW session_replication_role' 2> /dev/null) || role=
    [ "$role" != replica ] || return 0
    [ "$privileges" != superuser ] || die 'session_replication_role cannot be set on the subscriber' 'Connect as a role that may set it, and without options in the connection string.'
    replica=
    psql_subscriber -f "$here/lib/exported_triggers.sql"
}
