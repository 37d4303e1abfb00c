//! `simulate`.

use super::Code;

codes! {
    SM101 Error:
        "a slot never catches up",
        "Its backlog is still there one whole cycle of the workload later: WAL is retained until the disk is full",
        "More slots, split its hottest table, or faster cores";
    SM102 Error:
        "more WAL is retained than there is room for",
        "The slot is invalidated (`max_slot_wal_keep_size`), or the publisher's disk fills up and the server stops",
        "Start at a quieter hour, copy in parts or from a clone, or raise the limit";
    SM103 Warning:
        "more WAL is retained than there is room for, with the careful coefficients only",
        "The nominal forecast fits, but its margin is smaller than the uncertainty of the coefficients",
        "`--calibration` with your own measurements, or more room";
    SM104 Error:
        "a table's initial copy never ends",
        "While it is copied and caught up, more changes arrive than one worker can apply",
        "Split it, drop its secondary indexes on the subscriber until it is ready, or start from a clone";
    SM105 Warning:
        "the walsenders need more cores than they may use",
        "Every slot decodes all WAL, so all of them become slower",
        "Fewer slots, or a larger publisher during the migration";
    SM106 Info:
        "the number of cores that walsenders may use was not given",
        "The forecast gives each a core of its own",
        "Give `--publisher-cores`";
    SM107 Warning:
        "some buckets were not observed",
        "Each is assumed to be like the one before",
        "Sample again over those hours";
    SM108 Warning:
        "the apply workers may need more cores than they may use",
        "They apply with fewer cores, or wait for each other; the upper figure assumes that each transaction wakes a worker (docs/apply-cost.md)",
        "A larger subscriber during the migration";
    SM109 Info:
        "the number of cores that apply workers may use was not given",
        "The forecast gives each a core of its own",
        "Give `--subscriber-cores`";
}
