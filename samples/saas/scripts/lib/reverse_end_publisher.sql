-- The way back ends on the old server: its foreign keys return, and what rested fires again.
\ir publisher.sql
\ir mirrors_drop.sql
\if :cuts_foreign_keys \ir foreign_keys_return.sql \endif
\ir release_held.sql
