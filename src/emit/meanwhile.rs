//! What may be done to the databases while the migration runs, and how: DDL is not replicated. The runbook lists it; a live test
//! does each of the first kind under writers and compares.

/// What somebody wants to do, and how it is done without stopping a slot or losing a row.
pub(super) const SAFE: &[(&str, &str)] = &[
    (
        "ADD COLUMN",
        "on the subscriber first, then on the publisher, with the same type and the same constant default; NOT NULL only with one. A default \
         that differs from row to row (now(), random()): add it without, UPDATE on the publisher, then SET DEFAULT on both",
    ),
    (
        "DROP COLUMN",
        "on the publisher first, then on the subscriber once {caught_up} says yes; no column of the replica identity",
    ),
    (
        "a wider type (int to bigint, longer varchar)",
        "on the subscriber first, then on the publisher. Each rewrites its table where the type says so, and holds it locked meanwhile",
    ),
    ("SET or DROP DEFAULT, SET STATISTICS, storage parameters, COMMENT", "on both, in any order"),
    ("DROP NOT NULL, DROP CHECK", "on the subscriber first, then on the publisher"),
    ("SET NOT NULL, ADD CHECK", "on the publisher first (CHECK as NOT VALID, then VALIDATE), then on the subscriber"),
    (
        "CREATE INDEX, DROP INDEX",
        "CONCURRENTLY, on each server by itself. A unique one on the publisher first. None that is a replica identity",
    ),
    ("a new partition", "{partitions}"),
    (
        "a new table, a table that is dropped, other slots for other loads",
        "sample and plan with --previous, then emit with --running and this plan: tables move between live slots",
    ),
    ("functions, views, types, sequences, roles, grants", "on both; pgslotplan check compares"),
    ("VACUUM, ANALYZE, REINDEX CONCURRENTLY of an index that is no replica identity", "as ever"),
    ("TRUNCATE", "as ever, where it is not guarded; all tables of one statement must be in one slot"),
    ("an unlogged or temporary table", "as ever: it is not replicated"),
];

/// What stops a slot, loses rows, or makes so much WAL that nobody catches up.
pub(super) const UNSAFE: &[(&str, &str)] = &[
    ("renaming a table, schema or column; SET SCHEMA", "its slot stops, or rows go nowhere. After the cutover"),
    ("SET UNLOGGED, changing a replica identity or its key", "changes are lost or refused. After the cutover"),
    (
        "ATTACH PARTITION of a table that is planned itself, DETACH of a partition",
        "its rows would come twice, or no more. Plan again and emit with --running",
    ),
    (
        "TRUNCATE ... CASCADE over slots, or of a table whose foreign keys on the subscriber lead outside of its slot",
        "its slot stops",
    ),
    (
        "pg_repack, REPACK CONCURRENTLY, VACUUM FULL, CLUSTER, rewriting ALTER TABLE of large tables on the publisher",
        "every slot decodes the WAL that it makes: only with room for it, and when no slot is behind",
    ),
    (
        "REINDEX CONCURRENTLY of the replica identity's index on the subscriber",
        "apply may miss rows meanwhile: leave it, or compare afterwards",
    ),
    ("writes to planned tables on the subscriber", "conflicts stop the slot, or rows differ silently"),
];
