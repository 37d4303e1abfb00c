-- Empties the planned tables; foreign keys that the plan, a repair or this dropped return, as long as the tables are empty.
\set kept_as :prefix '/repair'
\ir empty_tables.sql
\unset kept_as
\ir foreign_keys_return.sql
