-- The tables of :batch leave their subscription; their rows stay here.
\ir subscriber.sql
\ir transition_mark.sql
\ir transition_list.sql
SELECT from_subscription AS giver FROM pg_temp.transition_batch WHERE batch = :batch \gset
SELECT pg_temp.would_do(:'giver', 0) AS asked \gset
SELECT format('ALTER SUBSCRIPTION %I REFRESH PUBLICATION WITH (copy_data = false)', :'giver') \gexec
