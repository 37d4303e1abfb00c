#!/bin/sh
# 76_shell_vacuum.sh: Runs VACUUM (ANALYZE) on every planned table of the subscriber, in parallel, large and quiet ones first.
# Phase cutover. Run: sh run.sh vacuum
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, VACUUM_JOBS (optional)
# Hazard: Reads every table and its indexes once on the subscriber; replication goes on beside it.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/vacuum.sh"
whole vacuum vacuum_tables
