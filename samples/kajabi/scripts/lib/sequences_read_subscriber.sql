-- Writes the values of all sequences of the subscriber into :out.
\ir subscriber.sql
\ir out.sql
\ir sequences_read.sql
