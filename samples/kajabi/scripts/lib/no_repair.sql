-- Refuses while a repair has not ended: its tables do not follow the publisher.
SELECT pg_temp.has_state('repair') AS has_repair \gset
\if :has_repair
SELECT pg_temp.refuse(array_agg(format('slot %I: %s', slot_name, state) ORDER BY slot_name), 'slots are in a repair that has not ended',
  'Go on with the files of that repair to their end.') AS refused
FROM pgslotplan.repair WHERE prefix = :'prefix' \gset
\endif
