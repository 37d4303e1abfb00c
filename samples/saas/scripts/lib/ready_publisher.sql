-- Waits up to 30 s until every slot is within :most_bytes_behind and would decode no more than :most_bytes_decoded anew. If :frozen,
-- refuses a schema that is not; and what this role could not close in the pause.
\ir publisher.sql
\if :frozen
SELECT pg_temp.refuse(array_agg(format('event trigger %I: missing or disabled', name)), 'signs that the schema is not frozen',
  format('%s comes first: DDL is not replicated. Or WITHOUT=''freeze'' in cutover.conf, where nobody may make event triggers.', :'step_ddl_freeze')) AS refused
FROM unnest(ARRAY[:'freeze', :'freeze_drop']) AS w(name) WHERE NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = w.name AND evtenabled IN ('O', 'A'))
  AND :'may_freeze' = 'on' \gset
\endif
\ir open_roles.sql
SELECT pg_temp.refuse(array_agg(format('role %I: %s', rolname, CASE WHEN rolsuper OR NOT grants THEN format('ALTER ROLE %I RESET default_transaction_read_only', rolname)
    || CASE WHEN is_here THEN format('; ALTER ROLE %I IN DATABASE %I RESET default_transaction_read_only', rolname, current_database()) ELSE '' END
    ELSE format('GRANT %I TO %I WITH ADMIN OPTION', rolname, current_user) END) ORDER BY rolname), 'roles may write by a setting of their own, which this role cannot change',
  'In the pause they would go on writing. A superuser runs these statements.') AS refused
FROM pg_temp.open_roles() JOIN pg_roles USING (oid) CROSS JOIN (SELECT rolsuper AS is_super, rolcreaterole AS creates, rolcreaterole AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pg_auth_members'::regclass AND attname = 'set_option') AS grants FROM pg_roles WHERE rolname = current_user) AS me
WHERE NOT (is_super OR rolname = current_user OR creates AND NOT rolsuper AND (NOT grants OR pg_has_role(oid, 'MEMBER WITH ADMIN OPTION'))) \gset
SELECT pg_temp.refuse(array_agg(DISTINCT format('role %I', usename)), 'roles have sessions that TERMINATE_OTHERS=yes cannot end',
  format('GRANT pg_signal_backend TO %I; for superusers, or where that cannot be: ALLOWED_ROLES, or TERMINATE_OTHERS=no.', current_user)) AS refused
FROM pg_stat_activity JOIN pg_roles ON oid = usesysid
WHERE :'terminate' = 'yes' AND datname = current_database() AND backend_type = 'client backend' AND usename <> ALL (string_to_array(replace(:'allowed', ' ', ''), ','))
  AND NOT (pg_has_role(oid, 'USAGE') OR NOT rolsuper AND pg_has_role('pg_signal_backend', 'USAGE')) \gset
\ir slots_blocked.sql
SELECT set_config('pgslotplan.most_bytes_behind', :'most_bytes_behind', false) AS most, set_config('pgslotplan.most_bytes_decoded', :'most_bytes_decoded', false) AS decoded \gset
DO $pgslotplan$ DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s'; lines text; written pg_lsn;
BEGIN
  LOOP
    written := pg_current_wal_insert_lsn();
    SELECT string_agg(format('slot %I: %s', p.slot_name, CASE WHEN s.slot_name IS NULL THEN 'missing' WHEN NOT s.active THEN 'not connected'
             WHEN pg_wal_lsn_diff(written, s.confirmed_flush_lsn) > current_setting('pgslotplan.most_bytes_behind')::numeric THEN format('%s bytes behind', pg_wal_lsn_diff(written, s.confirmed_flush_lsn))
             ELSE format('%s bytes to decode anew, which MOST_BYTES_DECODED limits; it keeps them for the oldest transaction%s', pg_wal_lsn_diff(written, s.restart_lsn),
               coalesce(': ' || (SELECT string_agg(pg_temp.plain(line), ', ') FROM pg_temp.slots_blocked() AS line), '')) END), chr(10) ORDER BY p.slot_name)
      INTO lines
    FROM pg_temp.planned_slot AS p LEFT JOIN pg_replication_slots AS s ON s.slot_name = p.slot_name AND s.database = current_database()
    WHERE (s.active AND pg_wal_lsn_diff(written, s.confirmed_flush_lsn) <= current_setting('pgslotplan.most_bytes_behind')::numeric
             AND pg_wal_lsn_diff(written, s.restart_lsn) <= current_setting('pgslotplan.most_bytes_decoded')::numeric) IS NOT TRUE;
    EXIT WHEN lines IS NULL;
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'slots are not ready for the cutover', DETAIL = lines, HINT = 'Wait until they have caught up; MOST_BYTES_BEHIND is the limit.';
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END $pgslotplan$;
