//! The plan.

use super::Code;

codes! {
    PL101 Error:
        "a slot's mean load is above its capacity",
        "Its backlog only grows; WAL is retained until the publisher's disk is full",
        "`--publications` with more slots, `--max-dedicated` higher";
    PL102 Warning:
        "no number of shared slots keeps the headroom",
        "With the careful coefficients the busiest slot has less reserve than `--headroom` asks for",
        "`--calibration`, more slots, or a smaller `--headroom`";
    PL103 Warning:
        "a slot is above its capacity in some bucket",
        "A backlog builds up and is worked off later; rows are late meanwhile",
        "More slots, or start and cut over away from that hour";
    PL104 Info:
        "one slot would carry everything",
        "One subscription is simpler than this plan",
        "One subscription, or the provider's blue/green deployment";
    PL105 Warning:
        "the walsenders need more cores than the publisher has",
        "Every slot decodes all WAL, so each further slot costs the publisher the same again",
        "Fewer slots, or a larger publisher while it lasts";
    PL106 Warning:
        "`--max-slots` leaves no room for the shared slots that were asked for and a slot for each hot table",
        "Of the ways to share out so many slots the plan is the one with the least peak over all of them; hot tables that share one are decisions (PL108)",
        "Raise `--max-slots`";
    PL107 Error:
        "one table alone is too much for any slot",
        "No assignment helps: a table's changes are applied by one worker",
        "`--split`, a replica identity that has an index, secondary indexes after the copy; the hint lists what fits the table";
    PL108 Warning:
        "a hot table stays in a shared slot",
        "Everything else in its slot waits behind it; the plan's decision `hot_shared` says why",
        "What the finding names: `--max-dedicated`, `--max-slots` or `--max-moves` higher, or unpin it";
    PL109 Info:
        "fewer shared slots than asked: there are no more groups",
        "Tables that belong together (partitions, inheritance, rules) are one group",
        "Nothing";
    PL110 Error:
        "no number of slots suffices: decoding alone takes a walsender's whole time",
        "Every slot decodes all WAL of the cluster before it sends anything; more slots do not divide that",
        "Upgrade a storage clone, move databases off the cluster first, faster cores";
    PL111 Warning:
        "fewer shared slots than asked, because of `--max-moves`",
        "A slot is made only when there is a table group to fill it",
        "Raise `--max-moves`";
    PL201 Error:
        "a table has no usable replica identity",
        "Once it is published, the application's own UPDATE and DELETE of it fail (SQLSTATE 55000)",
        "The `ALTER TABLE` in the hint, or `--no-identity exclude`, `insert-only` or `full`";
    PL202 Warning:
        "a table without usable replica identity is left out",
        "It does not replicate at all",
        "Move it by hand in the cutover";
    PL203 Warning:
        "a table without usable replica identity is published with insert and truncate only",
        "Its updates and deletes do not replicate",
        "Right only if its rows never change";
    PL204 Warning:
        "a table without usable replica identity gets `REPLICA IDENTITY FULL`",
        "Every UPDATE and DELETE logs the whole old row, and the subscriber may read the whole table to find it",
        "Better: a unique index over NOT NULL columns";
    PL301 Info:
        "a partition tree is published through its root",
        "TRUNCATE of one partition does not replicate; the tree is copied by one COPY",
        "Truncate the root, or both sides";
    PL302 Warning:
        "partitions are published one by one",
        "A partition made later is in no publication: its rows would be missing without an error",
        "Make the partitions that will be needed first, or plan again";
    PL303 Info:
        "foreign keys join tables of different slots",
        "Slots are not in step: rows may arrive before the rows they refer to, and a replicated TRUNCATE of a referenced table fails forever when the other table is not truncated in the same command of the same slot",
        "`--foreign-keys restore` (drop, restore after the drain), `guard` (no TRUNCATE) or `together`";
    PL305 Info:
        "tables have generated columns",
        "They are not sent; the subscriber computes them",
        "Use the same expression on both sides";
    PL306 Info:
        "row filters split a table over several slots",
        "An UPDATE that changes the key moves the row between slots; a second unique constraint can make one slot wait for another; TRUNCATE is refused",
        "Change no keys and truncate nothing meanwhile";
    PL307 Warning:
        "a table split by row filters has TOAST values and no replica identity full",
        "An UPDATE that changes the key arrives as an INSERT without the TOAST values that it did not change",
        "Change no keys meanwhile, or set `REPLICA IDENTITY FULL` before the start";
    PL308 Error:
        "a partition tree is published through a root that identifies rows otherwise than its partitions do, or not at all",
        "What is sent is described by the root, but the old key in WAL is the partition's: the slot stops at the first UPDATE or DELETE, or they are lost in a DEFAULT partition",
        "The same key on root and partitions, or `--split` the tree";
}
