# What comes after the rows of bootstrap snapshot: keys, which take half the time when they are built at once, and indexes. Sourced by its
# steps.
. "$here/lib/schema.sh"

make_keys() {
    wants_servers
    psql_subscriber -f "$here/lib/keys_wanted.sql"
    read_schema
    build keys
    restore attach_keys
    if [ -s "$temporary/early.list" ]; then psql_publisher -f "$here/lib/publisher.sql" -f "$here/lib/functions_validated.sql"; fi
    restore early
    settle_refused
    psql_subscriber -f "$here/lib/keys_there.sql"
}
make_indexes_of_pieces() {
    wants_servers
    psql_subscriber -f "$here/lib/emptied.sql"
    make_indexes
}
