-- Records of the database's tables between two positions, by table, relation and kind of record. $1 from, $2 to (text).
-- Versions: 15 with the extension pg_walinspect in its schema, which replaces @schema@. Privileges: EXECUTE on
-- pg_get_wal_records_info (pg_read_server_files or a GRANT). Locks: none. Cost: 0.5 us a record, of which the function
-- itself takes 0.37: 6 ms of CPU a MB of records of 90 bytes, 0.7 ms a MB of records of 1.4 kB (a regular expression on
-- block_ref would double it). In pieces of 1 MB, since the function's rows beyond work_mem would go to a temporary file,
-- which costs as much again; in one statement, so that file numbers and names belong together.
-- A record belongs to the relation of its first block; block_ref begins "blkref #0: rel 1663/5/16384 fork main blk 7".
WITH span AS (
    SELECT w.from_lsn, w.length, greatest(pg_catalog.ceil(w.length / 1048576), 1)::int4 AS pieces
      FROM (SELECT $1::text::pg_catalog.pg_lsn AS from_lsn, $2::text::pg_catalog.pg_lsn - $1::text::pg_catalog.pg_lsn AS length) w
), records AS MATERIALIZED (
    SELECT pg_catalog.split_part(r.block_ref, ' ', 4) AS file, r.record_type,
           count(*) AS records,
           sum(CASE WHEN r.record_type LIKE 'MULTI_INSERT%' THEN pg_catalog.split_part(r.description, ' ', 1)::int8
                    ELSE 1 END)::int8 AS row_changes,
           sum(r.record_length - r.fpi_length)::int8 AS bytes,
           sum(r.fpi_length)::int8 AS image_bytes
      FROM span s
     CROSS JOIN pg_catalog.generate_series(0, s.pieces - 1) AS piece
     CROSS JOIN LATERAL @schema@.pg_get_wal_records_info(
                    s.from_lsn + pg_catalog.floor(s.length * piece / s.pieces),
                    s.from_lsn + pg_catalog.floor(s.length * (piece + 1) / s.pieces)) r
     WHERE r.block_ref <> ''
     GROUP BY 1, 2
), blocks AS (
    SELECT pg_catalog.split_part(r.file, '/', 1)::pg_catalog.oid AS reltablespace,
           pg_catalog.split_part(r.file, '/', 3)::pg_catalog.oid AS relfilenode,
           r.record_type, r.records, r.row_changes, r.bytes, r.image_bytes
      FROM records r
     WHERE pg_catalog.split_part(r.file, '/', 2) =
           (SELECT d.oid::text FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
)
