-- The slots of subscriptions that a change holds, separated by commas.
\ir subscriber.sql
\ir transition_mark.sql
\ir subscribed.sql
\ir held_subscription.sql
\ir read_only.sql
SELECT string_agg(own_slot, ',' ORDER BY own_slot) FROM pg_temp.held_subscription();
