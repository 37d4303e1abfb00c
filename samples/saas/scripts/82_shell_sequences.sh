#!/bin/sh
# 82_shell_sequences.sh: Sets the subscriber's sequences to the publisher's values; never called, restarted and descending ones too.
# phase cutover, on the shell, for plan 6618a5b85e3bc733d0d135074c8d2fecf126d49a1aed24d499d5118290ba836f
# Run: sh 82_shell_sequences.sh
# Undo: Not needed: numbers are only skipped.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$here/lib/plan.sh"
. "$here/lib/common.sh"
. "$here/lib/verify.sh"
. "$here/lib/cutover.sh"

begin 82_shell_sequences
{ sequences publisher subscriber; } || finish $? "failed; the reason is above"
finish 0 done
