-- Whether a drain is noted here: :is_drained. On the publisher one that belongs to a write stop.
SELECT pg_temp.has_state('drained') AND (:'session_side' = 'subscriber' OR pg_temp.has_state('stopped_writes')) AS is_drained \gset
