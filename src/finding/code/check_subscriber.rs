//! `check`: the subscriber, its settings and its tables.

use super::Code;

codes! {
    PF301 Error:
        "`max_logical_replication_workers` is too small",
        "A subscription without a worker never runs, and only the log says so",
        "Raise it to the number given; restart";
    PF302 Error:
        "`max_worker_processes` is too small",
        "Workers of logical replication and their launcher come out of it",
        "Raise it to the number given; restart";
    PF303 Error:
        "too few replication origins: `max_active_replication_origins` (18), `max_replication_slots` (before)",
        "Table copies die and leave their slots on the publisher",
        "Raise it to the number given; restart";
    PF304 Error:
        "`max_sync_workers_per_subscription` is more than planned",
        "Every budget of the plan is exceeded",
        "Lower it, or plan with more";
    PF305 Warning:
        "too few workers for parallel apply",
        "Large transactions are applied one after the other",
        "Raise `max_logical_replication_workers`";
    PF306 Warning:
        "replication back would need a restart",
        "After the cutover the way back is closed",
        "`wal_level`, slots and walsenders of the subscriber, before";
    PF307 Info:
        "`track_commit_timestamp` is off (18)",
        "Conflicts of origin are not counted",
        "on; restart";
    PF308 Warning:
        "the role cannot create subscriptions",
        "Superuser up to 15; `pg_create_subscription` and CREATE on the database from 16 on",
        "The GRANTs in the hint";
    PF309 Error:
        "a clone holds prepared transactions",
        "They keep locks, and commit once more through the slots",
        "ROLLBACK PREPARED on the clone";
    PF401 Error:
        "a planned table is not on the subscriber",
        "The subscription cannot be created",
        "`pg_dump --schema-only`";
    PF402 Error:
        "a planned table is nothing there that a subscription can write into",
        "The subscription cannot be created",
        "Make it a table";
    PF403 Error:
        "a table on the subscriber has neither primary key nor replica identity index",
        "The first UPDATE or DELETE stops the slot",
        "ADD PRIMARY KEY before the start";
    PF404 Error:
        "a foreign key from outside the slot references a table that may be truncated",
        "A replicated TRUNCATE of it stops the slot forever",
        "DROP CONSTRAINT until the cutover, or plan again";
    PF405 Warning:
        "ENABLE ALWAYS or ENABLE REPLICA triggers",
        "They fire for replicated rows: done twice, or stopped by an error",
        "DISABLE TRIGGER until the cutover";
    PF406 Warning:
        "the function of an ENABLE ALWAYS or ENABLE REPLICA trigger has no search_path",
        "It runs with an empty one: an unqualified name stops the slot",
        "ALTER FUNCTION ... SET search_path";
    PF407 Warning:
        "a function in a default, check constraint or index has no search_path",
        "It runs with an empty one: an unqualified name stops the slot",
        "ALTER FUNCTION ... SET search_path";
    PF408 Warning:
        "row security that the writer is subject to",
        "15 and later refuse to write",
        "Turn it off until the cutover";
    PF409 Error:
        "a table is not empty",
        "The copy adds to it; a key that exists stops the slot",
        "TRUNCATE it";
    PF410 Warning:
        "a further unique or exclusion constraint on a sharded table",
        "A shard may wait for another one",
        "Make it after the cutover";
    PF411 Error:
        "rows without key whose types have no equality",
        "UPDATE and DELETE fail",
        "A primary key there, or jsonb";
    PF412 Warning:
        "rows are found by reading the whole table",
        "Identity FULL and no key on the subscriber",
        "A primary key there";
    PF413 Info:
        "secondary indexes are there before the copy",
        "The copy is slower",
        "Build them afterwards";
    PF421 Error:
        "a published column is not on the subscriber",
        "The slot stops with the first row",
        "ADD COLUMN";
    PF422 Error:
        "a NOT NULL column on the subscriber that nothing fills",
        "The slot stops with the first row",
        "A default, or DROP NOT NULL";
    PF423 Warning:
        "types differ",
        "A value that does not fit stops the slot",
        "Equal types";
    PF424 Error:
        "a published column is generated on the subscriber",
        "The slot stops with the first row",
        "DROP EXPRESSION";
    PF425 Warning:
        "a column is generated on the publisher only",
        "It is not sent and stays empty",
        "Generate it there too";
    PF426 Error:
        "the subscriber's key has columns that the publisher's identity lacks",
        "UPDATE and DELETE stop the slot",
        "The same key on both sides";
    PF427 Warning:
        "partitions differ",
        "A row that fits none stops the slot",
        "The same partitions, or a DEFAULT one";
    PF428 Error:
        "an enumerated type lacks labels",
        "The first row with one stops the slot",
        "ALTER TYPE ... ADD VALUE";
    PF429 Warning:
        "extensions are missing",
        "Types and functions may be",
        "CREATE EXTENSION";
    PF430 Warning:
        "encodings differ",
        "A character that does not exist there stops the slot",
        "The same encoding";
    PF431 Warning:
        "sequences are missing",
        "The cutover sets them by name",
        "`pg_dump --schema-only`";
}
