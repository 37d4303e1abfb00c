-- When the publisher's writes were stopped, into :out.
\ir publisher.sql
SELECT pg_temp.has_state('stopped_writes') AS writes_are_stopped \gset
\if :writes_are_stopped \ir out.sql \ir counter.sql \endif
