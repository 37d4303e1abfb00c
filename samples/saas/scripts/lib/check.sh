# What only the program itself finds. Sourced by its step.
. "$here/lib/common.sh"

# Both servers, or the publisher alone where there is no subscriber yet
check() { # bootstrap sides
    wants_servers
    if [ "${PGSLOTPLAN_CHECKED:-no}" = yes ]; then
        finish 0 "the check was made elsewhere"
    fi
    needs pgslotplan
    file=${PGSLOTPLAN_PLAN:-$here/../plan.json}
    [ -r "$file" ] || die "\"$file\" cannot be read" 'PGSLOTPLAN_PLAN names the plan from which this folder was made. Where the program cannot be, run pgslotplan check elsewhere and set PGSLOTPLAN_CHECKED=yes.'
    accept=${PGSLOTPLAN_ACCEPT:-$state/accepted.txt}
    set -- "$2" check "$file" -w --bootstrap "$1" --privileges "$privileges"
    set -- "$@" --plan-sha256 "$plan"
    if [ -n "${PGSLOTPLAN_ACCEPT-}" ] || [ -e "$accept" ]; then set -- "$@" --accept "$accept"; fi
    [ "$1" = both ] || unset PGSLOTPLAN_SUBSCRIBER
    shift
    pgslotplan "$@"
}
