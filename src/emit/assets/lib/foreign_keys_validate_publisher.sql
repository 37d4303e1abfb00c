-- Validates the foreign keys that came back on the old server.
\ir publisher.sql
\if :cuts_foreign_keys \ir foreign_keys_return.sql \endif
