-- Compares the publisher's sequences with the other server's and sets those that are behind, if :task is write.
\ir publisher.sql
\ir sequences.sql
\ir sequences_write.sql
