-- Adds the dropped foreign keys again, unchecked.
\ir foreign_keys_missing.sql
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', schema_name, table_name, constraint_name, definition_not_valid) FROM pg_temp.missing_key \gexec
