-- What decoding for each slot of the database has spilled to disk: one JSON object a row.
-- Versions: 14 to 18. Privileges: none beyond CONNECT. Locks: none.
COPY (
SELECT json_build_object('decoding', json_build_object('slot', t.slot_name, 'spilled_bytes', t.spill_bytes, 'streamed_bytes', t.stream_bytes))
FROM pg_stat_replication_slots AS t JOIN pg_replication_slots AS s ON s.slot_name = t.slot_name
WHERE s.slot_type = 'logical' AND s.database = current_database() AND NOT s.temporary
) TO STDOUT;
