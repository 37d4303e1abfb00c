-- Prints the latest position of the planned slots: a clone must pass it.
\ir publisher.sql
\ir slots_position.sql
SELECT :'slots_position';
