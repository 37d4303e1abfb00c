#!/bin/sh
# 82_shell_sequences.sh: Sets the subscriber's sequences to the publisher's values; never called, restarted and descending ones too.
# Phase cutover. Run: sh run.sh sequences
# Variables, explained in RUNBOOK.md: PGSLOTPLAN_PUBLISHER, PGSLOTPLAN_SUBSCRIBER
# Undo: Not needed: numbers are only skipped.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/sequences.sh"
whole sequences after_drain sequences publisher subscriber
