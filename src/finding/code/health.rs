//! `check` and `monitor`: slots and subscriptions of a migration that runs.

use super::Code;

codes! {
    HE101 Error:
        "a slot or its subscription is missing though others of the plan are there",
        "Its tables are not replicated",
        "Where its subscription is there: `emit --repair slot=NAME`, never the step that creates slots; else run the steps again";
    HE102 Error:
        "a slot is lost: WAL that it needs is gone, or it was invalidated",
        "It cannot go on; its tables must be copied again",
        "`emit --repair slot=NAME`: its steps make the slot again and copy its tables";
    HE103 Error:
        "a subscription is failing: its worker ends and starts again",
        "The slot stands still and retains WAL",
        "Read the log of the subscriber and fix the cause that it names";
    HE104 Error:
        "a subscription is disabled",
        "The slot stands still and retains WAL",
        "ALTER SUBSCRIPTION ... ENABLE, once the cause is fixed";
    HE105 Warning | Error:
        "nobody is connected to a slot",
        "It stands still and retains WAL",
        "Check again in a moment; if it stays, read the log of the subscriber";
    HE106 Error:
        "a planned table is not subscribed",
        "Its changes are discarded, without an error",
        "ALTER SUBSCRIPTION ... REFRESH PUBLICATION, before anything is applied";
    HE107 Error | Warning:
        "a slot comes near the limit of the WAL that it may retain",
        "It is lost when it reaches the limit",
        "Raise `max_slot_wal_keep_size`, or let the slot catch up";
    HE108 Info:
        "tables are being copied, or a slot catches up",
        "The migration is not ready for the cutover",
        "Wait";
    HE109 Error:
        "a publication of the plan is missing though its subscription runs",
        "The slot stops at the next change",
        "Create it again by the step publications, and start that slot over";
    HE110 Error:
        "a threshold that was given to `monitor` is exceeded",
        "Whoever gave it wanted to know",
        "Look at the slot: is it failing, is its worker slow, is there more load than planned";
    HE111 Warning:
        "nobody reads a slot of a table's initial copy",
        "It retains WAL, and counts against `max_replication_slots`",
        "Drop it once its subscription is gone; otherwise mend what keeps the copy from going on";
    HE112 Warning:
        "a transaction that writes, or is prepared, has been open for long",
        "WAL since its begin is retained for every slot, and no slot can be created before its end",
        "Let it end, or end it";
    HE113 Warning:
        "a slot carries more load than was planned",
        "It falls behind at its busy hours",
        "Sample again and plan with `--previous`";
    HE114 Warning:
        "a table writes more than its share",
        "The plan no longer fits: its slot's other tables wait for it",
        "Sample again and plan with `--previous`";
    HE115 Warning:
        "a server has no slots, walsenders, workers or origins left",
        "What finds none tries again forever, and says so in the log only",
        "Raise the setting that the finding names and restart that server";
    HE116 Warning:
        "the oldest snapshot, or the last freeze of a database, is many transactions ago",
        "VACUUM removes no row that died since; in the end the server refuses to write",
        "Let the slot catch up, or end the session that holds it";
    HE117 Warning:
        "conflicts are counted while applying",
        "Rows of the subscriber differ from those of the publisher",
        "Read `pg_stat_subscription_stats` and the log of the subscriber; run the verification";
    HE118 Warning | Error:
        "the limit of a slot, or the end of the disk, comes near at the rate of the last minute",
        "The slot is lost, or the server stops",
        "Find out why the slot does not drain; make room";
}
