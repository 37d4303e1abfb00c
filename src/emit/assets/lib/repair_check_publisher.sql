-- Whether the part can be made again from here, and how its slots stand. Changes nothing.
\ir publisher.sql
\ir repaired.sql
\ir before_cutover_publisher.sql
\set identities_are_set on
\ir publisher_tables.sql
\ir repair_publications_known.sql
\ir repair_slots_known.sql
SELECT format('slot %s: %s', p.slot_name, CASE WHEN s.slot_name IS NULL THEN 'absent on the publisher'
    WHEN to_jsonb(s) ->> 'wal_status' = 'lost' OR to_jsonb(s) ->> 'invalidation_reason' IS NOT NULL THEN 'lost on the publisher'
    ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn), CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END)
FROM pg_temp.planned_slot AS p LEFT JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name ORDER BY p.number;
