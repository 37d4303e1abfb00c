#!/bin/sh
# 85_pgbouncer_switch.sh: Leads the entries of every PgBouncer process to the new server, and proves it.
# Phase cutover. Run: sh run.sh switch
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
# Undo: abort.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole switch after_drain switch_by_hand
