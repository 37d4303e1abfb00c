# What every shell step shares: connections, folders, evidence, ends. Sourced; $here is the folder of the emitted files.
#
# Names of tables never pass through the shell: they travel in CSV from psql to psql. Slot names are [a-z0-9_] only.
# Variables: RUNBOOK.md.

set -u
umask 077
PATH="${PGSLOTPLAN_BIN:+$PGSLOTPLAN_BIN:}$PATH"
LC_ALL=C PGAPPNAME=pgslotplan PGCLIENTENCODING=UTF8
export PATH LC_ALL PGAPPNAME PGCLIENTENCODING
repair= # the kit of a repair has a word of its own
. "$here/plan/values.sh"
. "$here/plan/steps.sh"

step=${0##*/}
has_ended=
temporary=
kind=real
[ "${PGSLOTPLAN_REHEARSAL:-no}" = yes ] && kind=rehearsal
if [ "$kind" = rehearsal ]; then
    PGOPTIONS="${PGOPTIONS:-} -c pgslotplan.rehearsal=on"
    export PGOPTIONS
fi
# --- Folders. What stands in them is run or written as us, so nobody else may be able to put anything there.

uid=$(id -u)
# a group that holds only its user, as most systems make them, is the user
own_group=
[ "$(id -gn 2> /dev/null)" != "$(id -un 2> /dev/null)" ] || own_group=$(id -g)
refuse_path() { # path reason
    printf '%s: error: "%s" %s\nhint: %s\n' "$step" "$1" "$2" \
        'Use a folder that belongs to you or to root, in folders that do too, and that nobody else may write.' >&2
    exit 1
}
# The first of the files below a path that somebody else owns or may write; with -prune only the path itself
writable_by_others() { # path [-prune] [test…]
    if [ -n "$own_group" ]; then
        find "$@" \( ! \( -user "$uid" -o -user 0 \) -o -perm -002 -o -perm -020 ! -group "$own_group" \) -print
    else
        find "$@" \( ! \( -user "$uid" -o -user 0 \) -o -perm -002 -o -perm -020 \) -print
    fi 2> /dev/null | sed -n 1p
}
# Refuses a folder whose parents are not safe. A sticky one, such as /tmp, keeps others from changing what is ours.
check_parents() { # path
    at=$(CDPATH='' cd -P -- "$(dirname -- "$1")" && pwd -P) || exit 1
    while :; do
        found=$(writable_by_others "$at" -prune ! \( -type d -perm -1000 -user 0 \))
        [ -z "$found" ] || refuse_path "$found" 'belongs to somebody else, or others may write into it'
        [ "$at" != / ] || break
        at=${at%/*}
        at=${at:-/}
    done
}
# Refuses a path that is not ours alone, and with a third argument anything in it
check_private() { # path everything
    [ ! -h "$1" ] || refuse_path "$1" 'is a symbolic link'
    check_parents "$1"
    if [ -n "${2-}" ]; then
        found=$(find "$1" -type l -print 2> /dev/null | sed -n 1p)
        [ -z "$found" ] || refuse_path "$found" 'is a symbolic link'
        found=$(writable_by_others "$1")
    else
        found=$(writable_by_others "$1" -prune)
    fi
    [ -z "$found" ] || refuse_path "$found" 'belongs to somebody else, or others may write it'
}
check_parents "$here/lib"
found=$(writable_by_others "$here" ! -type l)
[ -z "$found" ] || refuse_path "$found" 'belongs to somebody else, or others may write it'

state=${PGSLOTPLAN_STATE:-$here.state}
case $state in /*) ;; *) state=$(pwd)/$state ;; esac
if [ -e "$state" ] || [ -h "$state" ]; then check_private "$state" everything; fi
mkdir -p "$state/done" || exit 1
check_private "$state" everything
evidence=$state/evidence.tsv

# --- Texts

# A server's text on its way to a terminal: control characters and marks that turn the direction of writing become ?
plain() {
    LC_ALL=C tr '\001-\010\013-\037\177' '[?*]' | LC_ALL=C sed "$plain_marks"
}
plain_marks=$(printf 's/\302[\200-\237]/?/g\ns/\342\200[\216\217\252-\256]/?/g\ns/\342\201[\246-\251]/?/g')
# Whole numbers: what a server says reaches no arithmetic of the shell before it was looked at, since a shell evaluates it
is_number() { # value…
    for value do case $value in '' | *[!0-9]* | ????????????????????*) return 1 ;; esac done
}
number() { # what value
    is_number "$2" || die "$1 is no number: $(printf '%s' "$2" | plain)"
}

# --- Connections

# Needs these environment variables, or ends
wants() { # name meaning
    eval "value=\${$1-}"
    [ -n "$value" ] || { printf '%s: error: %s is not set\nhint: Set it to the %s.\n' "$step" "$1" "$2" >&2; exit 1; }
}
wants_servers() {
    wants PGSLOTPLAN_PUBLISHER "connection string of the publisher's database"
    wants PGSLOTPLAN_SUBSCRIBER "connection string of the subscriber's database"
}
# Needs these programs, or ends
needs() {
    for program do
        command -v "$program" > /dev/null || die "$program is not there" 'Set PGSLOTPLAN_BIN to the folder that holds it.'
    done
}
# A password in a connection string would stand in the process list: it is taken out, and handed over by the environment. Sets
# split_dsn and split_password.
split_dsn() { # connection string
    split_dsn=$1
    split_password=
    case $1 in *password* | *://*@*) ;; *) return 0 ;; esac
    if ! { split_dsn=$(dsn=$1 part=rest awk "$split_program") && split_password=$(dsn=$1 part=password awk "$split_program"); }; then
        die 'a connection string cannot be read' 'A passphrase (sslpassword) belongs into a service file: service=NAME in the connection string.'
    fi
}
# libpq's two forms: a URI, or keywords with values that may be quoted
# shellcheck disable=SC2016
split_program='
    function decoded(text,   out, at, hex, high, low) {
        hex = "0123456789abcdef"
        while ((at = index(text, "%")) > 0) {
            high = index(hex, tolower(substr(text, at + 1, 1))); low = index(hex, tolower(substr(text, at + 2, 1)))
            if (!high || !low || length(text) < at + 2) exit 1
            out = out substr(text, 1, at - 1) sprintf("%c", (high - 1) * 16 + low - 1)
            text = substr(text, at + 3)
        }
        return out text
    }
    function of_uri(s,   at, scheme, user, rest, query, pair, count, i, kept) {
        at = index(s, "://") + 2; scheme = substr(s, 1, at); s = substr(s, at + 1)
        if (match(s, /^[^@\/]*@/)) {
            user = substr(s, 1, RLENGTH - 1); s = substr(s, RLENGTH + 1)
            if ((at = index(user, ":")) > 0) { password = decoded(substr(user, at + 1)); user = substr(user, 1, at - 1) }
            user = user "@"
        }
        if ((at = index(s, "?")) > 0) {
            query = substr(s, at + 1); s = substr(s, 1, at - 1)
            count = split(query, pair, "&")
            for (i = 1; i <= count; i++) {
                if (pair[i] ~ /^password=/) password = decoded(substr(pair[i], 10))
                else if (pair[i] ~ /^sslpassword=/) exit 1
                else kept = kept (kept == "" ? "?" : "&") pair[i]
            }
        }
        return scheme user s kept
    }
    function of_keywords(s,   kept, name, raw, value, c) {
        while (1) {
            sub(/^[ \t\n\r\f\v]+/, "", s)
            if (s == "") return kept
            if (!match(s, /^[^= \t\n\r\f\v]+[ \t\n\r\f\v]*=[ \t\n\r\f\v]*/)) exit 1
            raw = substr(s, 1, RLENGTH); s = substr(s, RLENGTH + 1)
            name = raw; sub(/[ \t\n\r\f\v]*=.*$/, "", name)
            value = ""; quoted = 0
            if (substr(s, 1, 1) == "\047") { quoted = 1; raw = raw "\047"; s = substr(s, 2) }
            while (s != "") {
                c = substr(s, 1, 1)
                if (quoted ? c == "\047" : c ~ /[ \t\n\r\f\v]/) break
                raw = raw c; s = substr(s, 2)
                if (c == "\\" && s != "") { c = substr(s, 1, 1); raw = raw c; s = substr(s, 2) }
                value = value c
            }
            if (quoted) { if (s == "") exit 1; raw = raw "\047"; s = substr(s, 2) }
            if (name == "sslpassword") exit 1
            if (name == "password") password = value
            else kept = kept (kept == "" ? "" : " ") raw
        }
    }
    BEGIN {
        s = ENVIRON["dsn"]
        if (s ~ /^postgres(ql)?:\/\//) rest = of_uri(s)
        else if (index(s, "=")) rest = of_keywords(s)
        else rest = s
        printf "%s", ENVIRON["part"] == "rest" ? rest : password
    }'
# Runs a program, never a function, with the password of a connection, if it has one
with_password() { # password program…
    password=$1
    shift
    if [ -n "$password" ]; then PGPASSWORD=$password "$@"; else "$@"; fi
}
on_publisher() { with_password "$publisher_password" "$@"; }
on_subscriber() { with_password "$subscriber_password" "$@"; }
psql_publisher() { name_files "$@" && on_publisher psql -X -q -v ON_ERROR_STOP=1 -v direct="${direct-}" -v state_owner="${PGSLOTPLAN_STATE_OWNER-}" -d "$publisher" "$@"; }
psql_subscriber() { name_files "$@" && on_subscriber psql -X -q -v ON_ERROR_STOP=1 -v direct="${direct-}" -v state_owner="${PGSLOTPLAN_STATE_OWNER-}" -d "$subscriber" "$@"; }
# The files that psql writes stand in the environment too, where no server can change them: see lib/out.sql
name_files() { # argument…
    unset file_out file_dir file_behind
    for given do case $given in out=* | dir=* | behind=*) export "file_${given?}" ;; esac; done
}
# the same for one value or list
ask_publisher() { psql_publisher -A -t "$@"; }
ask_subscriber() { psql_subscriber -A -t "$@"; }
# Whether texts of both servers are converted before they are compared: on where their encodings differ and both have one
look_at_encodings() {
    one=$(ask_publisher -c 'SHOW server_encoding') && other=$(ask_subscriber -c 'SHOW server_encoding') || return
    case $one,$other in "$one,$one" | SQL_ASCII,* | *,SQL_ASCII) converts=off ;; *) converts=on ;; esac
    echo "$converts" > "$state/converts"
}
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
note() { printf '%s\n' "$*"; }
say() { printf '%s\n' "$*" >&2; }
# One line of evidence: time, rehearsal or real, step, event, text; tabs and newlines in the text become blanks
record() {
    text=$2
    case $text in *[![:print:]]*) text=$(printf '%s' "$text" | tr '\t\n\r' '   ' | plain) ;; esac
    printf '%s\t%s\t%s\t%s\t%s\n' "$(now)" "$kind" "$step" "$1" "$text" >> "$evidence"
}
# begin STEP: everything after it ends with a line of evidence
begin() {
    step=$1
    record begin "plan $plan"
}
# A step that ended with 0 is noted as done, with the plan that it belonged to
mark_done() { printf '%s %s\n' "$plan${repair:+.$repair}" "$(now)" > "$state/done/$kind.$1"; }
# finish CODE TEXT [HINT]: the step's result
finish() {
    has_ended=1
    record "exit $1" "$2"
    if [ "$1" -eq 0 ]; then
        mark_done "$step"
        note "$2"
    else
        say "$step: $2"
        [ -z "${3-}" ] || say "hint: $3"
    fi
    exit "$1"
}
# stop CODE TEXT: could not do it. psql's own codes: 2 no connection, 3 refused
stop() { finish "$1" "$2"; }
# whole STEP COMMAND [ARGUMENT...]: a step from its beginning to its end
whole() {
    begin "$1"
    shift
    # a library that ends at the first error must not be called where that is taken for a condition
    case $- in *e*) "$@" ;; *) "$@" || finish $? "failed; the reason is above" ;; esac
    finish 0 "done"
}
# die TEXT [HINT]: refuses
die() { finish 3 "error: $1" "${2-}"; }
leave() { # [exit code]
    code=${1-$?}
    [ -z "$temporary" ] || rm -rf "$temporary"
    [ -n "$has_ended" ] || record "exit $code" "ended without a result"
    exit "$code"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A folder for files that nobody needs afterwards: $temporary
make_temporary() {
    temporary=$(mktemp -d "${TMPDIR:-/tmp}/pgslotplan.XXXXXX") || temporary=
    [ -d "$temporary" ] || die 'no temporary folder could be made' 'TMPDIR names the folder in which it is made.'
}

split_dsn "${PGSLOTPLAN_PUBLISHER-}"
publisher=$split_dsn publisher_password=$split_password
split_dsn "${PGSLOTPLAN_SUBSCRIBER-}"
subscriber=$split_dsn subscriber_password=$split_password
