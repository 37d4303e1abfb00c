-- The table that remembers how far the data of a plan is: new, begun (a load may be half done and can start over), loaded (all
-- data of one position is there), placed (the publisher's slots were found to be behind that position), started (a subscription
-- was enabled: from here on nothing may start over).
\ir state.sql
SELECT NOT pg_temp.has_state('bootstrap') AS table_is_missing \gset
\if :table_is_missing
CREATE TABLE pgslotplan.bootstrap (
    prefix text PRIMARY KEY,
    plan_sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('new', 'begun', 'loaded', 'placed', 'started')),
    position pg_lsn
);
\endif
