//! The plan.

use super::Code;

codes! {
    PL101 Error:
        "a slot's mean load is above its capacity",
        "Its backlog only grows: WAL is retained until the publisher's disk is full",
        "More slots with `--publications`, or a higher `--max-dedicated`";
    PL102 Warning:
        "no number of shared slots keeps the headroom",
        "With the careful coefficients, the busiest slot has less headroom than `--headroom` asks for",
        "`--calibration`, more slots, or a smaller `--headroom`";
    PL103 Warning:
        "a slot is above its capacity in some bucket",
        "A backlog builds up and is worked off later; until then, rows are late",
        "More slots, or start and cut over away from that hour";
    PL104 Info:
        "one slot would carry everything",
        "One subscription is simpler than this plan",
        "Use one subscription, or the provider's blue/green deployment";
    PL105 Warning:
        "the walsenders need more cores than the publisher has",
        "Every slot decodes all WAL, so each additional slot costs the publisher the same again",
        "Fewer slots, or a larger publisher during the migration";
    PL106 Warning:
        "`--max-slots` leaves no room for the requested shared slots and a slot for each hot table",
        "Of all ways to divide that many slots, the plan uses the one with the lowest peak over all of them; hot tables that share one are decisions (PL108)",
        "Raise `--max-slots`";
    PL107 Error:
        "one table alone is too much for any slot",
        "No assignment helps: one worker applies all changes of a table",
        "`--split`, a replica identity that has an index, or secondary indexes after the copy; the hint lists what fits the table";
    PL108 Warning:
        "a hot table stays in a shared slot",
        "Everything else in its slot waits behind it; the decision `hot_shared` in the plan says why",
        "What the finding names: a higher `--max-dedicated`, `--max-slots` or `--max-moves`, or unpin it";
    PL109 Info:
        "fewer shared slots than requested: there are no more table groups",
        "Tables that belong together (partitions, inheritance, rules) are one group",
        "Nothing";
    PL110 Error:
        "no number of slots is enough: decoding alone takes all of a walsender's time",
        "Every slot decodes all WAL of the cluster before it sends anything; more slots do not divide that work",
        "Upgrade a storage clone, move databases off the cluster first, or use faster cores";
    PL111 Warning:
        "fewer shared slots than requested, because of `--max-moves`",
        "A slot is created only when there is a table group to fill it",
        "Raise `--max-moves`";
    PL201 Error:
        "a table has no usable replica identity",
        "Once it is published, the application's own UPDATE and DELETE on it fail (SQLSTATE 55000)",
        "Run the `ALTER TABLE` in the hint, or use `--no-identity exclude`, `insert-only` or `full`";
    PL202 Warning:
        "a table without a usable replica identity is left out",
        "It is not replicated at all",
        "Move it by hand during the cutover";
    PL203 Warning:
        "a table without a usable replica identity is published with insert and truncate only",
        "Its updates and deletes are not replicated",
        "Accept this only if its rows never change";
    PL204 Warning:
        "a table without a usable replica identity gets `REPLICA IDENTITY FULL`",
        "Every UPDATE and DELETE logs the whole old row, and the subscriber may read the whole table to find it",
        "Better: a unique index over NOT NULL columns";
    PL301 Info:
        "a partition tree is published through its root",
        "TRUNCATE of one partition is not replicated; one COPY copies the whole tree",
        "Truncate the root, or the partition on both sides";
    PL302 Warning:
        "partitions are published one by one",
        "A partition created later is in no publication: its rows would be missing, without an error",
        "Create the partitions that will be needed beforehand, or plan again";
    PL303 Info:
        "foreign keys join tables in different slots",
        "Slots are not in step: rows may arrive before the rows they reference, and a replicated TRUNCATE of a referenced table fails forever unless the same command truncates the other table in the same slot",
        "`--foreign-keys restore` (drop, restore after the drain), `guard` (no TRUNCATE) or `together`";
    PL305 Info:
        "tables have generated columns",
        "They are not sent; the subscriber computes them",
        "Use the same expression on both sides";
    PL306 Info:
        "row filters split a table across several slots",
        "An UPDATE that changes the key moves the row between slots; a second unique constraint can make one slot wait for another; TRUNCATE is refused",
        "Do not change keys or truncate the table meanwhile";
    PL307 Warning:
        "a table split by row filters has TOAST values but not REPLICA IDENTITY FULL",
        "An UPDATE that changes the key arrives as an INSERT without the TOAST values that it did not change",
        "Do not change keys meanwhile, or set `REPLICA IDENTITY FULL` before the start";
    PL308 Error:
        "a partition tree is published through its root, which identifies rows differently from its partitions, or not at all",
        "Changes are described as the root's, but the old key in WAL is the partition's: the slot stops at the first UPDATE or DELETE, or they are lost in a DEFAULT partition",
        "Use the same key on the root and its partitions, or publish its partitions by themselves: `--split`, where it has two or more";
    PL309 Error:
        "a tree whose rows are dealt out by hashes of an enumerated type is published by its partitions",
        "Hashes of enumerated types, and of what is built of them, differ from server to server: rows fit no partition of the same name",
        "Versions that publish through the root, or `--exclude` it and use `pg_dump --load-via-partition-root`";
    PL310 Warning:
        "the plan is for a major version that this release was not tried on (19)",
        "What is known of it is from its documentation; no server of it was there when this release was made",
        "Rehearse the whole migration on copies first, or plan for a version that was tried";
}
