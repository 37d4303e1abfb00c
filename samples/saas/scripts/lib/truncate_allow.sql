-- Removes the triggers that refuse TRUNCATE, and their function when no other plan uses it.
SELECT to_regproc('pgslotplan.refuse_truncate') IS NOT NULL AS truncate_guarded \gset
\if :truncate_guarded
SELECT format('DROP TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE t.tgfoid = to_regproc('pgslotplan.refuse_truncate') AND t.tgname = :'truncate_guard'
ORDER BY n.nspname, c.relname \gexec
SELECT NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regproc('pgslotplan.refuse_truncate')) AS none_left \gset
\if :none_left
DROP FUNCTION pgslotplan.refuse_truncate();
\endif
\endif
