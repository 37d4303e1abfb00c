# What every shell step shares: connections, evidence, ends. Sourced; $here is the directory of the emitted files.
#
# Names of tables never pass through the shell: they travel in CSV from psql to psql. Slot names are [a-z0-9_] only.

set -u
LC_ALL=C
export LC_ALL
: "${PGSLOTPLAN_PUBLISHER:?is not set: give the connection string of the publisher}"
: "${PGSLOTPLAN_SUBSCRIBER:?is not set: give the connection string of the subscriber}"
state=${PGSLOTPLAN_STATE:-$here.state}
evidence=$state/evidence.tsv
step=
mkdir -p "$state" || exit 1
umask 077
if [ "${PGSLOTPLAN_REHEARSAL:-no}" = yes ]; then
    PGOPTIONS="${PGOPTIONS:-} -c pgslotplan.rehearsal=on"
    export PGOPTIONS
fi

psql_publisher() { psql -X -q -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" "$@"; }
psql_subscriber() { psql -X -q -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_SUBSCRIBER" "$@"; }

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
note() { printf '%s\n' "$*"; }

# One line of evidence: time, rehearsal or real, step, event, text; tabs and newlines in the text become blanks
record() {
    kind=real
    [ "${PGSLOTPLAN_REHEARSAL:-no}" = yes ] && kind=rehearsal
    text=$2
    case $text in *[![:print:]]*) text=$(printf '%s' "$text" | tr '\t\n\r' '   ') ;; esac
    printf '%s\t%s\t%s\t%s\t%s\n' "$(now)" "$kind" "$step" "$1" "$text" >> "$evidence"
}

begin() { step=$1; record begin "plan $plan"; }

# finish CODE TEXT: the step's result
finish() {
    record "exit $1" "$2"
    if [ "$1" -eq 0 ]; then note "$2"; else printf '%s: %s\n' "$step" "$2" >&2; fi
    exit "$1"
}

# stop CODE TEXT: could not do it. psql's own codes: 2 no connection, 3 refused
stop() { finish "$1" "$2"; }
