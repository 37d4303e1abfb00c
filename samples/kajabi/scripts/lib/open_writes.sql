-- Everything as it was before the writes were stopped.
SELECT pg_temp.has_state('stopped_writes') AS writes_are_stopped \gset
\if :writes_are_stopped
SELECT format('ALTER %s %s', CASE WHEN role_name = '' THEN format('DATABASE %I', current_database())
                                  ELSE format('ROLE %I IN DATABASE %I', role_name, current_database()) END,
              CASE WHEN old_value IS NULL THEN 'RESET default_transaction_read_only'
                   ELSE format('SET default_transaction_read_only = %L', old_value) END)
FROM pgslotplan.stopped_writes WHERE prefix = :'prefix' AND (role_name = '' OR EXISTS (SELECT FROM pg_roles WHERE rolname = role_name)) \gexec
\set table stopped_writes
\ir forget.sql
\set table drained
\ir forget.sql
\endif
