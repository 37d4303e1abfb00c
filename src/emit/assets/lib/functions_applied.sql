-- Up to 15 apply workers run what stands behind a table as the owner of the subscription, a superuser as a rule: its owner would
-- become one by the first row. :applies_as_owner says whether the receiving server does so.
\if :applies_as_owner
\if :{?subscription_owner} \else \set subscription_owner `printf '%s' "$PGSLOTPLAN_SUBSCRIPTION_OWNER"` \endif
SELECT :'subscription_owner' = '' AS owns_subscriptions \gset
\if :owns_subscriptions
\set ways '{check,domain,generated,index,partition key,trigger}'
\set ways_message 'functions of roles that are no superusers would run as the owner of the subscriptions'
\set ways_hint 'From 16 on they run as the owner of the table. Up to 15: name an ordinary role with LOGIN in PGSLOTPLAN_SUBSCRIPTION_OWNER, which gets the subscriptions and grants on the planned tables.'
\ir functions_refuse.sql
\endif
\endif
