-- Whether the cutover has let the application onto this server: :is_open.
SELECT pg_temp.remembers('opened') AS is_open \gset
