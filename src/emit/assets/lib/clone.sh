# Bootstrap clone: the whole server copied, then followed from its own position. Sourced by its steps, which run on the clone's
# host.
#
# Slots come first. A copy that ends at LSN X has every commit before X and nothing else; each subscription begins at X by
# pg_replication_origin_advance, and each slot must stand at or before X. X is what the history file of the promotion says,
# never what replay reported before it; it is kept in the clone's own catalog, so that nobody types it.
. "$here/lib/common.sh"
. "$here/lib/clone_layout.sh"
set -e

clone_state() { cat "$data.pgslotplan" 2> /dev/null || :; } # beside the folder: pg_basebackup wants it empty

on_clone() {
    on_subscriber env PGOPTIONS='-c search_path=pg_catalog -c default_transaction_isolation=read\ committed' \
        psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$subscriber" "$@"
}
# A program of an earlier run can outlive its script, and would go on writing into the folders: its process is written down,
# and looked for by number and name.
# shellcheck disable=SC2016
noted() { on_publisher sh -c 'echo $$ > "$0"; exec "$@"' "$data.pgslotplan.pid" "$@"; }
orphan() {
    pid=$(cat "$data.pgslotplan.pid" 2> /dev/null) && is_number "$pid" || return 1
    case $({ tr '\0' ' ' < "/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2> /dev/null) in
    *"$1"*) return 0 ;;
    *) return 1 ;;
    esac
}
# Subscriptions that the publisher itself has must not run here: they would take their slots over
start_clone() { start_in '' "$data" '-c max_logical_replication_workers=0'; }
copy_server() {
    if orphan pg_basebackup; then
        say 'pg_basebackup of an earlier run is still at work: ending it'
        kill "$pid"
        while orphan pg_basebackup; do sleep 0.1; done
    fi
    if [ "${PGSLOTPLAN_CLONE_EXISTING-}" = 1 ]; then
        [ -f "$data/PG_VERSION" ] || die "$data is no data folder"
        [ "$(clone_state)" = copied ] || ! runs_in "$data" ||
            die "a server runs in $data" 'A storage clone is a copy that no server runs from; if none does, delete its postmaster.pid.'
        check_links
        [ "$(clone_state)" = copied ] || rm -f "$data/postmaster.pid"
    elif [ "$(clone_state)" != copied ]; then
        if [ -f "$data.pgslotplan" ]; then
            say 'an earlier base backup did not come to its end: starting over'
            ! runs_in "$data" || die "a server runs in $data"
            rm -rf "$data"
            empty_tablespaces
        elif [ -d "$data" ] && [ -n "$(ls -A "$data")" ]; then
            die "$data is not empty" 'Give an empty folder, or PGSLOTPLAN_CLONE_EXISTING=1 for a storage clone.'
        fi
        check_tablespaces
        note_tablespaces
        echo copying > "$data.pgslotplan"
        say 'base backup'
        set -- -d "$publisher" -D "$data" -X stream -c fast -R
        if [ -n "${PGSLOTPLAN_CLONE_TABLESPACES-}" ]; then
            while read -r number path; do
                set -- "$@" -T "$(printf '%s' "$path" | sed 's/=/\\=/g')=$(tablespace_place "$number" "$path" | sed 's/=/\\=/g')"
            done < "$temporary/tablespaces"
        fi
        noted pg_basebackup "$@"
    fi
    [ "$(clone_state)" != copied ] || return 0
    : > "$data/standby.signal"
    write_configuration
    echo copied > "$data.pgslotplan"
}
# Lets the clone pass the slots, promotes it, and reads where it ends
promote_clone() { # position of the slots
    [ "$(on_clone -c 'SHOW data_directory')" = "$(CDPATH='' cd -P -- "$data" && pwd -P)" ] ||
        die 'PGSLOTPLAN_SUBSCRIBER leads to another server than the clone'
    number PGSLOTPLAN_WAIT "${PGSLOTPLAN_WAIT:-86400}"
    deadline=$(($(date +%s) + ${PGSLOTPLAN_WAIT:-86400}))
    while :; do
        recovering=$(on_clone -c 'SELECT pg_is_in_recovery()')
        [ "$recovering" = t ] || break
        passed=$(on_clone -v slots="$1" -f "$here/lib/clone_passed.sql")
        if [ "$passed" = t ]; then
            pg_ctl -D "$data" -w promote >&2
        else
            [ "$(date +%s)" -lt "$deadline" ] || die "the clone has not passed $1" "See $data.log."
            sleep 0.5
        fi
    done
    # replay goes on to the end of what was received after any position that was seen before: only this file knows
    history=$(find "$data/pg_wal" -name '*.history' | sort | sed -n '$p')
    [ -n "$history" ] || die 'the clone has no history file' 'It was not promoted from a standby; make the clone again.'
    position=$(awk 'NF >= 2 && $1 ~ /^[0-9]+$/ { x = $2 } END { print x }' "$history")
    [ -n "$position" ] || die "$history has no switch point"
    on_clone -v position="$position" -f "$here/lib/clone_remember.sql"
    echo promoted > "$data.pgslotplan"
    rm -f "$data.pgslotplan.pid"
    say "the clone ends at $position"
}
make_clone() {
    wants_servers
    wants PGSLOTPLAN_CLONE_DATA 'data folder of the clone, absolute'
    needs psql pg_basebackup pg_ctl awk find
    not_root
    make_temporary
    data=$PGSLOTPLAN_CLONE_DATA
    is_absolute PGSLOTPLAN_CLONE_DATA "$data"
    check_parents "$data"
    slots_at=$(ask_publisher -f "$here/lib/clone_position.sql")
    case $(clone_state) in
    upgraded) die 'the clone was upgraded already' "Go on with the step after $step_upgrade." ;;
    promoted)
        start_clone
        say 'the clone is there already'
        ;;
    *)
        read_layout
        copy_server
        start_clone
        promote_clone "$slots_at"
        ;;
    esac
}
restart_clone() {
    wants PGSLOTPLAN_SUBSCRIBER 'connection string of the clone'
    wants PGSLOTPLAN_CLONE_DATA 'data folder of the clone, absolute'
    needs psql pg_ctl
    not_root
    data=$PGSLOTPLAN_CLONE_DATA
    [ "$(clone_state)" = promoted ] || die "$data is not a finished clone" "Run $step_clone first."
    start_in '' "$data"
    if [ "$(on_clone -c 'SHOW max_logical_replication_workers')" = 0 ]; then
        pg_ctl -D "$data" -w -m fast stop >&2
        start_in '' "$data"
    fi
    [ "$(on_clone -c 'SHOW max_logical_replication_workers')" != 0 ] ||
        die 'max_logical_replication_workers is 0 on the clone' 'Raise it in its configuration; RUNBOOK.md has the number.'
}
fact() { sed -n "$1p" "$temporary/facts"; }
upgrade_clone() {
    wants PGSLOTPLAN_SUBSCRIBER 'connection string of the clone, before and after the upgrade, as a superuser'
    wants PGSLOTPLAN_OLD_BIN "folder of the programs of version $publisher_major"
    wants PGSLOTPLAN_NEW_BIN "folder of the programs of version $subscriber_major"
    wants PGSLOTPLAN_CLONE_DATA 'data folder of the clone, absolute'
    wants PGSLOTPLAN_NEW_DATA 'data folder of the upgraded clone, absolute; new, on the same file system'
    old=$PGSLOTPLAN_OLD_BIN new=$PGSLOTPLAN_NEW_BIN data=$PGSLOTPLAN_CLONE_DATA target=$PGSLOTPLAN_NEW_DATA
    for folder in "$old" "$new"; do
        [ -x "$folder/pg_ctl" ] || die "$folder has no pg_ctl"
    done
    is_absolute PGSLOTPLAN_NEW_DATA "$target"
    not_root
    PATH=$new:$PATH
    make_temporary
    if [ "$(clone_state)" = upgraded ]; then
        start_in "$new/" "$target"
        finish 0 'the clone is upgraded already'
    fi
    [ "$(clone_state)" = promoted ] || die "$data is not a finished clone" "Run $step_clone first."
    [ ! -f "$data/global/pg_control.old" ] || die 'an earlier upgrade was stopped after it began to link files' \
        'Neither folder can be trusted: delete both and the file that ends in .pgslotplan, and make the clone again.'
    ! orphan pg_upgrade || die 'pg_upgrade of an earlier run is still at work' 'Wait for its end, or end it; then run this step again.'
    # servers that a pg_upgrade left behind listen elsewhere
    if "$old/pg_ctl" -D "$data" status > /dev/null && ! on_clone -c 'SELECT' > /dev/null 2>&1; then
        "$old/pg_ctl" -D "$data" -w -m fast stop >&2
    fi
    if [ -f "$target/postmaster.pid" ]; then "$new/pg_ctl" -D "$target" -w -m immediate stop >&2 || :; fi
    start_old_clone
    on_clone -f "$here/lib/clone_adopted.sql"
    on_clone -f "$here/lib/clone_facts.sql" > "$temporary/facts"
    set -- -U "$(fact 7)" -E "$(fact 1)" --lc-collate="$(fact 2)" --lc-ctype="$(fact 3)" --wal-segsize="$(fact 8)"
    case $(fact 4) in
    i) set -- "$@" --locale-provider=icu --icu-locale="$(fact 5)" ;;
    b) set -- "$@" --locale-provider=builtin --builtin-locale="$(fact 5)" ;;
    esac
    if [ "$(fact 6)" = on ]; then set -- "$@" -k; elif [ -n "$without_checksums" ]; then set -- "$@" "$without_checksums"; fi
    # pg_upgrade starts servers as their configuration says
    at=$("$old/postgres" -D "$data" -C data_directory) && at=$(CDPATH='' cd -P -- "$at" && pwd -P)
    [ "$at" = "$(CDPATH='' cd -P -- "$data" && pwd -P)" ] || die "the configuration in $data leads to $at" 'Take data_directory out of it.'
    rm -rf "$target"
    empty_new_tablespaces
    "$new/initdb" -D "$target" "$@" >&2
    on_clone -f "$here/lib/clone_parameters.sql" > "$temporary/parameters"
    carry_parameters "$temporary/carried"
    "$old/pg_ctl" -D "$data" -w -m fast stop >&2
    try_parameters "$temporary/carried"
    say 'pg_upgrade'
    mkdir "$temporary/upgrade"
    (cd "$temporary/upgrade" && noted "$new/pg_upgrade" -b "$old" -B "$new" -d "$data" -D "$target" -s "$temporary" -U "$(fact 7)" --link >&2) || {
        [ -f "$data/global/pg_control.old" ] || start_old_clone
        die 'pg_upgrade refused' 'Mend on the clone what it says and run this step again; the clone runs as before unless files were linked.'
    }
    carry_files "$temporary/carried"
    echo upgraded > "$data.pgslotplan"
    start_in "$new/" "$target"
    say "upgraded; the clone runs from $target"
}
start_old_clone() { start_in "$old/" "$data" '-c max_logical_replication_workers=0'; }
