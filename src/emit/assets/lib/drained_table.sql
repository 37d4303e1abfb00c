-- Where a drain is noted: which write stop it follows, and what every slot has passed.
CREATE TABLE IF NOT EXISTS pgslotplan.drained (prefix text PRIMARY KEY, stopped_at text NOT NULL, fence pg_lsn NOT NULL);
SELECT pg_temp.close_state() AS has_state \gset
