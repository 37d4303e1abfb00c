#!/bin/sh
# 90_shell_subscriber_cleanup.sh: Drops the plan's subscriptions and what was remembered for it.
# Phase cleanup. Run: sh run.sh subscriber_cleanup
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER
# Hazard: The subscriber stops following the publisher for good: going on needs a new copy.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cleanup.sh"
whole subscriber_cleanup clean_up subscriber subscriptions_drop.sql reverse_slots_drop.sql mirror_publications_drop.sql thaw.sql open_writes.sql release_held.sql foreign_keys_forget.sql -- forget_opened.sql forget_drained.sql forget_repair.sql forget_mark.sql drop_empty_state.sql
