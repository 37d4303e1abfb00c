-- The keys by which rows are found are there.
\ir subscriber.sql
\set keys_come_later off
\ir subscriber_tables.sql
