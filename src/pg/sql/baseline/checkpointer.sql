-- Counters of the checkpointer, and blocks that other processes than it and the background writer wrote.
-- One row a figure.
-- Versions: 17 and 18; up to 16 pg_stat_bgwriter has them. Privileges: none beyond CONNECT. Locks: none.
SELECT /* pgslotplan baseline */ k.name, k.value::float8 AS value, c.stats_reset AS reset
  FROM pg_stat_checkpointer AS c,
       LATERAL (VALUES ('checkpoints_timed_per_s', c.num_timed), ('checkpoints_requested_per_s', c.num_requested),
                       ('checkpoint_blocks_per_s', c.buffers_written)) AS k (name, value)
UNION ALL
SELECT 'backend_blocks_per_s', coalesce(sum(writes), 0)::float8 + coalesce(sum(extends), 0)::float8, max(stats_reset)
  FROM pg_stat_io WHERE object = 'relation' AND backend_type NOT IN ('checkpointer', 'background writer')
