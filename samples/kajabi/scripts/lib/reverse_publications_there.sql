-- Refuses a subscriber without the publications of the way back: 13 and 14 would subscribe to nothing without a word.
SELECT pg_temp.refuse(array_agg(format('publication %I', p.mirror_name) ORDER BY p.mirror_name), 'publications of the way back are missing',
  format('Run %s first.', :'step_reverse_prepare')) AS refused
FROM pg_temp.planned_publication AS p
WHERE NOT EXISTS (SELECT FROM pg_publication AS b WHERE b.pubname = p.mirror_name) \gset
