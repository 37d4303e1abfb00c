-- From here on views and foreign tables of others are refused, and row security is an error instead of a call of its policies.
SELECT set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', false) AS restricted, set_config('row_security', 'off', false) AS row_security \gset
