//! `check`: the publisher, its settings and its tables.

use super::Code;

codes! {
    PF101 Error:
        "`wal_level` is not `logical` (nor, from 19 on, `replica`)",
        "No logical slot can be created",
        "Set `wal_level`, or the provider's own switch (`rds.logical_replication`, `cloudsql.logical_decoding`); restart";
    PF102 Error:
        "`max_replication_slots` is too small for this plan",
        "Each subscription holds a slot, and each running table copy one more; copies wait or fail, and SQL does not show it",
        "Raise it to the number given; restart";
    PF103 Error:
        "`max_wal_senders` is too small for this plan",
        "Each slot in use has a walsender, and so does each standby",
        "Raise it to the number given; restart";
    PF104 Warning:
        "`max_slot_wal_keep_size` is finite",
        "A slot that retains more is lost: its subscription and copy start over",
        "Set it to -1 during the migration, with an alert on disk space";
    PF105 Error:
        "`idle_replication_slot_timeout` is not 0 (18)",
        "A slot that waits longer for its subscription is invalidated permanently",
        "Set it to 0; reload";
    PF106 Info:
        "how much memory decoding may use, or when it spills to disk",
        "`logical_decoding_work_mem` applies to each walsender; 12 spills above 4096 changes",
        "Compare it with the free memory";
    PF107 Warning:
        "`wal_sender_timeout` or `wal_receiver_timeout` is below 60 s",
        "The connection is dropped while a large transaction is decoded or applied, and decoding starts over",
        "Set it to 5 min";
    PF108 Warning:
        "changed settings are pending a restart",
        "The old values are in effect",
        "Restart before the migration";
    PF109 Warning:
        "fewer cores than walsenders",
        "Each slot decodes all WAL; with too few cores, more slots slow down every slot",
        "Fewer slots, or a larger machine during the migration";
    PF110 Error:
        "the server is a standby",
        "Publications and subscriptions can only be created on a primary",
        "Connect to the primary";
    PF111 Error:
        "the major version differs from the planned one",
        "The scripts refuse it",
        "Plan again with the right `--publisher-version` or `--subscriber-version`";
    PF112 Warning:
        "a minor version that loses changes to a table added without a lock",
        "12, 13 before 13.21, 14.18, 15.13, 16.9, 17.5: later changes to that table never arrive",
        "Update; lock the table before ALTER PUBLICATION ... ADD TABLE";
    PF113 Warning:
        "the role checked may not replicate",
        "It can neither create slots nor be used in `publisher_dsn`",
        "Give it REPLICATION or `rds_replication`; or name another with `--replication-role NAME`";
    PF114 Error:
        "no role on the server may log in and replicate",
        "No subscription can connect",
        "ALTER ROLE ... REPLICATION";
    PF115 Warning:
        "the role checked cannot create the publications",
        "That takes the tables' owner, with CREATE on the database",
        "Run the GRANTs in the hint, or run the files as the owner";
    PF116 Error:
        "the replicating role may not read a table",
        "Its copy fails over and over",
        "GRANT SELECT";
    PF117 Error:
        "row-level security hides rows from the replicating role",
        "COPY copies only what the role sees, without an error",
        "ALTER ROLE ... BYPASSRLS";
    PF118 Warning:
        "a timeout is set for the replicating role, or for the one that applies",
        "Copying a table is one statement and one transaction, as is what an apply worker applies",
        "ALTER ROLE ... IN DATABASE ... SET statement_timeout = 0";
    PF119 Warning:
        "`synchronous_standby_names` matches the subscriptions",
        "Commits would wait for the subscriber",
        "List the standbys by name";
    PF120 Warning:
        "the publisher has standbys without these slots",
        "After a failover the migration starts over",
        "Emit and check with `--failover-slots` (17), or use `pg_failover_slots`; else no switchover meanwhile";
    PF121 Warning:
        "transactions that have been writing for more than a minute",
        "Creating the first slot waits for them",
        "Wait, or `pg_terminate_backend`";
    PF122 Error:
        "prepared transactions older than a minute",
        "Creating a slot waits for them, whichever database they are in",
        "COMMIT PREPARED or ROLLBACK PREPARED";
    PF123 Warning:
        "a setting is below what the provider asks for",
        "Azure: `max_worker_processes` of at least 16",
        "Raise it";
    PF124 Info:
        "14 and earlier send BEGIN and COMMIT of every transaction to every slot",
        "Each additional slot costs apply time and network traffic for every transaction in the database",
        "Fewer slots";
    PF125 Error:
        "Citus or TimescaleDB on the publisher",
        "Their tables' rows are stored elsewhere: in shards on other servers, or in chunks that come and go",
        "Migrate by the extension's own method; drop it if no table uses it";
    PF126 Error:
        "`output_plugin_libraries` does not name `pgoutput`",
        "Minor versions since August 2026 (18.6, 17.11, 16.15, 15.19) load only the output plugins that it names; no slot can be made",
        "Add `pgoutput` to it; reload";
    PF130 Error:
        "the server's minor version cannot refuse views in place of tables",
        "A view that takes a table's place runs its owner's code as whoever reads it; the scripts refuse such a server",
        "Update to 12.20, 13.16, 14.13, 15.8, 16.4 or later";
    PF131 Warning:
        "the server is of a major version that this release was not tried on (19)",
        "What is known of it is from its documentation; no server of it was there when this release was made",
        "Rehearse the whole migration on copies first";
    PF133 Warning:
        "the server is run by Patroni",
        "It drops logical slots that its configuration does not name at a role change, at a restart, and when a paused cluster is resumed; a standby has none of them",
        "The command in the hint names them once they are there; they are taken out again before the clean-up";
    PF134 Warning:
        "the subscriber has standbys",
        "A failover loses rows that its slots have confirmed and that the standby had not got",
        "Verify and repair rows after a failover, or let the subscriptions wait for the standbys";
    PF135 Error:
        "with `--failover-slots`: a standby keeps no copies of slots",
        "After a failover to it the slots are gone",
        "Set what the finding names: `sync_replication_slots`, `hot_standby_feedback`, `primary_slot_name`, a database in `primary_conninfo`";
    PF136 Warning:
        "with `--failover-slots`: there are standbys that the connection string does not lead to, or none at all",
        "Subscriptions would not find the new primary, and whether the standbys keep copies of the slots is not known",
        "Name every node, with `target_session_attrs=read-write`";
    PF137 Warning:
        "with `--failover-slots`: subscribers do not wait for the standbys, or wait for slots that are not there",
        "A subscriber can have rows that the standby which becomes the primary never got; or it waits forever",
        "`synchronized_standby_slots`, on each node the slots of its own standbys";
    PF138 Error:
        "with `--failover-slots`: a slot is not marked for standbys, or a standby's copy of it cannot be used, or is an old slot of its own",
        "After a failover the slot is gone",
        "`ALTER SUBSCRIPTION … SET (failover = true)` while it is disabled; wait until the copies are no longer temporary; drop a former primary's old slots on it";
    PF140 Info:
        "with `--bootstrap clone`: the publisher's configuration is outside of its data folder, or names its folders",
        "A base backup lacks it, and a copy that was given it as it is would run the publisher's own folder",
        "The clone step gives the copy parameters, pg_hba.conf and pg_ident.conf of its own; bring the certificates that the finding names to the clone's host";
    PF141 Info:
        "with `--bootstrap clone`: the publisher has tablespaces",
        "Their copies go to the same paths, which must be empty on the clone's host, or below one folder",
        "Set `PGSLOTPLAN_CLONE_TABLESPACES` where the paths are taken, as on the publisher's own host";
    PF142 Error:
        "with `--bootstrap clone`: the role cannot read where the publisher keeps its configuration, or its files there",
        "The clone step refuses: a copy of such a configuration could run the publisher's own folder",
        "Run the GRANTs in the hint, or give that step a superuser";
    PF143 Error:
        "with `--bootstrap aurora`: the publisher is no Aurora server, or one without `aurora_volume_logical_start_lsn()`",
        "Nothing says where a clone of its storage ends",
        "Another bootstrap, or an update to 12.10, 13.6, 14.3, 15.2 or later";
    PF201 Error:
        "a table has no usable replica identity",
        "Once it is published, the application's own UPDATE and DELETE fail (55000)",
        "Run an ALTER TABLE from the hint, which lists the cheapest first";
    PF202 Error:
        "the unique index of a planned replica identity does not exist",
        "The identity cannot be set",
        "Create the index, or plan again";
    PF203 Error:
        "a row filter uses columns outside the replica identity",
        "UPDATE and DELETE fail on the publisher (42P10)",
        "Set REPLICA IDENTITY FULL, or filter by the key";
    PF205 Warning:
        "a sharded table has out-of-line (TOAST) columns but not REPLICA IDENTITY FULL",
        "An UPDATE that moves a row to another shard loses them, without an error",
        "Set REPLICA IDENTITY FULL, unless the key never changes";
    PF206 Error:
        "TRUNCATE of a sharded table is published",
        "Row filters do not apply to it: a late shard wipes out the rows of the others",
        "Plan again, without truncate";
    PF207 Error:
        "a row filter takes `abs` of a hash",
        "It fails for the smallest integer, inside the walsender, forever",
        "Use `hashint8(key) & (n - 1)`";
    PF208 Info:
        "tables with replica identity FULL",
        "Every UPDATE and DELETE carries the whole old row",
        "Add a key to avoid that";
    PF209 Error:
        "a planned table is now unlogged, temporary or foreign",
        "It cannot be published",
        "SET LOGGED, or plan without it";
    PF210 Warning:
        "a planned table belongs to an extension",
        "CREATE EXTENSION creates and fills it on the subscriber",
        "`--exclude` it";
    PF211 Warning:
        "unlogged tables",
        "They write no WAL",
        "`pg_dump --table` during the cutover";
    PF212 Info:
        "foreign tables",
        "They hold no rows",
        "Create the same servers and user mappings on the subscriber";
    PF213 Info:
        "materialized views",
        "They are not replicated",
        "REFRESH after the drain";
    PF214 Warning:
        "large objects",
        "They are never replicated",
        "`pg_dump --large-objects`, or bytea instead";
    PF215 Info:
        "sequences",
        "Their values are not replicated",
        "Set them during the cutover";
    PF216 Info:
        "another publication is FOR ALL TABLES",
        "UPDATE already fails on tables without a replica identity",
        "Nothing, but be aware of it";
    PF217 Error:
        "a partition tree is published through its root, which identifies rows differently from its partitions, or not at all",
        "Changes are described as the root's, but the old key in WAL is the partition's: the slot stops at the first UPDATE or DELETE, or they are lost in a DEFAULT partition",
        "Use the same key on the root and its partitions, or `--split` it";
}
