-- The tables of :batch change their publication.
\ir publisher.sql
\ir transition_place.sql
\ir switch.sql
