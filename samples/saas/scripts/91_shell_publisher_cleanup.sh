#!/bin/sh
# 91_shell_publisher_cleanup.sh: Drops the plan's slots, publications and guards, and sets changed replica identities back.
# Phase cleanup. Run: sh run.sh publisher_cleanup
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER
# Hazard: The subscriber cannot go on from here: what it has not applied does not come.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cleanup.sh"
whole publisher_cleanup clean_up publisher planned_slots_drop.sql planned_publications_drop.sql thaw.sql release_held.sql still_read_only.sql -- forget_drained.sql drop_empty_state.sql
