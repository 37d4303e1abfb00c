-- t when the clone, in recovery, has passed the position :slots.
SELECT coalesce(pg_last_wal_replay_lsn() >= :'slots'::pg_lsn, false);
