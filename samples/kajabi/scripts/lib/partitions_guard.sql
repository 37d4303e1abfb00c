-- TRUNCATE of new partitions is refused where it is not replicated, as that of the partitions beside them.
\ir publisher.sql
\ir truncate_guard.sql
