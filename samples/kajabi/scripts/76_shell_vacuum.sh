#!/bin/sh
# 76_shell_vacuum.sh: Refreshes the subscriber's materialized views, then runs VACUUM (ANALYZE) on every planned table, in parallel, large and quiet ones first.
# Phase cutover. Run: sh run.sh vacuum
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, VACUUM_JOBS (optional)
# Hazard: Reads every table and its indexes once on the subscriber; replication goes on beside it. A materialized view is as old as its last refresh.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/vacuum.sh"
whole vacuum vacuum_tables
