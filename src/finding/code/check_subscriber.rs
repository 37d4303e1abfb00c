//! `check`: the subscriber, its settings and its tables.

use super::Code;

codes! {
    PF301 Error:
        "`max_logical_replication_workers` is too small",
        "A subscription without a worker never runs, and only the log says so",
        "Raise it to the number given; restart";
    PF302 Error:
        "`max_worker_processes` is too small",
        "Logical replication workers and their launcher are taken from it",
        "Raise it to the number given; restart";
    PF303 Error:
        "too few replication origins: `max_active_replication_origins` (18), `max_replication_slots` (before)",
        "Table copies fail and leave their slots on the publisher",
        "Raise it to the number given; restart";
    PF304 Error:
        "`max_sync_workers_per_subscription` is higher than planned",
        "It exceeds every budget of the plan",
        "Lower it, or plan for more";
    PF305 Warning:
        "too few workers for parallel apply",
        "Large transactions are applied one after another",
        "Raise `max_logical_replication_workers`";
    PF306 Warning:
        "reverse replication would need a restart",
        "There would be no way back after the cutover",
        "Set `wal_level`, slots and walsenders on the subscriber beforehand";
    PF307 Info:
        "`track_commit_timestamp` is off (18)",
        "Origin conflicts are not counted",
        "Turn it on; restart";
    PF308 Warning:
        "the role cannot create subscriptions",
        "It takes a superuser up to 15; `pg_create_subscription` and CREATE on the database from 16 on",
        "Run the GRANTs in the hint, the memberships in the tables' owners among them";
    PF309 Error:
        "a clone holds prepared transactions",
        "They hold locks, and are committed once more through the slots",
        "Run ROLLBACK PREPARED on the clone";
    PF320 Warning:
        "the files are for superusers, and the role of a server is none",
        "Some of their steps would be refused",
        "Emit with `--privileges owner` or `managed`";
    PF321 Warning:
        "the role cannot make the subscriptions or slots of the way back",
        "Up to 15 only superusers and the administrators of some providers create subscriptions; without them nothing leads back after the first write",
        "The GRANT in the hint, or `WAY_BACK=no` in cutover.conf";
    PF322 Info:
        "the schema cannot be frozen: the role may not create event triggers",
        "DDL just before the cutover is found and not refused",
        "Keep deployments away";
    PF323 Warning:
        "the role does not own the database",
        "Writes are stopped by a setting of the database, which its owner makes",
        "ALTER DATABASE ... OWNER TO";
    PF324 Warning:
        "the role cannot make roles on the subscriber",
        "The step schema makes those that are missing",
        "ALTER ROLE ... CREATEROLE, or make them beforehand";
    PF325 Error:
        "foreign keys or triggers stand in the way of loading a dump, and the role cannot pass them by",
        "The role may not set `session_replication_role`; the step refuses before it dumps",
        "Drop them: a later step makes them";
    PF326 Warning:
        "the role has no CREATE on the subscriber's database",
        "The step schema makes schemas, and the files note what they did in one",
        "GRANT CREATE ON DATABASE";
    PF327 Warning:
        "the role may not read passwords",
        "The step passwords brings verifiers from catalog to catalog, and refuses without them",
        "Set them by hand, then `PGSLOTPLAN_PASSWORDS=no`";
    PF401 Error:
        "a planned table does not exist on the subscriber",
        "The subscription cannot be created",
        "Create it with `pg_dump --schema-only`";
    PF402 Error:
        "on the subscriber, a planned table is something that a subscription cannot write to",
        "The subscription cannot be created",
        "Replace it with a table";
    PF403 Error:
        "a table on the subscriber has neither a primary key nor a replica identity index",
        "The first UPDATE or DELETE stops the slot",
        "ADD PRIMARY KEY before the start";
    PF404 Error:
        "a foreign key from outside the slot references a table that may be truncated",
        "A replicated TRUNCATE of it stops the slot forever",
        "DROP CONSTRAINT until the cutover, or plan again";
    PF405 Warning:
        "ENABLE ALWAYS or ENABLE REPLICA triggers",
        "They fire for replicated rows: their work is done twice, or an error stops the slot",
        "The steps put them to rest until the cutover";
    PF406 Warning:
        "the function of an ENABLE ALWAYS or ENABLE REPLICA trigger has no search_path",
        "It runs with an empty one, so an unqualified name stops the slot",
        "ALTER FUNCTION ... SET search_path";
    PF407 Warning:
        "a function in a default, check constraint or index has no search_path",
        "It runs with an empty one, so an unqualified name stops the slot",
        "ALTER FUNCTION ... SET search_path";
    PF408 Warning:
        "row-level security applies to the role that writes",
        "15 and later refuse to write",
        "The steps put FORCE to rest until the cutover";
    PF409 Error:
        "a table is not empty",
        "The copy adds to it; a key that already exists stops the slot",
        "TRUNCATE it";
    PF410 Warning:
        "a sharded table has another unique or exclusion constraint",
        "One shard may wait for another",
        "Create it after the cutover";
    PF411 Error:
        "a table without a key has columns whose types have no equality",
        "UPDATE and DELETE fail",
        "Add a primary key on the subscriber, or use jsonb";
    PF412 Warning:
        "rows are found by reading the whole table",
        "REPLICA IDENTITY FULL, and no key on the subscriber",
        "Add a primary key on the subscriber";
    PF413 Info:
        "secondary indexes exist before the copy",
        "The copy is slower",
        "Build them afterwards";
    PF421 Error:
        "a published column does not exist on the subscriber",
        "The slot stops at the first row",
        "ADD COLUMN as `pg_dump --schema-only` spells it, with its default and NOT NULL";
    PF422 Error:
        "nothing fills a NOT NULL column on the subscriber",
        "The slot stops at the first row",
        "Add a default, or DROP NOT NULL";
    PF423 Warning:
        "types differ",
        "A value that does not fit stops the slot",
        "Use the same types on both sides";
    PF424 Error:
        "a published column is generated on the subscriber",
        "The slot stops at the first row",
        "DROP EXPRESSION";
    PF425 Warning:
        "a column is generated on the publisher only",
        "It is not sent and stays empty",
        "Make it generated on the subscriber too";
    PF426 Error:
        "the subscriber's key has columns that the publisher's identity lacks",
        "UPDATE and DELETE stop the slot",
        "Use the same key on both sides";
    PF427 Warning:
        "partitions differ",
        "A row that fits no partition stops the slot",
        "Create the same partitions, or a DEFAULT one";
    PF428 Error:
        "an enumerated type lacks labels",
        "The first row with a missing label stops the slot",
        "ALTER TYPE ... ADD VALUE";
    PF429 Warning:
        "extensions are missing",
        "Types and functions may be missing too",
        "CREATE EXTENSION";
    PF430 Warning:
        "encodings differ",
        "A character that does not exist on the subscriber stops the slot",
        "Use the same encoding";
    PF431 Warning:
        "sequences are missing",
        "The cutover sets them by name",
        "Create them with `pg_dump --schema-only`";
    PF432 Warning:
        "the subscriber's version refuses objects of the publisher",
        "The step schema lists what was refused and goes on; a table or function that needs them fails",
        "Make them on the subscriber as its version wants them, then PGSLOTPLAN_ACCEPT_REFUSED";
    PF433 Info:
        "something fires for replicated rows, or keeps them out, and rests until the cutover",
        "ENABLE ALWAYS or REPLICA triggers would do their work twice; FORCE ROW LEVEL SECURITY stops a slot",
        "Nothing: the steps put it to rest on the subscriber and give it back when the application comes";
    PF434 Info:
        "a bytea column may hold values above 512 MB",
        "They travel as text, which no server can make of them: the copy of the table fails over and over",
        "Run the query in the hint; such values must be cut up or carried over by another way";
    PF435 Error:
        "the owner of a table may not write it",
        "From 16 on rows are written as the table's owner: the slot stops",
        "Run the GRANTs in the hint";
    PF440 Error:
        "functions of roles that are no superusers would run as the subscription's owner (subscribers up to 15)",
        "An ordinary CHECK makes its owner a superuser by the first copied row",
        "A subscriber of 16 or later, PGSLOTPLAN_SUBSCRIPTION_OWNER, or accept by name";
    PF441 Error:
        "the same on the old server, once it follows the new one (up to 15)",
        "What is written to the new server runs them on the old one as the owner of its subscriptions",
        "PGSLOTPLAN_SUBSCRIPTION_OWNER, or accept by name";
    PF442 Warning:
        "the server may log the connection string of the subscriptions",
        "The role is no superuser and cannot switch the log off around the statement",
        "`log_statement = none` meanwhile, or a password file of the server";
}
