#!/bin/sh
# 89_shell_reverse_end.sh: Drops subscriptions and slots of the way back; dropped foreign keys of the old server return, what rested fires again, and the new server lets DDL through.
# Phase cleanup. Run: sh run.sh reverse_end
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER
# Hazard: From here on there is no way back to the old server.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/cleanup.sh"
whole reverse_end reverse_end
