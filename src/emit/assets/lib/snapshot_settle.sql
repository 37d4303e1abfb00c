-- What became of the pieces that somebody took: see lib/snapshot_queue.sql.
WITH ended AS (
  SELECT p.number, txid_status(p.txid) = 'committed' AS is_done FROM pgslotplan.piece AS p
  WHERE p.prefix = :'prefix' AND p.done IS NULL AND p.txid IS NOT NULL AND txid_status(p.txid) IN ('committed', 'aborted') FOR UPDATE SKIP LOCKED
)
UPDATE pgslotplan.piece AS p SET done = CASE WHEN e.is_done THEN clock_timestamp() END, txid = CASE WHEN e.is_done THEN p.txid END,
    attempts = p.attempts + CASE WHEN e.is_done THEN 0 ELSE 1 END
FROM ended AS e WHERE p.prefix = :'prefix' AND p.number = e.number;
