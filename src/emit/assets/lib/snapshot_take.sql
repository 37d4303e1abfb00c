-- Takes a piece that waits, the largest tables first and those that failed last, for the transaction :txid of another session: its number, its bytes, its format, and all of it as JSON. What
-- failed five times is left alone until the step is run again.
\ir snapshot_state.sql
-- nothing of a piece comes before this is on the disk: the number of a transaction that is lost in a crash is not given again then
SET synchronous_commit = on;
\ir snapshot_settle.sql
WITH next AS (
  SELECT p.number FROM pgslotplan.piece AS p WHERE p.prefix = :'prefix' AND p.done IS NULL AND p.txid IS NULL AND p.attempts < 5
  ORDER BY p.attempts, p.number LIMIT 1 FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE pgslotplan.piece AS p SET txid = :'txid'::bigint, taken = clock_timestamp(), emptied = false FROM next WHERE p.prefix = :'prefix' AND p.number = next.number RETURNING p.*
)
SELECT concat_ws(' ', t.number, t.bytes, CASE WHEN t.is_binary THEN 'binary' ELSE 'text' END, to_jsonb(t) || jsonb_build_object('snapshot', s.snapshot, 'server', pg_postmaster_start_time()))
FROM taken AS t JOIN pgslotplan.snapshot AS s ON s.prefix = t.prefix AND s.plan_sha256 = :'plan_sha256';
