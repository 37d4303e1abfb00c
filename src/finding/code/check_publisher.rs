//! `check`: the publisher, its settings and its tables.

use super::Code;

codes! {
    PF101 Error:
        "`wal_level` is not `logical`",
        "No logical slot can be made",
        "`wal_level`, or the provider's own switch (`rds.logical_replication`, `cloudsql.logical_decoding`); restart";
    PF102 Error:
        "`max_replication_slots` is too small for this plan",
        "Each subscription holds a slot, each running table copy one more; copies wait or fail, silently for SQL",
        "Raise it to the number given; restart";
    PF103 Error:
        "`max_wal_senders` is too small for this plan",
        "Each slot in use has a walsender, so has each standby",
        "Raise it to the number given; restart";
    PF104 Warning:
        "`max_slot_wal_keep_size` is finite",
        "A slot that retains more is lost: its subscription and copy start over",
        "-1 while the migration lasts, and an alarm on the disk";
    PF105 Error:
        "`idle_replication_slot_timeout` is not 0 (18)",
        "A slot that waits longer for its subscription is invalidated, for good",
        "0; reload";
    PF106 Info:
        "what decoding may take in memory, or spills",
        "`logical_decoding_work_mem` counts once for each walsender; 12 spills above 4096 changes",
        "Compare it with free memory";
    PF107 Warning:
        "`wal_sender_timeout` or `wal_receiver_timeout` is below 60 s",
        "The connection is given up while a large transaction is decoded or applied, and decoding starts over",
        "5 min";
    PF108 Warning:
        "changed settings wait for a restart",
        "The old values are in force",
        "Restart before the start";
    PF109 Warning:
        "fewer cores than walsenders",
        "Each slot decodes all WAL; more slots then make every slot slower",
        "Fewer slots, or a larger machine while it lasts";
    PF110 Error:
        "the server is a standby",
        "Publications and subscriptions are made on a primary",
        "Connect to the primary";
    PF111 Error:
        "another major version than planned",
        "The scripts refuse it",
        "Plan again with the right `--publisher-version` or `--subscriber-version`";
    PF112 Warning:
        "a minor version that loses changes of a table added without a lock",
        "12, 13 before 13.21, 14.18, 15.13, 16.9, 17.5: later changes of that table never arrive",
        "Update; lock the table before ALTER PUBLICATION ... ADD TABLE";
    PF113 Warning:
        "the judged role may not replicate",
        "It can neither make slots nor be in `publisher_dsn`",
        "REPLICATION, `rds_replication`; or `--replication-role NAME`";
    PF114 Error:
        "no role of the server may log in and replicate",
        "No subscription can connect",
        "ALTER ROLE ... REPLICATION";
    PF115 Warning:
        "the judged role cannot make the publications",
        "They are for the tables' owner with CREATE on the database",
        "The GRANTs in the hint, or run the files as the owner";
    PF116 Error:
        "the replicating role may not read a table",
        "Its copy fails again and again",
        "GRANT SELECT";
    PF117 Error:
        "row security hides rows from the replicating role",
        "COPY copies what the role sees, without an error",
        "ALTER ROLE ... BYPASSRLS";
    PF118 Warning:
        "`statement_timeout` for the replicating role",
        "The copy of a table is one statement",
        "ALTER ROLE ... IN DATABASE ... SET statement_timeout = 0";
    PF119 Warning:
        "`synchronous_standby_names` matches the subscriptions",
        "Commits would wait for the subscriber",
        "List the standbys by name";
    PF120 Warning:
        "the publisher has standbys without these slots",
        "After a failover the migration starts over",
        "No planned switchover meanwhile; failover slots, `pg_failover_slots`";
    PF121 Warning:
        "transactions that have written for more than a minute",
        "Making the first slot waits for them",
        "Wait, or `pg_terminate_backend`";
    PF122 Error:
        "prepared transactions older than a minute",
        "Making a slot waits for them, in whatever database",
        "COMMIT PREPARED or ROLLBACK PREPARED";
    PF123 Warning:
        "a setting is below what the provider asks for",
        "Azure: `max_worker_processes` of at least 16",
        "Raise it";
    PF124 Info:
        "14 and earlier send BEGIN and COMMIT of every transaction to every slot",
        "Each further slot costs apply time and network for all transactions of the database",
        "Fewer slots";
    PF125 Error:
        "Citus or TimescaleDB on the publisher",
        "Their tables' rows lie elsewhere: in shards on other servers, in chunks that come and go",
        "The extension's own way to move; drop it if no table uses it";
    PF201 Error:
        "a table has no usable replica identity",
        "Once published, the application's own UPDATE and DELETE fail (55000)",
        "The ALTER TABLE in the hint, cheapest first";
    PF202 Error:
        "the unique index of a planned replica identity is not there",
        "The identity cannot be set",
        "Make the index, or plan again";
    PF203 Error:
        "a row filter uses columns outside of the identity",
        "UPDATE and DELETE fail on the publisher (42P10)",
        "REPLICA IDENTITY FULL, or filter by the key";
    PF205 Warning:
        "a sharded table with out-of-line columns and no FULL",
        "An UPDATE that moves a row to another shard loses them, without an error",
        "REPLICA IDENTITY FULL, unless the key never changes";
    PF206 Error:
        "TRUNCATE of a sharded table is published",
        "Row filters do not apply to it: a late shard wipes the others' rows",
        "Plan again; leave truncate out";
    PF207 Error:
        "a row filter takes `abs` of a hash",
        "It fails for the least integer, inside the walsender, forever",
        "`hashint8(key) & (n - 1)`";
    PF208 Info:
        "tables with replica identity FULL",
        "Every UPDATE and DELETE carries the whole old row",
        "A key spares it";
    PF209 Error:
        "a planned table is unlogged, temporary or foreign now",
        "It cannot be published",
        "SET LOGGED, or plan without it";
    PF210 Warning:
        "a planned table belongs to an extension",
        "CREATE EXTENSION makes and fills it on the subscriber",
        "`--exclude` it";
    PF211 Warning:
        "unlogged tables",
        "They write no WAL",
        "`pg_dump --table` in the cutover";
    PF212 Info:
        "foreign tables",
        "They hold no rows",
        "The same servers and user mappings there";
    PF213 Info:
        "materialised views",
        "They are not replicated",
        "REFRESH after the drain";
    PF214 Warning:
        "large objects",
        "They are never replicated",
        "`pg_dump --large-objects`, or bytea";
    PF215 Info:
        "sequences",
        "Their values are not replicated",
        "Set them in the cutover";
    PF216 Info:
        "another publication FOR ALL TABLES",
        "Tables without identity already fail to UPDATE",
        "Know it";
    PF217 Error:
        "a partition tree is published through a root that identifies its rows otherwise than its partitions do, or not at all",
        "What is sent is described by the root, but the old key in WAL is the partition's: the slot stops at the first UPDATE or DELETE, or they are lost in a DEFAULT partition",
        "The same key on root and partitions; or `--split` it";
}
