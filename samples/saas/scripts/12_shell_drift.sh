#!/bin/sh
# 12_shell_drift.sh: Compares what both databases hold; what differs in columns and keys of planned tables is a no-go. Changes nothing.
# Phase schema. Run: sh run.sh drift_tables
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_ACCEPT (optional)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/inventory.sh"
whole drift_tables compare_drift tables
