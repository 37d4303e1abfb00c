//! `simulate`.

use super::Code;

codes! {
    SM101 Error:
        "a slot never catches up",
        "Its backlog is still there a whole cycle of the workload later: WAL is retained until the disk is full",
        "More slots, split its hottest table, faster cores";
    SM102 Error:
        "more WAL is retained than there is room",
        "The slot is invalidated (`max_slot_wal_keep_size`), or the publisher's disk fills and it stops",
        "Start at a quieter hour, copy in parts or from a clone, raise the limit";
    SM103 Warning:
        "more WAL is retained than there is room, with the careful coefficients only",
        "The nominal forecast fits, with less reserve than the coefficients are uncertain",
        "`--calibration` with your own measurements, or more room";
    SM104 Error:
        "a table's initial copy never ends",
        "While it is copied and caught up, more changes arrive than one worker applies",
        "Split it, drop its secondary indexes on the subscriber until it is ready, start from a clone";
    SM105 Warning:
        "the walsenders need more cores than they may use",
        "Every slot decodes all WAL; all of them become slower",
        "Fewer slots, or a larger publisher while it lasts";
    SM106 Info:
        "how many cores walsenders may use was not said",
        "The forecast gives each a core of its own",
        "`--publisher-cores`";
    SM107 Warning:
        "some buckets were not observed",
        "Each is taken to be as the one before",
        "Sample again over those hours";
    SM108 Warning:
        "the apply workers may need more cores than they may use",
        "They apply with fewer cores, or wait for each other; the upper figure has a worker woken by each transaction (docs/apply-cost.md)",
        "A larger subscriber while it lasts";
    SM109 Info:
        "how many cores apply workers may use was not said",
        "The forecast gives each a core of its own",
        "`--subscriber-cores`";
}
