-- A foreign key is checked by a query of this session, which calls casts of its columns.
\set ways '{foreign key}'
\set ways_message 'functions of roles that are no superusers would run as the role of this session, which checks foreign keys'
\set ways_hint 'Run the step as an owner of the tables that is no superuser, or drop the casts.'
\ir functions_refuse.sql
