-- The way from the plan that runs to this one as temporary tables. Once a session, before it only reads.
\if :{?has_transition} \else \ir ../plan/transition.sql \set has_transition on \endif
