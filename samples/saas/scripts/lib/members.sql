-- Members, partitions and foreign keys of the plan, for the files that need them. Once a session, before it only reads.
\if :{?has_members} \else \ir ../plan/members.sql
\if :has_leaves \ir grown_members.sql \endif
\set has_members on \endif
