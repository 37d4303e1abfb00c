# From the plan that runs to this one, on live slots. Sourced by its steps. What is done already is seen on the servers.
. "$here/lib/common.sh"
. "$here/plan/transition.sh"
wants_servers

transition_check() {
    psql_subscriber -f "$here/lib/transition_subscriber_check.sql" >&2 || return
    ask_publisher -f "$here/lib/transition_publisher_check.sql"
}
transition_changes() {
    wait_seconds=${TRANSITION_WAIT_SECONDS:-600}
    number TRANSITION_WAIT_SECONDS "$wait_seconds"
    copy_seconds=${TRANSITION_COPY_SECONDS:-86400}
    number TRANSITION_COPY_SECONDS "$copy_seconds"
    settle_held || return
    for batch in $batches; do change_batch || return; done
}
# Subscriptions that a stopped run holds, in whichever direction it went: they learn what they are sent, the other slots pass all that
# is written now, and they go on. Only then may another change begin.
settle_held() {
    held=$(ask_subscriber -f "$here/lib/transition_held.sql") || return
    [ -n "$held" ] || return 0
    case $held in *[!a-z0-9_,]*) say 'names of slots that are held cannot be read'; return 1 ;; esac
    say "held by a run that was stopped: $held"
    here_published && psql_subscriber -f "$here/lib/transition_settle.sql" < "$state/published.csv" >&2 || return
    psql_publisher -v held="$held" -v wait_seconds="$wait_seconds" -f "$here/lib/transition_wait_others.sql" >&2 || return
    here_published && psql_subscriber -f "$here/lib/transition_go_on.sql" < "$state/published.csv" >&2
}
here_published() { psql_publisher -f "$here/lib/transition_published.sql" > "$state/published.csv"; }
on_batch() { # side file [argument…]
    side=$1 file=$2
    shift 2
    "psql_$side" -v batch="$batch" "$@" -f "$here/lib/$file" >&2
}
left_of_batch() {
    left=$(ask_publisher -v batch="$batch" -f "$here/lib/transition_left_publisher.sql") || return
    here_left=$(ask_subscriber -v batch="$batch" -f "$here/lib/transition_left_subscriber.sql") || return
    is_number "$left" "$here_left" || { say 'what is left of a change is no number'; return 1; }
}
change_batch() {
    left_of_batch || return
    eval "change=\$kind_$batch from=\$from_$batch to=\$to_$batch"
    what="$batch: $change ${from:-nothing} to ${to:-nothing}"
    if [ "$left" -eq 0 ] && [ "$here_left" -eq 0 ]; then
        say "$what: done already"
        return 0
    fi
    say "$what"
    record "$change" "$what"
    case $change in
    move)
        # the other slot waits while this one catches up: so it does that first
        on_batch publisher transition_wait.sql -v wait_seconds="$wait_seconds" || return
        on_batch subscriber transition_hold.sql || return
        on_batch publisher transition_idle.sql || return
        on_batch publisher transition_switch.sql -v wait_seconds="$wait_seconds" || { code=$?; settle_held; return "$code"; }
        here_published && on_batch subscriber transition_register.sql < "$state/published.csv" || return
        on_batch publisher transition_wait.sql -v wait_seconds="$wait_seconds" || return
        here_published && on_batch subscriber transition_release.sql < "$state/published.csv" || return
        ;;
    add)
        # one that left before is forgotten first, and must be empty: what was written since is nowhere else
        if [ "$left" -gt 0 ]; then
            here_published && on_batch subscriber transition_clear.sql < "$state/published.csv" || return
        fi
        on_batch publisher transition_switch.sql -v wait_seconds="$wait_seconds" || return
        here_published && on_batch subscriber transition_copy.sql -v wait_seconds="$copy_seconds" < "$state/published.csv" || return
        ;;
    remove)
        on_batch publisher transition_switch.sql -v wait_seconds="$wait_seconds" || return
        # others of that slot may have left it a moment ago, and it may not have applied them yet
        on_batch publisher transition_wait.sql -v wait_seconds="$wait_seconds" || return
        here_published && on_batch subscriber transition_forget.sql < "$state/published.csv" || return
        ;;
    *) say "plan/transition.sh has a change of no known kind"; return 1 ;;
    esac
    left_of_batch || return
    if [ "$left" -ne 0 ] || [ "$here_left" -ne 0 ]; then
        say "$what: not done: a table is missing, or somebody changes publications and subscriptions"
        return 4
    fi
}
