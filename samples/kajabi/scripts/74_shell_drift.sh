#!/bin/sh
# 74_shell_drift.sh: Compares columns, defaults, indexes, constraints and triggers of the planned tables on both servers. Changes nothing.
# Phase indexes. Run: sh run.sh drift
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_ACCEPT_DRIFT (optional)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/drift.sh"
whole drift compare_drift everything
