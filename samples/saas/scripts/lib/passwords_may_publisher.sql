-- Whether this role may read the verifiers of the publisher.
\ir publisher.sql
\ir passwords_may.sql
