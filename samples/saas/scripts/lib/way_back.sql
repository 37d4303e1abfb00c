-- :goes_back: whether the old server is to follow the new one. Not where the files leave it out, nor with WAY_BACK=no in cutover.conf.
\set wanted_back `printf '%s' "${WAY_BACK:-yes}"`
SELECT :'has_way_back' = 'on' AND :'wanted_back' <> 'no' AS goes_back \gset
