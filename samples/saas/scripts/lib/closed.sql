-- Whether these files have stopped the writes of this server: :is_closed.
SELECT pg_temp.remembers('stopped_writes') AS is_closed \gset
