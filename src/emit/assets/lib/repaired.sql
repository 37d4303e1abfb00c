-- What is made again, for the files of a repair: once a session, before it only reads.
\if :{?has_repaired} \else
\ir members.sql
\ir ../plan/repair.sql
\set has_repaired on
\endif
