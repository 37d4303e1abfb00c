-- How far the copy is: pieces done, all, waiting, failed; MB done, all.
\ir snapshot_state.sql
\ir snapshot_settle.sql
SELECT concat_ws(' ', count(*) FILTER (WHERE done IS NOT NULL), count(*), count(*) FILTER (WHERE done IS NULL AND txid IS NULL AND attempts < 5),
  count(*) FILTER (WHERE done IS NULL AND txid IS NULL AND attempts >= 5), round(coalesce(sum(bytes) FILTER (WHERE done IS NOT NULL), 0) / 1000000), round(coalesce(sum(bytes), 0) / 1000000))
FROM pgslotplan.piece WHERE prefix = :'prefix';
