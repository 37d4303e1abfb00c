-- What this side holds, as rows on standard output: those of the inventory; what rests here until the opening ("held"); on the
-- publisher tables whose rows nothing brings. In the formats of pgslotplan check, so that both read the same.
SELECT pg_temp.has_state('held') AS holds, :'session_side' = 'publisher' AS sends, has_table_privilege('pg_authid', 'SELECT') AS sees_passwords \gset
\if :sends \ir inventory_unreplicated.sql \endif
\ir read_only.sql
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET TimeZone = 'UTC';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
\ir inventory_server.sql
\ir inventory_relations.sql
\ir inventory_objects.sql
\ir inventory_privileges.sql
\if :sees_passwords
\ir inventory_passwords.sql
\else
COPY (SELECT 'unseen', '[]', 'password', 'true') TO STDOUT;
\endif
\if :holds \ir inventory_held.sql \endif
