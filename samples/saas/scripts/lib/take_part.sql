-- Says that this session is a part of the cutover: an advisory lock that all parts share.
SELECT count(pg_advisory_lock_shared(hashtext('pgslotplan'), hashtext(:'prefix'))) AS locked \gset
