-- Records of the database's tables between two positions, by table, relation and kind of record. $1 from, $2 to (text).
-- Versions: 15 with the extension pg_walinspect in its schema, which replaces @schema@. Privileges: EXECUTE on
-- pg_get_wal_records_info (pg_read_server_files or a GRANT). Locks: none. Cost: about 4.3 ms of CPU a MB of WAL (a
-- regular expression on block_ref would take 14); read in one statement, so that file numbers and names belong together.
-- A record belongs to the relation of its first block; block_ref begins "blkref #0: rel 1663/5/16384 fork main blk 7".
WITH records AS MATERIALIZED (
    SELECT pg_catalog.split_part(r.block_ref, ' ', 4) AS file, r.record_type,
           count(*) AS records,
           sum(CASE WHEN r.record_type LIKE 'MULTI_INSERT%' THEN pg_catalog.split_part(r.description, ' ', 1)::int8
                    ELSE 1 END)::int8 AS row_changes,
           sum(r.record_length - r.fpi_length)::int8 AS bytes,
           sum(r.fpi_length)::int8 AS image_bytes
      FROM @schema@.pg_get_wal_records_info($1::text::pg_catalog.pg_lsn, $2::text::pg_catalog.pg_lsn) r
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
