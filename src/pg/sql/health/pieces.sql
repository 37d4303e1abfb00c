-- How far the copies by pieces are (bootstrap snapshot): one JSON object a prefix.
-- Versions: 12 to 18. Privileges: SELECT on pgslotplan.piece. Locks: ACCESS SHARE on it.
COPY (
SELECT json_build_object('pieces', json_build_object('prefix', prefix, 'total', count(*), 'done', count(*) FILTER (WHERE status = 'committed'),
    'running', count(*) FILTER (WHERE status = 'in progress'), 'failed', count(*) FILTER (WHERE status = 'none' AND attempts > 0),
    'total_bytes', coalesce(sum(bytes), 0)::bigint, 'done_bytes', coalesce(sum(bytes) FILTER (WHERE status = 'committed'), 0)::bigint))
FROM (SELECT prefix, bytes, attempts, CASE WHEN done IS NOT NULL THEN 'committed' WHEN txid IS NULL THEN 'none' ELSE coalesce(txid_status(txid), 'none') END AS status
      FROM ONLY pgslotplan.piece) AS p
GROUP BY prefix
) TO STDOUT;
