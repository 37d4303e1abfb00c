-- Whether this role may read the verifiers of the subscriber.
\ir subscriber.sql
\ir passwords_may.sql
