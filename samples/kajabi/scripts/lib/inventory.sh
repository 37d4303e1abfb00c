# Is it the same database on the other side? What both hold, compared at one moment of the migration. Sourced.
. "$here/lib/common.sh"
tab=$(printf '\t')

# Lines of the team's file that accept differences; nothing when there is none
accepted_lines() {
    accepted=${PGSLOTPLAN_ACCEPT-}
    if [ -z "$accepted" ]; then
        [ -f "$state/accepted.txt" ] || return 0
        accepted=$state/accepted.txt
    fi
    [ -r "$accepted" ] || { say "error: \"$accepted\" of PGSLOTPLAN_ACCEPT cannot be read"; return 1; }
    cat "$accepted"
}
# 0: every difference is brought by a later step, or accepted by name. 4: the others are shown; all stand in the state folder
compare_inventory() { # tables, everything, cutover or proof
    needs psql awk sed
    [ -n "$temporary" ] || make_temporary
    accepted_lines > "$temporary/accepted" || return
    ask_publisher -f "$here/lib/publisher.sql" -f "$here/lib/inventory_read.sql" > "$temporary/there" &
    reading=$!
    ask_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/inventory_read.sql" > "$temporary/here" || { wait "$reading" || :; return 3; }
    wait "$reading" || return 3
    {
        awk '!/^[ \t\r]*(#|$)/ { gsub(/\r/, ""); gsub(/\\/, "&&"); gsub(/\t/, " "); print NR "\t" $0 }' "$temporary/accepted" \
            && printf '\\.\n' && sed "s/^/publisher$tab/" "$temporary/there" && sed "s/^/subscriber$tab/" "$temporary/here"
    } > "$temporary/both" || return 3
    ask_subscriber -v moment="$1" -f "$here/lib/subscriber.sql" -f "$here/lib/inventory_compare.sql" < "$temporary/both" \
        > "$state/inventory.$1.tsv" || return
    rm -f "$temporary/both" "$temporary/there" "$temporary/here"
    counted=$(awk -F '\t' '$1 == "no-go" { bad++ } END { print NR + 0, bad + 0 }' "$state/inventory.$1.tsv")
    record inventory "$1: ${counted% *} differences, ${counted#* } of them a no-go"
    # COPY writes a backslash as two
    awk -F '\t' 'NR <= 60 { gsub(/\\\\/, "\\"); print $1 ": " $2 ": " $3; if ($4 != "\\N") print "    " $4 }' "$state/inventory.$1.tsv" | plain
    [ "${counted#* }" -ne 0 ] || return 0
    say "the databases differ: ${counted#* } of ${counted% *} differences are a no-go; all of them are in $state/inventory.$1.tsv"
    say 'hint: Mend each, as pgslotplan check says how, or accept it: its line, from the kind to the last word before the second colon, in a file that PGSLOTPLAN_ACCEPT names.'
    return 4
}
compare_drift() { # tables or everything
    wants_servers
    code=0
    compare_inventory "$1" || code=$?
    [ "$code" -ne 4 ] || finish 4 'the databases differ; the differences are above'
    return "$code"
}
# Tables that were made on the new server since, or never replicated: a rollback would leave their rows there
compare_left_behind() {
    [ -n "$temporary" ] || make_temporary
    accepted_lines > "$temporary/accepted" || return
    ask_subscriber -f "$here/lib/subscriber.sql" -f "$here/lib/inventory_unreplicated.sql" > "$temporary/here" || return
    awk -F '\t' 'FILENAME == ARGV[1] { known[$0] = 1; next } { gsub(/\\\\/, "\\") }
        !(($1 " " $2) in known) && !(($1 " " $2 " " $3) in known) { print $1 " " $2 " " $3 }' "$temporary/accepted" "$temporary/here" > "$temporary/left" || return
    [ -s "$temporary/left" ] || return 0
    sed -n 1,40p "$temporary/left" | plain >&2
    say 'hint: Nothing brings the rows of these tables back to the old server. Copy them, or accept each line in the file that PGSLOTPLAN_ACCEPT names.'
    return 4
}
