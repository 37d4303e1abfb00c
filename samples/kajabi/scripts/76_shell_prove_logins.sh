#!/bin/sh
# 76_shell_prove_logins.sh: Proves that each role that the PgBouncers use can log in to the new server, and that each entry answers and can be switched. Changes nothing.
# Phase cutover. Run: sh run.sh logins
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_CUTOVER (optional), PGSLOTPLAN_ACCEPT (optional), DRAIN_SECONDS (optional)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cutover.sh"
whole logins see_logins
