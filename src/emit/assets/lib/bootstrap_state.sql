-- The table that remembers how far the data of a plan is: new, begun (a load may be half done and can start over), loaded (all
-- data of one position is there), placed (the publisher's slots were found to be behind that position), started (a subscription
-- was enabled: from here on nothing may start over).
\ir state.sql
CREATE TABLE IF NOT EXISTS pgslotplan.bootstrap (
    prefix text PRIMARY KEY, plan_sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('new', 'begun', 'loaded', 'placed', 'started')), position pg_lsn);
SELECT pg_temp.close_state() AS has_state \gset
