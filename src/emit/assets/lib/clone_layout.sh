# Where a clone has its folders, tablespaces, parameters and files. Sourced by clone.sh.
#
# A base backup is the data folder and nothing else. Where the publisher has its configuration elsewhere, as on Debian and Ubuntu,
# the copy gets one of its own, out of what the publisher uses; and no start of a clone believes what a configuration says of places:
# one that came along names the publisher's.

quoted() { printf '%s' "$1" | sed "s/'/'\\\\''/g"; } # between single quotes of a shell
# Options of a server that make it run this folder and no other
places() { # data folder
    at=$(CDPATH='' cd -P -- "$1" && pwd -P) || die "there is no folder $1"
    at=$(quoted "$at")
    printf "%s" "-c data_directory='$at' -c config_file='$at/postgresql.conf' -c hba_file='$at/pg_hba.conf' -c ident_file='$at/pg_ident.conf' -c external_pid_file=''"
}
# Starts a server, unless it runs
start_in() { # folder of programs with /, or nothing; data folder; more options
    "$1pg_ctl" -D "$2" status > /dev/null || "$1pg_ctl" -D "$2" -w -l "$2.log" -o "$(places "$2") ${3-}" start >&2
}
# Whether a server of this host runs in a folder: a postmaster.pid alone can have come with a copy
runs_in() { # data folder
    running=$(sed -n 1p "$1/postmaster.pid" 2> /dev/null) && is_number "$running" && kill -0 "$running" 2> /dev/null || return 1
    at=$(readlink "/proc/$running/cwd" 2> /dev/null) || return 0
    [ "$at" = "$(CDPATH='' cd -P -- "$1" && pwd -P)" ]
}
is_absolute() { # variable value
    case $2 in /*) ;; *) die "$1 is no absolute path" ;; esac
}
not_root() {
    [ "$uid" != 0 ] || die 'a server cannot be run by root' 'Run this step as the user of the operating system who owns the clone: on Debian sudo -u postgres.'
}

# Reads all that the publisher must tell of its layout before anything is made
read_layout() {
    ask_publisher -f "$here/lib/clone_layout.sql" > "$temporary/layout"
    ask_publisher -f "$here/lib/clone_parameters.sql" > "$temporary/parameters"
    ask_publisher -f "$here/lib/clone_tablespaces.sql" > "$temporary/tablespaces"
    [ "$(wc -l < "$temporary/layout")" -eq 4 ] || die "a path of the publisher's configuration holds a newline"
    for file in hba ident; do
        [ "$(layout "$file")" = f ] || ask_publisher -v file="${file}_file" -f "$here/lib/clone_file.sql" > "$temporary/$file"
    done
    publisher_data=$(layout data)
    is_its_host=
    if [ -f "$publisher_data/PG_VERSION" ] && [ "$(CDPATH='' cd -P -- "$publisher_data" && pwd -P)" != "$(CDPATH='' cd -P -- "$data" 2> /dev/null && pwd -P)" ]; then
        is_its_host=1
    fi
}
layout() { # data parameters hba ident
    case $1 in data) line=1 ;; parameters) line=2 ;; hba) line=3 ;; *) line=4 ;; esac
    sed -n "${line}p" "$temporary/layout"
}

# Where the copy of a tablespace goes: the publisher's own path, unless a folder for them is given
tablespace_place() { # number path
    if [ -n "${PGSLOTPLAN_CLONE_TABLESPACES-}" ]; then printf '%s' "$PGSLOTPLAN_CLONE_TABLESPACES/$1"; else printf '%s' "$2"; fi
}
# Places of tablespaces must be empty, and are noted so that another run may empty what this one filled
check_tablespaces() {
    if [ -n "${PGSLOTPLAN_CLONE_TABLESPACES-}" ]; then
        is_absolute PGSLOTPLAN_CLONE_TABLESPACES "$PGSLOTPLAN_CLONE_TABLESPACES"
        check_parents "$PGSLOTPLAN_CLONE_TABLESPACES/1"
    fi
    while read -r number path; do
        place=$(tablespace_place "$number" "$path")
        [ ! -e "$place" ] || { [ -d "$place" ] && [ -z "$(ls -A "$place" 2> /dev/null)" ]; } ||
            die "tablespace $path of the publisher cannot be copied to $place: that is not an empty folder" \
                'PGSLOTPLAN_CLONE_TABLESPACES names a folder for the copies of all tablespaces.'
    done < "$temporary/tablespaces"
}
# What an earlier run wrote into places that were empty when it began
empty_tablespaces() {
    [ -f "$data.pgslotplan.tablespaces" ] || return 0
    while IFS= read -r place; do rm -rf "$place"/PG_*; done < "$data.pgslotplan.tablespaces"
}
note_tablespaces() {
    while read -r number path; do
        tablespace_place "$number" "$path"
        echo
    done < "$temporary/tablespaces" > "$data.pgslotplan.tablespaces"
}
# A storage clone on the publisher's own host still links to the publisher's tablespaces
check_links() {
    [ -n "$is_its_host" ] || return 0
    for link in "$data"/pg_tblspc/*; do
        [ -h "$link" ] || continue
        ! grep -qxF "$(basename "$link") $(readlink "$link")" "$temporary/tablespaces" ||
            die "$link leads to the publisher's own tablespace" 'Let each link in pg_tblspc lead to the copy of its folder first.'
    done
}

# Gives the copy what it lacks, and parameters of its own where the publisher's name places
write_configuration() {
    if [ "$(layout parameters)" = t ]; then
        [ ! -f "$data/postgresql.conf" ] || mv "$data/postgresql.conf" "$data/postgresql.conf.publisher"
        # what stood in the other file is among the parameters
        { grep '^primary_conninfo' "$data/postgresql.auto.conf" || :; } | sed -n '$p' > "$temporary/auto"
        cat "$temporary/auto" > "$data/postgresql.auto.conf"
        cp "$temporary/parameters" "$data/postgresql.conf"
        say "the publisher's configuration is outside of its data folder: the clone has one of its own, $data/postgresql.conf"
        say_left_out "$temporary/parameters"
    fi
    for file in hba ident; do
        [ "$(layout "$file")" = f ] || cp "$temporary/$file" "$data/pg_$file.conf"
    done
    if grep -q '^[[:blank:]]*include\|[[:blank:],]@' "$data/pg_hba.conf"; then
        say "the clone's pg_hba.conf names other files: see that they are there"
    fi
    printf '%s\n' "hot_standby = on" "archive_mode = off" "primary_slot_name = ''" "synchronous_standby_names = ''" >> "$data/postgresql.auto.conf"
    lacking=$(sed -n "s/^ssl_[a-z_]*_[fd]i[lr]e* = '\(\/.*\)'\$/\1/p" "$temporary/parameters" |
        while IFS= read -r path; do [ -r "$path" ] || printf ' %s' "$path"; done)
    if [ -n "$lacking" ]; then
        echo 'ssl = off' >> "$data/postgresql.auto.conf"
        say "the clone runs without TLS until its certificates are here, or PGSLOTPLAN_CLONE_CONF names others:$lacking"
    fi
    if [ -n "${PGSLOTPLAN_CLONE_CONF-}" ]; then cat "$PGSLOTPLAN_CLONE_CONF" >> "$data/postgresql.auto.conf"; fi
}
say_left_out() { # file
    left=$(sed -n 's/^# left out: //p' "$1" | tr '\n' ' ')
    [ -z "$left" ] || say "parameters that the clone does not take over; set them where it needs them: $left"
}

# Parameters of the old clone that the new version takes, each tried alone, and the files in its folder that they name
carry_parameters() { # into a file
    kept=0
    : > "$1"
    while IFS= read -r line; do
        case $line in '#'*) continue ;; esac
        printf '%s\n' "$line" > "$temporary/one.conf"
        if "$new/postgres" -D "$target" -c data_directory="$target" -c config_file="$temporary/one.conf" -C data_directory > /dev/null 2> "$temporary/one.log"; then
            printf '%s\n' "$line" >> "$1"
            kept=$((kept + 1))
        else
            say "version $subscriber_major does not take ${line%% =*}: $(sed -n '/LOG: /{s/^.*LOG: *//;s/ in file .*//;p;q;}' "$temporary/one.log" | plain)"
        fi
    done < "$temporary/parameters"
    say "parameters carried over: $kept"
    say_left_out "$temporary/parameters"
    for name in ssl_cert_file ssl_key_file ssl_ca_file ssl_crl_file ssl_crl_dir ssl_dh_params_file krb_server_keyfile; do
        file=$(on_clone -c "SELECT current_setting('$name', true)")
        case $file in '' | /*) continue ;; esac
        [ ! -e "$data/$file" ] || cp -Rp "$data/$file" "$target/$file"
    done
}
# After pg_upgrade, which must get in
carry_files() { # parameters that were carried
    { echo; cat "$1"; } >> "$target/postgresql.conf"
    for file in pg_hba.conf pg_ident.conf; do
        [ ! -f "$data/$file" ] || cp -p "$data/$file" "$target/$file"
    done
    if [ -n "${PGSLOTPLAN_NEW_CONF-}" ]; then cat "$PGSLOTPLAN_NEW_CONF" >> "$target/postgresql.auto.conf"; fi
}
# What a new server of an upgrade that was stopped left beside the old one's files
empty_new_tablespaces() {
    for link in "$data"/pg_tblspc/*; do
        [ ! -h "$link" ] || rm -rf "$link/PG_${subscriber_major}"_*
    done
}
# A new server that does not start with these parameters is found before the old one is of no use
try_parameters() { # file
    {
        cat "$target/postgresql.conf" "$1"
        if [ -n "${PGSLOTPLAN_NEW_CONF-}" ]; then cat "$PGSLOTPLAN_NEW_CONF"; fi
    } > "$temporary/trial.conf"
    if "$new/pg_ctl" -D "$target" -w -l "$temporary/trial.log" \
        -o "$(places "$target") -c config_file='$temporary/trial.conf' -c listen_addresses='' -c unix_socket_directories='$temporary' -c logging_collector=off" start >&2; then
        "$new/pg_ctl" -D "$target" -w -m fast stop >&2
        return 0
    fi
    plain < "$temporary/trial.log" >&2
    start_old_clone
    die 'the new server does not start with the parameters of the clone' 'PGSLOTPLAN_NEW_CONF overrides them. The clone runs as before.'
}
