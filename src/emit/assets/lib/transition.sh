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
    for batch in $batches; do change_batch || return; done
    # one that a change in the other direction left held
    here_published && psql_subscriber -f "$here/lib/transition_go_on.sql" < "$state/published.csv" >&2
}
here_published() { psql_publisher -f "$here/lib/transition_published.sql" > "$state/published.csv"; }
on_batch() { # side file [argument…]
    side=$1 file=$2
    shift 2
    "psql_$side" -v batch="$batch" "$@" -f "$here/lib/$file" >&2
}
change_batch() {
    left=$(ask_publisher -v batch="$batch" -f "$here/lib/transition_left_publisher.sql") || return
    here_left=$(ask_subscriber -v batch="$batch" -f "$here/lib/transition_left_subscriber.sql") || return
    is_number "$left" "$here_left" || { say 'what is left of a change is no number'; return 1; }
    eval "kind=\$kind_$batch from=\$from_$batch to=\$to_$batch"
    if [ "$left" -eq 0 ] && [ "$here_left" -eq 0 ]; then
        say "$batch: $kind ${from:-nothing} to ${to:-nothing}: done already"
        return 0
    fi
    say "$batch: $kind ${from:-nothing} to ${to:-nothing}"
    record "$kind" "$batch: ${from:-nothing} to ${to:-nothing}"
    # it ends where an error would otherwise be a matter of the next file
    case $kind in
    move)
        # the other slot waits while this one catches up: so it does that first
        on_batch publisher transition_wait.sql -v wait_seconds="$wait_seconds" || return
        on_batch subscriber transition_hold.sql || return
        on_batch publisher transition_idle.sql || return
        on_batch publisher transition_switch.sql -v wait_seconds="$wait_seconds" || { code=$?; give_up; return "$code"; }
        here_published && on_batch subscriber transition_register.sql < "$state/published.csv" || return
        on_batch publisher transition_wait.sql -v wait_seconds="$wait_seconds" || return
        here_published && on_batch subscriber transition_release.sql < "$state/published.csv" || return
        ;;
    add)
        on_batch publisher transition_switch.sql -v wait_seconds="$wait_seconds" || return
        here_published && on_batch subscriber transition_copy.sql -v wait_seconds="$copy_seconds" < "$state/published.csv" || return
        ;;
    remove)
        on_batch publisher transition_switch.sql -v wait_seconds="$wait_seconds" || return
        here_published && on_batch subscriber transition_forget.sql < "$state/published.csv" || return
        ;;
    *) say "plan/transition.sh has a change of no known kind"; return 1 ;;
    esac
}
# Nothing was switched: the subscription that was held goes on as before
give_up() {
    left=$(ask_publisher -v batch="$batch" -f "$here/lib/transition_left_publisher.sql") && is_number "$left" && [ "$left" -gt 0 ] || return 0
    here_published && psql_subscriber -f "$here/lib/transition_go_on.sql" < "$state/published.csv" >&2
}
