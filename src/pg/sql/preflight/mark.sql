-- Plans that this subscriber carries out. One row a plan.
-- Versions: 12 to 18. Privileges: SELECT on the table, which the scripts' role owns. Locks: ACCESS SHARE on it.
SELECT prefix, plan_sha256, stopped FROM pgslotplan.plan
