-- Before a file of pg_dump: errors are collected with their SQLSTATE, and the file goes on.
\set ON_ERROR_STOP off
\set VERBOSITY verbose
SET check_function_bodies = off;
