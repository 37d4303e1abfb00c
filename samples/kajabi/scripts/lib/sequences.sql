\ir same_type.sql
-- The next value of each sequence of this database that no extension owns. A value that may not be read is an error, since
-- it would look unused. pg_sequences hides where a sequence stands that was restarted and not called since, so those are
-- read one by one.
CREATE TEMP TABLE mine (schema_name text, sequence_name text, last_value bigint, is_called boolean, step bigint);
DO $pgslotplan$ DECLARE
    names text; item record; found_oid oid;
BEGIN
    SELECT string_agg(format('%I.%I', schemaname, sequencename), ', ') INTO names FROM pg_sequences
    WHERE NOT has_sequence_privilege(format('%I.%I', schemaname, sequencename), 'SELECT');
    IF names IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'values of sequences cannot be read: ' || names, HINT = 'Grant SELECT on them.';
    END IF;
    INSERT INTO pg_temp.mine
    SELECT s.schemaname, s.sequencename, s.last_value, s.last_value IS NOT NULL, s.increment_by
    FROM pg_sequences AS s JOIN pg_namespace AS n ON n.nspname = s.schemaname
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.sequencename
    WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e');
    FOR item IN SELECT * FROM pg_temp.mine WHERE last_value IS NULL LOOP
        EXECUTE format('SELECT s.last_value, s.is_called, s.tableoid FROM %I.%I AS s WHERE pg_temp.same_type(NULL::bigint, s.last_value)
                        AND pg_temp.same_type(NULL::boolean, s.is_called)', item.schema_name, item.sequence_name)
            INTO item.last_value, item.is_called, found_oid;
        IF NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = found_oid AND c.relkind = 'S'
                         AND n.nspname = item.schema_name AND c.relname = item.sequence_name) THEN
            RAISE EXCEPTION USING MESSAGE = format('sequence %I.%I was replaced while it was read', item.schema_name, item.sequence_name),
                HINT = 'Look who does that, then run this again.';
        END IF;
        UPDATE pg_temp.mine AS m SET last_value = item.last_value, is_called = item.is_called
        WHERE m.schema_name = item.schema_name AND m.sequence_name = item.sequence_name;
    END LOOP;
END $pgslotplan$;
