-- Lets the old server follow the new one, and checks once more that nobody else is connected.
\ir publisher.sql
\ir take_part.sql
\ir mirrors_enable.sql
\ir allowed.sql
\ir no_sessions.sql
