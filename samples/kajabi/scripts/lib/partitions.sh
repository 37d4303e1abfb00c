# New partitions of planned trees, while everything runs: made on the subscriber, published, copied. Sourced.
. "$here/lib/schema.sh"

add_partitions() {
    wait_seconds=${TRANSITION_WAIT_SECONDS:-600}
    number TRANSITION_WAIT_SECONDS "$wait_seconds"
    copy_seconds=${TRANSITION_COPY_SECONDS:-86400}
    number TRANSITION_COPY_SECONDS "$copy_seconds"
    # what is behind a root that is published by itself needs no more than to be there
    make_tables
    psql_publisher -v wait_seconds="$wait_seconds" -f "$here/lib/partitions_publisher.sql" >&2
    psql_publisher -f "$here/lib/partitions_guard.sql" >&2
    psql_publisher -f "$here/lib/partitions_published.sql" > "$temporary/published.csv"
    psql_subscriber -v wait_seconds="$copy_seconds" -f "$here/lib/partitions_subscriber.sql" < "$temporary/published.csv" >&2
}
