-- Subscriptions as the plan has them, and copies of the tables that came back into their publications.
\ir publisher_dsn.sql
\ir subscriber.sql
\ir repaired.sql
\ir require_mark.sql
\ir before_cutover.sql
\set repair_states '{emptied,started}'
\ir repair_state.sql
\ir subscriptions_exact.sql
\set applies_as_owner :subscriber_applies_as_owner
\ir functions_applied.sql
\set receives on
\ir owners_write.sql
\ir hold.sql
\ir subscriber_empty.sql
\ir subscriptions_make.sql
UPDATE pgslotplan.repair SET state = 'started' WHERE prefix = :'prefix' AND repair = :'repair';
\ir subscriptions_enable.sql
SELECT DISTINCT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = true)', subscription_name) FROM pg_temp.repaired_member ORDER BY 1 \gexec
