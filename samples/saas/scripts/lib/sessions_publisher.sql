-- Refuses while somebody else is connected to the publisher.
\ir publisher.sql
\ir allowed.sql
\ir no_sessions.sql
