-- What rested while this server received fires again, and is forgotten.
\ir release.sql
\set table held
\ir forget.sql
