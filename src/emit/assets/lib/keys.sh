# Keys that come after the rows: built at once they take half the time. Sourced by its step.
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
