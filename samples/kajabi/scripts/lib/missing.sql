-- Ends a file whose variable :missing is not set. It is an SQL error, since psql's \quit would end with 0.
SET search_path = pg_catalog, pg_temp;
SELECT set_config('pgslotplan.missing', :'missing', false) AS missing \gset
DO $pgslotplan$ BEGIN
  RAISE EXCEPTION USING MESSAGE = format('psql variable %s is not set', current_setting('pgslotplan.missing')),
    HINT = format('Run psql with -v %s="...", or the step by run.sh: the head of the file says what it holds.', current_setting('pgslotplan.missing'));
END $pgslotplan$;
