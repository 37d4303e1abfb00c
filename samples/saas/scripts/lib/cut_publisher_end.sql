-- Lets the old server follow the new one, if there is a way back, and checks once more that nobody else is connected.
\ir publisher.sql
\ir take_part.sql
\ir way_back.sql
\if :goes_back \ir mirrors_enable.sql \endif
\ir allowed.sql
\ir no_sessions.sql
