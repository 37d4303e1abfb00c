-- Where foreign keys were dropped they return, are validated and forgotten.
\ir foreign_keys_restore.sql
\ir foreign_keys_validate.sql
\ir foreign_keys_forget.sql
