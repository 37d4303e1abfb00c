-- The same for the old server.
\ir publisher.sql
\ir way_back.sql
\if :goes_back
SELECT pg_temp.refuse(array_agg(format('subscription %I', m.slot_name) ORDER BY m.slot_name), 'subscriptions of the way back are missing or disabled',
  :'step_reverse_start' || ' comes first.') AS refused
FROM pg_temp.planned_mirror AS m WHERE NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
  WHERE s.subname = m.slot_name AND s.subenabled) \gset
\endif
