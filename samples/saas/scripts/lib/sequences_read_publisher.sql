-- Writes the values of all sequences of the publisher into :out.
\ir publisher.sql
\ir out.sql
\ir sequences_read.sql
