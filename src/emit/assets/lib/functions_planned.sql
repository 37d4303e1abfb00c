-- A query of a table runs functions of its index expressions and predicates, statistics and partition key while it is planned: refused
-- before this session reads one.
\set ways '{index,partition key,statistics}'
\set ways_message 'functions of roles that are no superusers would run as the role of this session, which looks into the tables'
\set ways_hint 'Run the step as a role that is no superuser and may read the tables; or make those indexes and statistics later.'
\ir functions_refuse.sql
