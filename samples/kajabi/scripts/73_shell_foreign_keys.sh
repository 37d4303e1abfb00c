#!/bin/sh
# 73_shell_foreign_keys.sh: Creates the foreign keys that do not join two slots, and triggers, rules, policies and statistics.
# Phase indexes. Run: sh run.sh foreign_keys
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_LOADER (optional), PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_ACCEPT_REFUSED (optional)
# Hazard: Each foreign key reads its table once and holds up its slot meanwhile.
# Undo: Drop them.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/schema.sh"
whole foreign_keys make_foreign_keys
