#!/bin/sh
# 75_shell_verify.sh: Compares every row of both servers while writes go on, without locks.
# Phase verify. Run: sh run.sh verify
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER, VERIFY_JOBS (optional), VERIFY_CHUNK_ROWS (optional), VERIFY_BATCH_SECONDS (optional), VERIFY_WAIT_SECONDS (optional), VERIFY_ROUNDS (optional), VERIFY_MOST_DIFFERENCES (optional), VERIFY_SEQUENCES (optional), VERIFY_FOREIGN_CODE (optional)
# Hazard: Reads every table on both servers once. One statement lasts about VERIFY_BATCH_SECONDS, so that vacuum is not held up for longer; tables whose key begins with text are read by one statement each.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/verify.sh"
whole verify verify live
