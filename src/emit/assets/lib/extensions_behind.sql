-- Extensions whose objects are those of an earlier version: an upgrade of the server leaves them.
SELECT pg_temp.warn(array_agg(format('ALTER EXTENSION %I UPDATE; from %s to %s', name, installed_version, default_version) ORDER BY name),
  'an extension is of an earlier version than its library') AS warned
FROM pg_available_extensions WHERE installed_version <> default_version \gset
