#!/bin/sh
# 13_shell_check.sh: Runs pgslotplan check: both servers against the plan, before anything is made on the publisher.
# Phase prepare. Run: sh run.sh check
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_PLAN (optional), PGSLOTPLAN_CHECKED (optional), PGSLOTPLAN_ACCEPT (optional)
# Hazard: Reads only. What it warns of is nobody's decision but yours.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/check.sh"
whole check check copy both
