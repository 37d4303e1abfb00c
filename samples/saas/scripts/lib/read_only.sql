-- From here on this session only reads. The plan's temporary tables had to be made before.
SET default_transaction_read_only = on;
