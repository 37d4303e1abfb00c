-- Ends the transaction of one piece: it is committed only when the sender ended well and sent as many rows as came.
\if :is_none
\else
\set received :ROW_COUNT
\set verdict `cat "$own/verdict" 2> /dev/null`
SELECT set_config('pgslotplan.verdict', :'verdict', false) AS verdict, set_config('pgslotplan.received', :'received', false) AS received \gset
DO $pgslotplan$ BEGIN
  IF current_setting('pgslotplan.verdict') <> '0 ' || current_setting('pgslotplan.received') THEN
    RAISE EXCEPTION USING MESSAGE = format('%s rows came, but the sender ended with: %s', current_setting('pgslotplan.received'),
      coalesce(nullif(current_setting('pgslotplan.verdict'), ''), 'nothing'));
  END IF;
END $pgslotplan$;
COMMIT;
\endif
