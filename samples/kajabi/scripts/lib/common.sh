# What every shell step shares: connections, folders, evidence, ends. Sourced; $here is the folder of the emitted files.
#
# Names of tables never pass through the shell: they travel in CSV from psql to psql. Slot names are [a-z0-9_] only.
# Variables: RUNBOOK.md.

set -u
umask 077
PATH="${PGSLOTPLAN_BIN:+$PGSLOTPLAN_BIN:}$PATH"
LC_ALL=C PGAPPNAME=pgslotplan PGCLIENTENCODING=UTF8
export PATH LC_ALL PGAPPNAME PGCLIENTENCODING
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
state=${PGSLOTPLAN_STATE:-$here.state}
mkdir -p "$state/done" || exit 1
evidence=$state/evidence.tsv

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
psql_publisher() { psql -X -q -v ON_ERROR_STOP=1 -v state_owner="${PGSLOTPLAN_STATE_OWNER-}" -d "$PGSLOTPLAN_PUBLISHER" "$@"; }
psql_subscriber() { psql -X -q -v ON_ERROR_STOP=1 -v state_owner="${PGSLOTPLAN_STATE_OWNER-}" -d "$PGSLOTPLAN_SUBSCRIBER" "$@"; }
# the same for one value or list
ask_publisher() { psql_publisher -A -t "$@"; }
ask_subscriber() { psql_subscriber -A -t "$@"; }
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
note() { printf '%s\n' "$*"; }
say() { printf '%s\n' "$*" >&2; }
# One line of evidence: time, rehearsal or real, step, event, text; tabs and newlines in the text become blanks
record() {
    text=$2
    case $text in *[![:print:]]*) text=$(printf '%s' "$text" | tr '\t\n\r' '   ') ;; esac
    printf '%s\t%s\t%s\t%s\t%s\n' "$(now)" "$kind" "$step" "$1" "$text" >> "$evidence"
}
# begin STEP: everything after it ends with a line of evidence
begin() {
    step=$1
    record begin "plan $plan"
}
# A step that ended with 0 is noted as done, with the plan that it belonged to
mark_done() { printf '%s %s\n' "$plan" "$(now)" > "$state/done/$kind.$1"; }
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
make_temporary() { temporary=$(mktemp -d "${TMPDIR:-/tmp}/pgslotplan.XXXXXX"); }
