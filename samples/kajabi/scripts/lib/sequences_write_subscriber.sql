-- Compares the subscriber's sequences with the other server's and sets those that are behind, if :task is write.
\ir subscriber.sql
\ir sequences.sql
\ir sequences_write.sql
