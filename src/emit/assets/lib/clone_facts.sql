-- What initdb must be told, a line each: of template0, which nobody changes. Locale columns came with 15 and were renamed in 17.
SELECT concat_ws(E'\n', pg_encoding_to_char(encoding), datcollate, datctype, coalesce(to_jsonb(t) ->> 'datlocprovider', 'c'),
  coalesce(to_jsonb(t) ->> 'datlocale', to_jsonb(t) ->> 'daticulocale', ''), current_setting('data_checksums'),
  (SELECT rolname FROM pg_roles WHERE oid = 10),
  (SELECT setting::bigint * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END / 1048576 FROM pg_settings WHERE name = 'wal_segment_size'))
FROM pg_database AS t WHERE datname = 'template0';
