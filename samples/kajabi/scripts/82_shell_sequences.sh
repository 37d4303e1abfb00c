#!/bin/sh
# 82_shell_sequences.sh: Sets the subscriber's sequences to the publisher's values; never called, restarted and descending ones too.
# phase cutover, on the shell, for plan 75ad870191fb002a510584a74b9ecde79b5d1e82ea326dc02d269d0351ce0eb9
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
