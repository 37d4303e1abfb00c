#!/bin/sh
# 01_shell_schema.sh: Creates the publisher's roles, extensions, tables and keys on the subscriber where they are missing.
# Phase schema. Run: sh run.sh schema
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER
# Hazard: Roles come without passwords and without SUPERUSER, REPLICATION and BYPASSRLS; settings of roles and of the database do not come. What the subscriber already has is not changed: 12_shell_drift.sh compares.
# Undo: Drop what it made, or the database.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/schema.sh"
whole schema make_tables
