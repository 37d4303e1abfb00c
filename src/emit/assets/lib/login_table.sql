-- The logins, from CSV on standard input: entry of a process, database and role behind it, what the process holds,
-- what became of a try (t: it got in), its address, its sslmode.
CREATE TEMP TABLE login (bouncer text, entry text, database_name text, role_name text, holds text, tried text, address text, mode text,
    verifier text, rest text);
\if :{?by}
\copy pg_temp.login FROM pstdin (FORMAT csv)
\else
\copy pg_temp.login (bouncer, entry, database_name, role_name, holds, tried, address, mode, rest) FROM pstdin (FORMAT csv)
\endif
