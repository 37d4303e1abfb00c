-- Writes the publisher's transaction counter, and when its writes were stopped, into :out; takes no transaction itself.
\o :out
COPY (SELECT txid_snapshot_xmax(txid_current_snapshot()), extract(epoch FROM min(stopped_at)) FROM pgslotplan.stopped_writes
      WHERE prefix = :'prefix') TO STDOUT (DELIMITER ' ');
\o
