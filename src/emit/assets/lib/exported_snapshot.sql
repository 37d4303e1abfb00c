\o :snapshot
CREATE_REPLICATION_SLOT :"first_slot" LOGICAL pgoutput EXPORT_SNAPSHOT;
\o :done
\qecho done
\o
