-- Whether these files have stopped the writes of this server: :is_closed.
SELECT pg_temp.has_state('stopped_writes') AS is_closed \gset
\if :is_closed
SELECT EXISTS (SELECT FROM pgslotplan.stopped_writes WHERE prefix = :'prefix') AS is_closed \gset
\endif
