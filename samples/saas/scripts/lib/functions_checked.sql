-- Constraints that pg_dump adds after the rows are checked by the role that adds them.
\ir publisher.sql
\set ways '{check,domain}'
\set ways_message 'functions of roles that are no superusers would run as the role that adds checks to tables with rows'
\set ways_hint 'Let a role add them that is no superuser and a member of the tables'' owners: PGSLOTPLAN_LOADER.'
\ir functions_refuse.sql
