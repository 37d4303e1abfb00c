#!/bin/sh
# again.sh: Takes away what the plan made on both servers, and empties the planned tables of the new one, for another attempt.
# Phase rollback. Run: sh run.sh again
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER
# Hazard: Empties every planned table of the new server, without asking. It refuses when that server was opened and no rollback has brought its writes to the old one.
# Undo: None: 10_publisher_check.sql and the steps after it bring everything anew.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/again.sh"
whole again again
