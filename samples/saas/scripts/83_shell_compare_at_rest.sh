#!/bin/sh
# 83_shell_compare_at_rest.sh: Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where there is time.
# Phase cutover. Run: sh run.sh compare_at_rest
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, VERIFY_JOBS (optional), VERIFY_CHUNK_ROWS (optional), VERIFY_BATCH_SECONDS (optional), VERIFY_WAIT_SECONDS (optional), VERIFY_ROUNDS (optional), VERIFY_MOST_DIFFERENCES (optional), VERIFY_SEQUENCES (optional), VERIFY_FOREIGN_CODE (optional)
# Hazard: Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/verify.sh"
whole compare_at_rest verify at_rest
