-- What a standby needs to keep copies of slots, and the copies that it has. One row; none on a primary.
-- Versions: 17 to 19. Privileges: pg_read_all_settings for primary_conninfo. Locks: none.
SELECT pg_catalog.current_setting('sync_replication_slots')::boolean AS synchronizes,
       pg_catalog.current_setting('hot_standby_feedback')::boolean AS sends_feedback,
       pg_catalog.current_setting('primary_slot_name') AS slot_name,
       (SELECT s.setting ~ 'dbname' OR s.setting ~ '^[[:space:]]*postgres(ql)?://[^/]*/[^?]' FROM pg_catalog.pg_settings s
         WHERE s.name = 'primary_conninfo' AND (pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
                OR (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user))) AS names_database,
       ARRAY(SELECT s.slot_name::text FROM pg_catalog.pg_replication_slots s
              WHERE s.failover AND s.synced AND NOT s.temporary AND s.invalidation_reason IS NULL ORDER BY 1) AS usable,
       ARRAY(SELECT s.slot_name::text FROM pg_catalog.pg_replication_slots s
              WHERE s.slot_type = 'logical' AND NOT s.synced AND NOT s.temporary ORDER BY 1) AS own
 WHERE pg_catalog.pg_is_in_recovery()
