-- Notes that the piece of the transaction :txid comes without rows, since its table was truncated or rewritten after the snapshot.
\ir snapshot_state.sql
UPDATE pgslotplan.piece SET emptied = true WHERE prefix = :'prefix' AND txid = :'txid'::bigint AND done IS NULL RETURNING format('%I.%I', schema_name, table_name);
