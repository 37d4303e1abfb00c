# Whether the application gets in on the other side: before the pause for each role that a PgBouncer uses, after RESUME for each
# entry. Sourced by cutover.sh. What a PgBouncer holds is tried where it is on this machine; it goes by the environment, never by a file.

# A value of SHOW CONFIG
configured() { awk -F '\t' -v key="$2" '$1 == key { print $2; exit }' "$state/config.$1"; }
# Role, held and password of each line of auth_file: none, md5, scram or plain
# shellcheck disable=SC2016
auth_program='
    match($0, /^[ \t]*"([^"]|"")*"[ \t]+"([^"]|"")*"/) {
        at = 0; line = $0; sub(/^[ \t]*/, "", line)
        for (i = 1; i <= 2; i++) {
            match(line, /^"([^"]|"")*"/); part[i] = substr(line, 2, RLENGTH - 2); gsub(/""/, "\"", part[i])
            line = substr(line, RLENGTH + 1); sub(/^[ \t]*/, "", line)
        }
        held = part[2] == "" ? "none" : part[2] ~ /^md5[0-9a-f]+$/ && length(part[2]) == 35 ? "md5" : part[2] ~ /^SCRAM-SHA-256\$/ ? "scram" : "plain"
        if (wanted == "") print part[1]
        else if (part[1] == ENVIRON["wanted_role"]) { if (wanted == "held") print held; else printf "%s", part[2]; exit }
    }'
# What the process holds for a role: none, plain, md5, scram, or query when nobody here knows
held() { # bouncer entry role
    if [ -n "$(entry_password "$1" "$2")" ]; then echo plain; return; fi
    file=$(auth_file "$1")
    found=
    [ -z "$file" ] || found=$(wanted_role=$3 awk -v wanted=held "$auth_program" "$file")
    echo "${found:-query}"
}
held_password() { # bouncer entry role
    found=$(entry_password "$1" "$2")
    file=$(auth_file "$1")
    if [ -n "$found" ] || [ -z "$file" ]; then printf '%s' "$found"; else wanted_role=$3 awk -v wanted=password "$auth_program" "$file"; fi
}
# Its auth_file, when configuration and file are on this machine
auth_file() { # bouncer
    eval "ini=\${${1}_ini:-}"
    file=$(configured "$1" auth_file)
    [ -z "$ini" ] || [ ! -r "${file:-/}" ] || [ ! -f "$file" ] || printf '%s' "$file"
}
# password= of an entry
entry_password() { # bouncer entry
    eval "ini=\${${1}_ini:-}"
    [ -z "$ini" ] || [ ! -r "$ini" ] || awk -v entry="$2" '
        /^[ \t]*\[/ { inside = ($0 ~ /^[ \t]*\[databases\]/) }
        inside && /^[ \t]*[^;#[]/ && index($0, "=") {
            key = substr($0, 1, index($0, "=") - 1); gsub(/^[ \t"]+|[ \t"]+$/, "", key)
            if (key == entry && match($0, /[ \t=]password[ \t]*=[ \t]*(\047([^\047]|\047\047)*\047|[^ \t]+)/)) {
                value = substr($0, RSTART, RLENGTH); sub(/^[ \t=]password[ \t]*=[ \t]*/, "", value)
                if (value ~ /^\047/) { value = substr(value, 2, length(value) - 2); gsub(/\047\047/, "\047", value) }
                printf "%s", value; exit
            }
        }' "$ini"
}
# The roles by which a process may connect for an entry: those that do, auth_user, and who stands in its list, consoles left out
roles_of() { # bouncer entry
    forced=$(shown "$1" "$2" force_user)
    if [ -n "$forced" ]; then printf '%s\n' "$forced"; return; fi
    configured "$1" auth_user
    for what in POOLS CLIENTS; do
        console "$1" -c "SHOW $what" > "$state/shown_users.$1" || return 2
        awk -F '\t' -v entry="$2" '
            NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "database") by = i; if ($i == "user") u = i } next }
            $by == entry { print $u }' "$state/shown_users.$1"
    done
    file=$(auth_file "$1")
    if [ -n "$file" ]; then
        awk "$auth_program" "$file" > "$state/listed_users.$1" || return 2
    else
        console "$1" -c 'SHOW USERS' > "$state/shown_users.$1" || return 2
        awk -F '\t' 'NR > 1 { print $1 }' "$state/shown_users.$1" > "$state/listed_users.$1"
    fi
    awk -v consoles=",$(configured "$1" admin_users),$(configured "$1" stats_users)," '
        BEGIN { gsub(/ /, "", consoles) } !index(consoles, "," $0 ",")' "$state/listed_users.$1"
}
# Runs one query as a client or a server sees it, with a limit; its answer in $answer, else what psql said
answered() { # password dbname or connection string
    rm -f "$state/answer" # what a killed run left behind writes into a file that has no name any more
    # what a PgBouncer holds is tried without what the person who runs this holds
    ([ "${as_held-}" != on ] || { unset PGPASSWORD; PGPASSFILE=$state/none; export PGPASSFILE; }
        [ -z "$1" ] || { PGPASSWORD=$1; export PGPASSWORD; }
        exec env PGOPTIONS= psql -X -q -A -t -w -d "$2" -c "SELECT pg_catalog.to_char(pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS.US')" \
            < /dev/null > "$state/answer" 2>&1) &
    asking=$!
    looks=0
    while kill -0 "$asking" 2> /dev/null; do
        looks=$((looks + 1))
        [ "$looks" -le 200 ] || { kill "$asking" 2> /dev/null; wait "$asking"; answer='no answer within 10 s'; return 2; }
        sleep 0.05
    done
    wait "$asking"
    code=$?
    answer=$(plain < "$state/answer" | sed -n 1p)
    return "$code"
}
started_at() { "ask_$1" -c "SELECT pg_catalog.to_char(pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS.US')"; }
# A value for a connection string
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"; }
csv() { for field do printf '"%s",' "$(printf '%s' "$field" | sed 's/"/""/g')"; done; echo; }

# Each role of each entry: tried with what the process holds, else looked at on both servers. 4 when one cannot get in. After can_pause,
# which reads the configuration of each process.
prove_logins() {
    new_started=$(started_at subscriber) || return
    : > "$state/logins.csv"
    for name in $PGBOUNCERS; do
        entries_of "$name"
        console "$name" -c 'SHOW SERVERS' > "$state/shown_servers.$name" || return 2
        address=$(awk -F '\t' -v entries=" $entries " '
            NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "database") by = i; if ($i == "local_addr") a = i } next }
            index(entries, " " $by " ") && $a ~ /[.:]/ { print $a; exit }' "$state/shown_servers.$name")
        mode=$(configured "$name" server_tls_sslmode)
        for entry in $entries; do
            behind=$(shown "$name" "$entry" database)
            roles_of "$name" "$entry" > "$state/roles_found.$name" || return 2
            awk '$0 != "" && !seen[$0]++' "$state/roles_found.$name" > "$state/roles.$name"
            while IFS= read -r role; do
                holds=$(held "$name" "$entry" "$role")
                tried=
                case $holds in none | plain)
                    as_held=on
                    if answered "$(held_password "$name" "$entry" "$role")" "host=$(quoted "$NEW_HOST") port=$(quoted "$NEW_PORT") dbname=$(quoted "${behind:-$entry}") user=$(quoted "$role") connect_timeout=5 sslmode=${mode:-prefer}"; then
                        if [ "$answer" = "$new_started" ]; then tried=t; else tried="$NEW_HOST:$NEW_PORT is not the subscriber"; fi
                    else
                        tried=${answer:-no answer}
                    fi
                    as_held=
                    ;;
                esac
                csv "$name" "$entry" "${behind:-$entry}" "$role" "$holds" "$tried" "$address" "${mode:-prefer}" >> "$state/logins.csv"
            done < "$state/roles.$name"
        done
    done
    case $NEW_HOST in /*) by=local ;; *) by=host ;; esac
    psql_publisher -v accepted="$ACCEPTED_LOGINS" -f "$here/lib/logins_publisher.sql" < "$state/logins.csv" \
        | psql_subscriber -v accepted="$ACCEPTED_LOGINS" -v by="$by" -f "$here/lib/logins_subscriber.sql" >&2 || {
        code=$?
        [ "$code" -ne 3 ] || code=4 # the answer is no
        return "$code"
    }
}

# One query through each entry of each process: as its a_client, or as a role whose password its list has. Before the pause too, so that
# a silence after RESUME means something. Where nobody here can log in, its connections are looked at.
ask_entries() { # side that must answer
    expected=$(started_at "$1") || return
    missing=0
    for name in $PGBOUNCERS; do
        [ -s "$state/config.$name" ] || console "$name" -c 'SHOW CONFIG' > "$state/config.$name" || return 2
        entries_of "$name"
        for entry in $entries; do
            ask_entry "$name" "$entry" "$expected"
            case $? in
            0) ;;
            5) waits_for_nobody "$name" "$entry" "$1" || missing=4 ;;
            *)
                echo "cutover: entry $entry of PgBouncer $name does not answer from the $1: $answer" >&2
                missing=4
                ;;
            esac
        done
    done
    return "$missing"
}
# 5 when nobody is known who could ask
ask_entry() { # bouncer entry expected
    eval "client=\${${1}_client:-}; split_dsn \"\$${1}_console\""
    console_dsn=$split_dsn console_password=$split_password
    if [ -n "$client" ]; then
        split_dsn "$client"
        answers "$3" "$split_password" "$(with_database "$split_dsn" "$2")"
        return
    fi
    # any client of an entry with user= comes as that role
    if [ -n "$(shown "$1" "$2" force_user)" ]; then answers "$3" "$console_password" "$(with_database "$console_dsn" "$2")"; return; fi
    asked=5
    roles_of "$1" "$2" > "$state/roles_found.$1" || { answer='its console does not answer'; return 2; }
    awk '$0 != "" && !seen[$0]++' "$state/roles_found.$1" > "$state/roles.$1"
    while IFS= read -r role; do
        case $(held "$1" "$2" "$role") in none | plain) ;; *) continue ;; esac
        answers "$3" "$(held_password "$1" "$2" "$role")" "$(with_database "$console_dsn" "$2" "$role")" && return
        asked=4
    done < "$state/roles.$1"
    return "$asked"
}
answers() { # expected password connection string
    answered "$2" "$3" || return 4
    [ "$answer" != "$1" ] || return 0
    answer='another server answers'
    return 4
}
waits_for_nobody() { # bouncer entry side
    looks=0
    while [ "$looks" -lt 50 ]; do
        console "$1" -c 'SHOW POOLS' > "$state/pools.$1" || return 2
        # database user cl_active cl_waiting ... sv_active sv_idle sv_used
        if awk -F '\t' -v entry="$2" '
            NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            $at["database"] == entry && $at["cl_waiting"] > 0 && $at["sv_active"] + $at["sv_idle"] + $at["sv_used"] == 0 { waiting = 1 }
            END { exit waiting }' "$state/pools.$1"; then
            say "note: entry $2 of PgBouncer $1 was not asked: nobody here can log in, and ${1}_client is not set; no client waits for the $3"
            return 0
        fi
        looks=$((looks + 1))
        sleep 0.2
    done
    echo "cutover: clients of entry $2 of PgBouncer $1 wait, and it has no connection to the $3" >&2
    return 4
}
# The same connection to another database, perhaps as another role
with_database() { # connection string database [role]
    case $1 in
    *://*)
        case $1 in *\?*) joined='&' ;; *) joined='?' ;; esac
        printf '%s%sdbname=%s%s' "$1" "$joined" "$(encoded "$2")" "${3:+&user=$(encoded "$3")}"
        ;;
    *) printf '%s dbname=%s%s connect_timeout=10' "$1" "$(quoted "$2")" "${3:+ user=$(quoted "$3")}" ;;
    esac
}
encoded() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g'; }
