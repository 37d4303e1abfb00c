#!/bin/sh
# 72_shell_indexes.sh: Builds the secondary indexes and unique constraints that the subscriber lacks, in parallel, largest first.
# Phase indexes. Run: sh run.sh indexes
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, PGSLOTPLAN_JOBS (optional), PGSLOTPLAN_LOADER (optional), PGSLOTPLAN_ACCEPT_REFUSED (optional)
# Hazard: CREATE INDEX holds up what the slot of its table applies: the slot falls behind meanwhile and keeps WAL on the publisher. Each job may use maintenance_work_mem and max_parallel_maintenance_workers.
# Undo: Drop the indexes.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/schema.sh"
whole indexes make_indexes
