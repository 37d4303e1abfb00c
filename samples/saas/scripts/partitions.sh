#!/bin/sh
# partitions.sh: Off the way, whenever partitions were added: makes them on the subscriber, publishes each with the newest one beside it, and copies it.
# Phase start. Run: sh run.sh partitions
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, TRANSITION_WAIT_SECONDS (optional), TRANSITION_COPY_SECONDS (optional), PGSLOTPLAN_ACCEPT_ROLES (optional), PGSLOTPLAN_STRIP_ROLES (optional), PGSLOTPLAN_LOADER (optional), PGSLOTPLAN_ACCEPT_REFUSED (optional), PGSLOTPLAN_ACCEPT_FUNCTIONS (optional), PGSLOTPLAN_SUBSCRIPTION_OWNER (optional)
# Hazard: Makes what else of the schema the subscriber lacks, as 01_shell_schema.sh does. Each new partition is locked for a moment. Rows that a table already held when it was attached to a tree that is published by its root are brought by nothing: 75_shell_verify.sh names them, and a repair of the tree brings them.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/partitions.sh"
whole partitions add_partitions
