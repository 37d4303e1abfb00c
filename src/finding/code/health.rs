//! `check`: slots and subscriptions of a migration that runs.

use super::Code;

codes! {
    HE101 Error:
        "a slot or its subscription is missing though others of the plan are there",
        "Its tables are not replicated",
        "Run the step that creates it again, or start that slot over";
    HE102 Error:
        "a slot is lost: WAL that it needs is gone, or it was invalidated",
        "It cannot go on; its tables must be copied again",
        "Drop the subscription, and start that slot over";
    HE103 Error:
        "a subscription is failing: its worker ends and starts again",
        "The slot stands still and retains WAL",
        "Read the log of the subscriber and fix the cause that it names";
    HE104 Error:
        "a subscription is disabled",
        "The slot stands still and retains WAL",
        "ALTER SUBSCRIPTION ... ENABLE, once the cause is fixed";
    HE105 Warning:
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
}
