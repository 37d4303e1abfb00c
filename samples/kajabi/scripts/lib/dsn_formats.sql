-- Servers before 15 do not ask the sender for formats when they receive: settings of its database or of the role would change dates,
-- intervals and floating-point numbers on their way. So the connection string :target_dsn asks, after options that it has.
SELECT CASE WHEN is_uri AND dsn ~ '[?&]options=' THEN regexp_replace(dsn, '([?&]options=[^&]*)', '\1%20' || replace(replace(formats, ' ', '%20'), '=', '%3D'), 'g')
    WHEN is_uri THEN dsn || CASE WHEN dsn LIKE '%?%' THEN '&' ELSE '?' END || 'options=' || replace(replace(formats, ' ', '%20'), '=', '%3D')
    WHEN dsn ~ '(^|\s)options\s*=\s*''' THEN regexp_replace(dsn, '((?:^|\s)options\s*=\s*''(?:[^''\\]|\\.)*)''', '\1 ' || formats || '''', 'g')
    WHEN dsn ~ '(^|\s)options\s*=' THEN regexp_replace(dsn, '((?:^|\s)options\s*=\s*(?:[^\s\\]|\\.)+)', '\1\\ ' || replace(formats, ' ', '\\ '), 'g')
    ELSE dsn || ' options=''' || formats || '''' END AS target_dsn
FROM (SELECT :'target_dsn', :'target_dsn' ~ '^postgres(ql)?://', '-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3') AS given(dsn, is_uri, formats) \gset
