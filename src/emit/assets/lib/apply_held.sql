-- What was just made and fires for replicated rows rests before anybody sees it: the end of the transaction that made it.
\set ON_ERROR_ROLLBACK off
\set ON_ERROR_STOP on
\set applies_as_owner :subscriber_applies_as_owner
\ir hold.sql
COMMIT;
