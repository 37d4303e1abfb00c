#!/bin/sh
# 01_shell_schema.sh: Creates the publisher's roles, extensions, tables and keys on the subscriber where they are missing.
# Phase schema. Run: sh run.sh schema
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_ACCEPT_ROLES (optional), PGSLOTPLAN_STRIP_ROLES (optional), PGSLOTPLAN_LOADER (optional), PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_ACCEPT_REFUSED (optional)
# Hazard: Roles come without passwords and without SUPERUSER, REPLICATION and BYPASSRLS; what would lead a role beyond its own objects is listed, and the step ends. Settings of roles and of the database, its owner, privileges and limits come too; what only a superuser may set, or what loads code, is listed with its statement. What pg_dump writes runs as you: it is as good as the publisher. What the subscriber already has is not changed: 12_shell_drift.sh compares.
# Undo: Drop what it made, or the database.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/schema.sh"
whole schema make_tables
