-- Prints the file of the publisher that the setting :file names.
\ir publisher.sql
SELECT pg_read_file(current_setting(:'file'));
