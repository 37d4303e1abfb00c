-- Gives the subscriptions of the relation :receivers to the role subscription_owner, with grants on the planned tables: an ordinary
-- role, so that what stands behind the tables gets no more than these grants. Up to 15 a subscription goes to a superuser only: the
-- role is one inside of one transaction, which nobody else sees. They are disabled still.
\if :applies_as_owner
\if :{?subscription_owner} \else \set subscription_owner `printf '%s' "$PGSLOTPLAN_SUBSCRIPTION_OWNER"` \endif
SELECT :'subscription_owner' <> '' AS gives_subscriptions \gset
\if :gives_subscriptions
\ir powers.sql
SELECT pg_temp.refuse(array_agg(line), 'reasons against the owner of the subscriptions', 'CREATE ROLE ... LOGIN; it needs nothing else.') AS refused
FROM (
  SELECT format('role %I does not exist', :'subscription_owner') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'subscription_owner')
  UNION ALL SELECT format('role %I may not log in', rolname) FROM pg_roles WHERE rolname = :'subscription_owner' AND NOT rolcanlogin
  UNION ALL SELECT format('role %I has %s', :'subscription_owner', power) FROM pg_temp.powers_of(:'subscription_owner')
) AS found(line) \gset
BEGIN;
WITH relation AS (
  SELECT DISTINCT m.nspname, l.relname
  FROM pg_temp.planned_relation AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
  JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS t(oid) ON true
  JOIN pg_class AS l ON l.oid = t.oid JOIN pg_namespace AS m ON m.oid = l.relnamespace
)
SELECT statement FROM (
  SELECT DISTINCT 1, format('GRANT USAGE ON SCHEMA %I TO %I', nspname, :'subscription_owner') FROM relation
  UNION ALL SELECT 2, format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLE %I.%I TO %I', nspname, relname, :'subscription_owner') FROM relation
) AS w(place, statement) ORDER BY place, statement \gexec
SELECT statement FROM (
  SELECT 1, format('ALTER ROLE %I SUPERUSER', :'subscription_owner')
  UNION ALL SELECT 2, format('ALTER SUBSCRIPTION %I OWNER TO %I', s.subname, :'subscription_owner')
    FROM pg_temp.:"receivers" AS r JOIN pg_subscription AS s ON s.subname = r.:"receiver_column" AND NOT s.subenabled
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
    JOIN pg_roles AS o ON o.oid = s.subowner AND o.rolname <> :'subscription_owner'
  UNION ALL SELECT 3, format('ALTER ROLE %I NOSUPERUSER', :'subscription_owner')
) AS w(place, statement) ORDER BY place, statement \gexec
COMMIT;
\endif
\endif
