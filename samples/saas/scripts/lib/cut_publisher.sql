-- The old server's part of the pause in one session: the writes stop (unless :stops is off, when this is another look), every
-- slot passes what was written, and sequences and, if :compares, the newest rows are read into :dir. A counter before and after
-- tells whether somebody still writes; the plan's temporary tables are made before it is first looked at.
\ir publisher.sql
\ir end_parts.sql
\ir take_part.sql
\if :stops \ir stop_writes.sql \endif
\set slots planned_slot
\ir wait_for_slots.sql
\ir dir.sql
\set out :dir '/before'
\ir counter.sql
\ir dir.sql
\set out :dir '/sequences.publisher'
\ir sequences_read.sql
\if :compares
\ir compare_publisher.sql
\endif
\ir dir.sql
\set out :dir '/after'
\ir counter.sql
