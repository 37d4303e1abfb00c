# The subscriber's schema, by pg_dump of the publisher. Sourced by its steps.
#
# pg_dump's list of contents names each entry by class and oid of the publisher's catalog; which entries are keys, indexes or
# foreign keys is asked of that catalog, so that names, which could hold anything, are compared only for INDEX ATTACH, whose
# entries have no oid. What exists already is left alone: an interrupted step is run again, and the drift steps say whether
# the result is right.
. "$here/lib/common.sh"
set -e

# Refuses a pg_dump that is older than the publisher: it cannot read it
check_dump_version() {
    major=$(pg_dump --version | sed 's/^.*(PostgreSQL) \([0-9][0-9]*\).*$/\1/')
    case $major in '' | *[!0-9]*) die 'the version of pg_dump cannot be read' ;; esac
    [ "$major" -ge "$publisher_major" ] ||
        die "pg_dump is of version $major, but the publisher of version $publisher_major" 'Set PGSLOTPLAN_BIN to the programs of the subscriber.'
    [ "$major" -eq "$subscriber_major" ] || say "note: pg_dump is of version $major, the subscriber of version $subscriber_major"
}
# Text that pg_dump wrote is a script for psql: names, comments and bodies in it come from the publisher. \restrict, with a key that
# nobody can guess, makes psql refuse every command of its own up to the end of the text.
check_restricted() { # file
    awk '
        /^--/ || /^$/ { next }
        key == "" { if ($0 !~ /^\\restrict [A-Za-z0-9]+$/ || length($2) < 16) exit; key = $2; next }
        { last = $0 }
        END { exit !(key != "" && last == "\\unrestrict " key) }' "$1" ||
        die 'the output of pg_restore does not begin with \restrict and end with \unrestrict: psql would run commands that stand in it' \
            'Set PGSLOTPLAN_BIN to programs of 13.22, 14.19, 15.14, 16.10, 17.6, 18 or a later release of these.'
}
# psql must know \restrict too: to an older one it is an error like any other, after which a script goes on
check_psql() {
    printf '\\restrict pgslotplan\n\\unrestrict pgslotplan\n' | psql_subscriber -f - > /dev/null 2>&1 ||
        die 'psql does not know \restrict, or the subscriber does not answer' \
            'Set PGSLOTPLAN_BIN to programs of 13.22, 14.19, 15.14, 16.10, 17.6, 18 or a later release of these.'
}
# With a loader, what runs the code of others is done by a role that is no superuser
check_loader() {
    [ -n "${PGSLOTPLAN_LOADER-}" ] || return 0
    split_dsn "$PGSLOTPLAN_LOADER"
    loader=$split_dsn loader_password=$split_password
    where='SELECT pg_catalog.pg_postmaster_start_time(), pg_catalog.current_database()'
    [ "$(psql_loader -A -t -c "$where")" = "$(ask_subscriber -c "$where")" ] ||
        die 'PGSLOTPLAN_LOADER does not lead to the database of the subscriber'
    psql_loader -f "$here/lib/loader.sql"
}
on_loader() { with_password "$loader_password" "$@"; }
psql_loader() { on_loader psql -X -q -v ON_ERROR_STOP=1 -d "$loader" "$@"; }
has_loader() { [ -n "${PGSLOTPLAN_LOADER-}" ]; }
# Who carries out what pg_restore wrote
psql_writer() { if has_loader; then psql_loader "$@"; else psql_subscriber "$@"; fi; }
# Dumps the schema and sorts the entries of its last section into lists by kind
read_schema() {
    needs psql pg_dump pg_restore awk sort
    check_dump_version
    make_temporary
    : > "$temporary/refused"
    psql_subscriber -f "$here/lib/subscriber.sql"
    check_psql
    check_loader
    on_publisher env PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=60s" \
        pg_dump -d "$publisher" -Fc --schema-only --no-publications --no-subscriptions -N pgslotplan -f "$temporary/schema.dump"
    ask_publisher -f "$here/lib/schema_kinds.sql" > "$temporary/kinds"
    ask_publisher -f "$here/lib/schema_attached.sql" > "$temporary/attached"
    pg_restore -l --section=post-data "$temporary/schema.dump" > "$temporary/post.list"
    lists='keys attach_keys early indexes attach_indexes foreign cut checks rest firing'
    for list in $lists; do : > "$temporary/$list.list"; done
    # a comment follows its object at once and belongs to it
    awk -v folder="$temporary" -v lists=" $lists " '
        FILENAME == ARGV[1] {
            split($0, part, "|")
            # a kind is the name of a file
            if (!index(lists, " " part[3] " ") || part[3] !~ /^[a-z_]+$/ || part[4] !~ /^[0-9]+$/ || part[5] !~ /^[0-9]+$/) { print "a kind of an entry is invalid" > "/dev/stderr"; exit 1 }
            kinds[part[1] " " part[2]] = part[3]; sizes[part[1] " " part[2]] = part[4]; tables[part[1] " " part[2]] = part[5]; next
        }
        FILENAME == ARGV[2] { attached[$0] = 1; next }
        /^;/ || /^$/ { next }
        {
            text = $0; sub(/^[0-9]+; [0-9]+ [0-9]+ /, "", text)
            entry = $2 " " $3
            if (text ~ /^INDEX ATTACH /) kind = (text in attached) ? "attach_keys" : "attach_indexes"
            else if ($2 == 0 && text ~ /^(COMMENT|ACL|SECURITY LABEL) /) kind = last
            else { kind = (entry in kinds) ? kinds[entry] : "rest"; group++; size = (entry in sizes) ? sizes[entry] : 0 }
            last = kind
            print $0 > (folder "/" kind ".list")
            # the keys of a table wait for each other: one job makes them
            if (kind == "keys" && entry in tables) table = tables[entry]
            if (kind == "indexes") printf "%s|%d|%s\n", size, group, $0 > (folder "/indexes.sized")
            else if (kind == "keys") { total[table] += (entry in sizes) ? size : 0; key[++keys] = $0; of[keys] = table }
        }
        END { for (i = 1; i <= keys; i++) printf "%.0f|%d|%s\n", total[of[i]], of[i], key[i] > (folder "/keys.sized") }' "$temporary/kinds" "$temporary/attached" "$temporary/post.list"
}
# Runs a file of the dump and takes "already exists" for done: duplicate table, object, function, schema, column, primary key;
# identity column; partition. So is a setting that the subscriber lacks. Any other error is kept until all is done: see settle_refused.
apply() { # file [holds]
    check_restricted "$1"
    if [ -n "${2-}" ]; then
        psql_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/apply.sql" -c '\set ON_ERROR_ROLLBACK on' -c BEGIN -f "$1" \
            -f "$here/lib/apply_held.sql" > /dev/null 2> "$1.errors"
    else
        psql_writer -f "$here/lib/subscriber.sql" -f "$here/lib/apply.sql" -f "$1" > /dev/null 2> "$1.errors"
    fi || {
        code=$?
        plain < "$1.errors" >&2
        return "$code"
    }
    grep -E ':[0-9]+: [^ ]+:  [0-9A-Z]{5}: ' "$1.errors" |
        grep -v -E ':[0-9]+: [^ ]+:  (0[01]...|42P07|42710|42723|42P06|42701|42P16|42809|55000): ' |
        grep -v -F '42704: unrecognized configuration parameter "transaction_timeout"' > "$1.refused" || :
    cat "$1.refused" >> "$temporary/refused"
}
# What the subscriber refused is a no-go, unless each line of it is accepted: what is missing then is found by the inventory
settle_refused() {
    [ -s "$temporary/refused" ] || return 0
    awk 'match($0, /:[0-9]+: [^ ]+:  [0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]: /) { text = substr($0, RSTART); sub(/^:[0-9]+: [^ ]+:  /, "", text); print text }' \
        "$temporary/refused" | sort -u > "$state/refused.$step.txt"
    if [ -n "${PGSLOTPLAN_ACCEPT_REFUSED-}" ]; then
        [ -r "$PGSLOTPLAN_ACCEPT_REFUSED" ] || die "\"$PGSLOTPLAN_ACCEPT_REFUSED\" of PGSLOTPLAN_ACCEPT_REFUSED cannot be read"
        grep -v -x -F -f "$PGSLOTPLAN_ACCEPT_REFUSED" "$state/refused.$step.txt" > "$temporary/refused.left" || :
    else
        cp "$state/refused.$step.txt" "$temporary/refused.left"
    fi
    [ -s "$temporary/refused.left" ] || { say 'what the subscriber refused is accepted'; return 0; }
    sed -n 1,40p "$temporary/refused.left" | plain >&2
    die 'the subscriber refused statements of the schema; all the others were carried out' \
        "Mend the cause and run this step again: what is there stays. What cannot be mended, as an object that this version knows no more: make it here as it should be, and name a file with these lines, which stand in $state/refused.$step.txt, in PGSLOTPLAN_ACCEPT_REFUSED."
}
restore() { # list [holds]
    [ -s "$temporary/$1.list" ] || return 0
    pg_restore -L "$temporary/$1.list" -f "$temporary/$1.sql" "$temporary/schema.dump"
    apply "$temporary/$1.sql" "${2-}"
}
# Foreign keys of the publisher that the plan does not know
check_foreign_keys() { psql_publisher -v side=publisher -f "$here/lib/publisher.sql" -f "$here/lib/foreign_keys_known.sql"; }
# Roles and memberships that the subscriber lacks: read as CSV, spelled by the subscriber
make_roles() {
    psql_publisher -f "$here/lib/roles_read.sql" > "$temporary/roles.csv"
    psql_subscriber -f "$here/lib/roles_make.sql" < "$temporary/roles.csv"
    psql_publisher -f "$here/lib/settings_read.sql" > "$temporary/settings.csv"
    psql_subscriber -f "$here/lib/settings_make.sql" < "$temporary/settings.csv"
}
make_tables() {
    wants_servers
    read_schema
    check_foreign_keys
    has_loader || psql_publisher -f "$here/lib/functions_made.sql"
    say 'roles'
    make_roles
    say 'tables'
    pg_restore -l --section=pre-data "$temporary/schema.dump" > "$temporary/pre.all"
    # every dump from below 15 gives schema public to a superuser, whom no other role can become; its owner is the database's
    oid=0
    [ "$privileges" = superuser ] || oid=$(ask_publisher -c "SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'public'")
    grep -v -E "^[0-9]+; 2615 ${oid:-0} SCHEMA " "$temporary/pre.all" > "$temporary/pre.list" || :
    pg_restore -L "$temporary/pre.list" -f "$temporary/pre.sql" "$temporary/schema.dump"
    apply "$temporary/pre.sql"
    if [ "$keys_come_later" = no ]; then
        say 'keys'
        restore keys
        restore attach_keys
        restore early
    fi
    settle_refused
}
# Several at a time: the largest first, each to the job with the least to do (LPT: at most 4/3 of the best)
build() { # keys or indexes
    jobs=${PGSLOTPLAN_JOBS:-4}
    number PGSLOTPLAN_JOBS "$jobs"
    [ -s "$temporary/$1.sized" ] || return 0
    sort -t '|' -k1,1nr -k2,2n -s "$temporary/$1.sized" | awk -v jobs="$jobs" -v folder="$temporary" -v what="$1" '{
        split($0, part, "|"); line = substr($0, length(part[1]) + length(part[2]) + 3)
        if (part[2] != group) {
            job = 1
            for (i = 2; i <= jobs; i++) if (load[i] + 0 < load[job] + 0) job = i
            load[job] += part[1] + 8192; count[job]++; group = part[2]
        }
        print line > (folder "/job" job ".list")
    } END { for (i = 1; i <= jobs; i++) if (count[i]) printf "job %d: %d %s, %.0f MB on the publisher\n", i, count[i], what == "keys" ? "tables with keys" : what, load[i] / 1e6 }' >&2
    pids=
    for list in "$temporary"/job*.list; do
        name=${list##*/}
        (trap - EXIT; restore "${name%.list}") &
        pids="$pids $!"
    done
    status=0
    for pid in $pids; do wait "$pid" || status=$?; done
    [ "$status" -eq 0 ] || exit "$status"
}
make_indexes() {
    wants_servers
    read_schema
    build indexes
    restore attach_indexes
    settle_refused
}
make_foreign_keys() {
    wants_servers
    read_schema
    check_foreign_keys
    psql_publisher -f "$here/lib/publisher.sql" -f "$here/lib/functions_validated.sql"
    if [ -s "$temporary/checks.list" ] && ! has_loader; then psql_publisher -f "$here/lib/functions_checked.sql"; fi
    restore foreign
    restore checks
    restore rest
    restore firing holds
    # comments on the foreign keys that are kept away join what is remembered of them
    psql_publisher -f "$here/lib/comments_read.sql" > "$temporary/comments.csv"
    psql_subscriber -f "$here/lib/comments_write.sql" < "$temporary/comments.csv"
    settle_refused
}
