-- Whoever loads rows runs what stands behind the tables, in every version.
\set ways '{check,domain,generated,index,partition key,trigger}'
\set ways_message 'functions of roles that are no superusers would run as the role that loads the rows'
\set ways_hint 'Let a role load that is no superuser: PGSLOTPLAN_LOADER; or make what stands behind the tables once the rows are there.'
\ir functions_refuse.sql
