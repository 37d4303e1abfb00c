-- Nothing waits to be changed: subscriptions that are held go on.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
\ir transition_resume.sql
