-- The file of :behind as the script named it, once more: a server names the columns of its answers, \gset makes variables of them, and what
-- is written to a name that begins with | goes to a program.
\set behind `printf '%s' "$file_behind"`
