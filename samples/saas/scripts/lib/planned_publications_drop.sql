-- Drops the planned publications.
SELECT format('DROP PUBLICATION %I', b.pubname)
FROM pg_temp.planned_publication AS p JOIN pg_publication AS b ON b.pubname = p.publication_name ORDER BY p.number \gexec
