-- Settings of the subscriber that are too small for the plan.
SELECT pg_temp.refuse(array_agg(line ORDER BY line), 'settings of the subscriber are too small',
  'Raise them and restart the subscriber; RUNBOOK.md has the numbers.') AS refused
FROM (
  SELECT format('max_sync_workers_per_subscription is %s, but the plan counts with %s',
                current_setting('max_sync_workers_per_subscription'), :sync_workers)
  WHERE :'is_copy' = 'on' AND current_setting('max_sync_workers_per_subscription')::integer > :sync_workers
  UNION ALL
  SELECT format('max_logical_replication_workers is %s, but must be at least %s: %s for others, %s are needed',
                current_setting('max_logical_replication_workers'), others + :needed_workers, others, :needed_workers)
  FROM (SELECT count(*) FROM pg_subscription AS s WHERE s.subenabled
          AND NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.subscription_name = s.subname)) AS used(others)
  WHERE current_setting('max_logical_replication_workers')::integer < others + :needed_workers
  UNION ALL
  SELECT format('max_worker_processes is %s, but must be at least %s: one more than max_logical_replication_workers',
                current_setting('max_worker_processes'), current_setting('max_logical_replication_workers')::integer + 1)
  WHERE current_setting('max_worker_processes')::integer <= current_setting('max_logical_replication_workers')::integer
  UNION ALL
  SELECT format('%s is %s, but must be at least %s: %s for others, %s are needed, %s are spare', :'subscriber_origin_setting',
                current_setting(:'subscriber_origin_setting'), others + :needed_origins, others, :needed_workers, :spare)
  FROM (SELECT count(*) FROM pg_subscription AS s
         WHERE NOT EXISTS (SELECT FROM pg_temp.planned_slot AS p WHERE p.subscription_name = s.subname)) AS used(others)
  WHERE current_setting(:'subscriber_origin_setting')::integer < others + :needed_origins
) AS found(line) \gset
\if :parallel_apply
SELECT pg_temp.warn(array_agg(line), 'large transactions may be applied one after the other') AS warned
FROM (
  SELECT format('max_logical_replication_workers is %s, but %s keep every parallel apply worker and table copy running',
                current_setting('max_logical_replication_workers'), wanted)
  FROM (SELECT :needed_workers + :subscription_count * current_setting('max_parallel_apply_workers_per_subscription')::integer) AS needs(wanted)
  WHERE current_setting('max_logical_replication_workers')::integer < wanted
) AS found(line) \gset
\endif
