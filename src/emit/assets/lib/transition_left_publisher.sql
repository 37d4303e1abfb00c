-- How many tables of :batch are not published as this plan says.
\ir publisher.sql
\ir transition_place.sql
\ir read_only.sql
SELECT count(*) FROM pg_temp.place() WHERE is_from OR NOT is_to;
