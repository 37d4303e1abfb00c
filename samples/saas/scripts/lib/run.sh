# Where the migration is, and steps run one by one. Sourced by run.sh in the folder above.
#
# A step is done when its server shows it; where a server shows nothing, when the state folder notes that it ended with 0 for
# this plan. A note that the server contradicts is lost: nothing goes on by itself then.
. "$here/lib/common.sh"

attribute() { # name of a list, step
    eval "printf '%s' \"\${$1_$2-}\""
}
# Asks both servers; what they say is kept in $shown. One that cannot be asked is said, and its steps go by the notes.
look() {
    shown=
    for side in publisher subscriber; do
        if [ -f "$state/paused" ]; then continue; fi # a cutover counts the transactions of the publisher
        if said=$("ask_$side" -f "$here/lib/where_$side.sql" 2> "$state/where.$side"); then
            shown="$shown
$said"
        else
            say "note: the $side cannot be asked, so its steps are taken from the state folder: $(sed -n 1p "$state/where.$side" | plain)"
        fi
    done
}
noted() { # step
    [ -f "$state/done/$kind.$1" ] && read -r noted_plan _ < "$state/done/$kind.$1" && [ "$noted_plan" = "$plan${repair:+.$repair}" ]
}
# yes, no, or lost: noted as done, but the server does not show it
known() { # step
    case "$shown
" in
    *"
$1 t
"*) echo yes ;;
    *"
$1 f
"*) if noted "$1"; then echo lost; else echo no; fi ;;
    *) if noted "$1"; then echo yes; else echo no; fi ;;
    esac
}
is_done() { [ "$(known "$1")" = yes ]; }
# After a rollback, or once a clean-up has begun, nothing but the clean-up follows
only_cleanup() { [ -f "$state/rolled_back" ] || noted rollback || noted reverse_end || noted subscriber_cleanup || noted publisher_cleanup; }
# Whether a step is on the way: one that another step does as a part of itself is not, nor one that is run when it is needed, nor a
# way back
is_on_way() { # step
    case $(attribute phase "$1") in rollback) return 1 ;; cleanup) return 0 ;; esac
    [ -z "$(attribute part_of "$1")$(attribute aside "$1")" ] && ! only_cleanup
}
# The first step on the way that is not done
find_next() {
    for next in $steps; do
        if is_on_way "$next" && ! is_done "$next"; then return 0; fi
    done
    next=
    return 1
}
say_end() { note "every step is done; to begin anew, remove \"$state/done\""; }
tell_next() {
    if ! find_next; then
        say_end
        return 0
    fi
    note "next: $next ($(attribute step "$next"), phase $(attribute phase "$next"), on the $(attribute side "$next"))"
    [ -z "$(attribute asks "$next")" ] || note "  a person decides: $(attribute asks "$next")"
    if [ "$(known "$next")" = lost ]; then note "  it is noted as done, but the server does not show it: find out why, then sh run.sh $next"; else note "  sh run.sh next"; fi
}
tell_where() {
    look
    last=
    for candidate in $steps; do if is_on_way "$candidate" && is_done "$candidate"; then last=$candidate; fi; done
    note "database $database, plan $plan${repair:+, repair $repair}${kind:+, $kind}"
    if [ -n "$last" ]; then note "latest step done: $last ($(attribute step "$last"))"; else note "no step is done yet"; fi
    tell_next
}
list_steps() {
    look
    for candidate in $steps; do
        case $(known "$candidate") in yes) word='done' ;; lost) word='noted, not there' ;; *) word=- ;; esac
        printf '%-24s %-44s %-9s %s\n' "$candidate" "$(attribute step "$candidate")" "$(attribute phase "$candidate")" "$word"
    done
}
# The step that a word names: identifier, file, or a number that only one has
find_step() {
    numbered=
    for found in $steps; do
        file=$(attribute step "$found")
        case $1 in "$found" | "$file") return 0 ;; "${file%%_*}") numbered="$numbered $found" ;; esac
    done
    found=${numbered# }
    case $found in
    '') say "run: \"$1\" is no step: sh run.sh list shows them"; return 1 ;;
    *' '*) say "run: $1 is the number of several steps; name one: $found"; return 1 ;;
    esac
}
run_step() { # step [argument...]
    running=$1
    shift
    file=$(attribute step "$running")
    begin "$running"
    has_ended=1 # what follows is recorded here
    started=$(date +%s)
    case $(attribute side "$running") in
    publisher | subscriber)
        "psql_$(attribute side "$running")" "$@" -f "$here/$file"
        ;;
    *)
        case $file in
        *.sh) sh "$here/$file" "$@" ;;
        *) say "run: $file is not run by this script: $(attribute runs "$running")"; (exit 1) ;;
        esac
        ;;
    esac
    code=$?
    record "exit $code" "$(($(date +%s) - started)) s, sha256 $(sha256sum "$here/$file" 2> /dev/null | cut -c 1-64)"
    [ "$code" -ne 0 ] || mark_done "$running"
    return "$code"
}
# Goes on while steps end with 0, to the end of a phase or to a step that a person decides
run_to() { # phase
    case $1 in
    schema | prepare | start | indexes | verify | cutover | cleanup) ;;
    *) say "run: \"$1\" is no phase: schema, prepare, start, indexes, verify, cutover or cleanup"; return 1 ;;
    esac
    last=
    for candidate in $steps; do
        if [ "$(attribute phase "$candidate")" = "$1" ]; then last=$candidate; fi
    done
    [ -n "$last" ] || { say "run: no step of this plan is in phase $1"; return 1; }
    while look && find_next; do
        if comes_after "$next" "$last"; then note "phase $1 is done"; return 0; fi
        if [ "$(known "$next")" = lost ]; then tell_next; return 4; fi
        if [ -n "$(attribute asks "$next")" ]; then tell_next; return 0; fi
        note "$next"
        run_step "$next" || { code=$?; say "run: $next ended with $code; the reason is above"; return "$code"; }
        shows_done "$next" || return 1
    done
    say_end
}
comes_after() { # step step
    passed=
    for candidate in $steps; do
        if [ "$candidate" = "$1" ]; then [ -n "$passed" ]; return; fi
        if [ "$candidate" = "$2" ]; then passed=1; fi
    done
    return 1
}
# A step that ends with 0 and is still not done would be run forever
shows_done() {
    look
    is_done "$1" && return 0
    say "run: $1 ended with 0, but its server does not show it"
    return 1
}
run() {
    wants_servers
    has_ended=1
    case ${1-} in
    '') tell_where ;;
    list) list_steps ;;
    next)
        shift
        look
        find_next || { say_end; return 0; }
        if [ "$(known "$next")" = lost ]; then tell_next; return 4; fi
        note "$next"
        run_step "$next" "$@"
        ;;
    --to) run_to "${2-}" ;;
    -*) say "run: invalid option \"$1\": sh run.sh, sh run.sh list, next, --to PHASE or STEP"; return 1 ;;
    *)
        find_step "$1" || return
        shift
        run_step "$found" "$@"
        ;;
    esac
}
