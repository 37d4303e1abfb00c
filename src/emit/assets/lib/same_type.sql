-- pg_temp.same_type(NULL::t, column): true, and no statement is accepted in which the column is of another type than t. A table that
-- took the place of the one that was looked at cannot bring a type along whose casts or operators are its owner's.
CREATE OR REPLACE FUNCTION pg_temp.same_type(anyelement, anyelement) RETURNS boolean LANGUAGE sql IMMUTABLE AS $pgslotplan$ SELECT true $pgslotplan$;
