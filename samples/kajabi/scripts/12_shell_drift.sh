#!/bin/sh
# 12_shell_drift.sh: Compares columns and keys of the planned tables on both servers. Changes nothing.
# Phase schema. Run: sh run.sh drift_tables
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_ACCEPT_DRIFT (optional)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/drift.sh"
whole drift_tables compare_drift tables
