-- Takes the way back away, foreign keys return, the old server opens, and what rested fires again.
\ir publisher.sql
\ir end_parts.sql
\ir take_part.sql
\ir mirrors_drop.sql
\if :cuts_foreign_keys \ir foreign_keys_restore.sql \endif
\ir open_writes.sql
\ir release.sql
