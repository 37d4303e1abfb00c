#!/bin/sh
# 76_shell_passwords.sh: Gives the subscriber's roles the passwords (SCRAM verifiers, MD5 hashes) that they have on the publisher, through a pipe.
# Phase cutover. Run: sh run.sh passwords
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_PASSWORDS (optional), PGSLOTPLAN_ACCEPT_ROLES (optional)
# Hazard: Replaces the password of a role that has another one on the subscriber. A role with SUPERUSER, REPLICATION, BYPASSRLS or CREATEROLE there keeps its own. Needs superusers on both servers; a provider's roles may not read passwords.
# Undo: ALTER ROLE ... PASSWORD with the one it had.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/passwords.sh"
whole passwords bring_passwords
