-- Records of the database's tables between two positions, by table, relation and kind of record. $1 from, $2 to (text).
-- Versions: 16 to 18 with the extension pg_walinspect in its schema, which replaces @schema@. Privileges: EXECUTE on
-- pg_get_wal_block_info (pg_read_server_files or a GRANT). Locks: none. Cost: see wal_records_15.sql, also for why it is
-- read in pieces of 1 MB; in one statement, so that file numbers and names belong together.
-- record_length is that of the whole record and repeats for each of its blocks: it counts where the first block stands.
WITH span AS (
    SELECT w.from_lsn, w.length, greatest(pg_catalog.ceil(w.length / 1048576), 1)::int4 AS pieces
      FROM (SELECT $1::text::pg_catalog.pg_lsn AS from_lsn, $2::text::pg_catalog.pg_lsn - $1::text::pg_catalog.pg_lsn AS length) w
), blocks AS MATERIALIZED (
    SELECT b.reltablespace, b.relfilenode, b.record_type,
           count(*) FILTER (WHERE b.block_id = 0) AS records,
           sum(CASE WHEN b.block_id <> 0 THEN 0
                    WHEN b.record_type LIKE 'MULTI_INSERT%' THEN pg_catalog.substring(b.description, 'ntuples: (\d+)')::int8
                    ELSE 1 END)::int8 AS row_changes,
           sum(CASE WHEN b.block_id = 0 THEN b.record_length ELSE 0 END - b.block_fpi_length)::int8 AS bytes,
           sum(b.block_fpi_length)::int8 AS image_bytes
      FROM span s
     CROSS JOIN pg_catalog.generate_series(0, s.pieces - 1) AS piece
     CROSS JOIN LATERAL @schema@.pg_get_wal_block_info(
                    s.from_lsn + pg_catalog.floor(s.length * piece / s.pieces),
                    s.from_lsn + pg_catalog.floor(s.length * (piece + 1) / s.pieces), false) b
     WHERE b.reldatabase = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
     GROUP BY 1, 2, 3
)
