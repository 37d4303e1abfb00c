# Passwords, from one server to the other. Sourced by the step.
. "$here/lib/common.sh"

# A pipe: verifiers stand in no file, no argument and no log. The receiver refuses when the sender ended early.
bring_passwords() {
    wants_servers
    if [ "${PGSLOTPLAN_PASSWORDS-}" = no ]; then
        note 'passwords are set by hand: PGSLOTPLAN_PASSWORDS=no'
        return 0
    fi
    # what would be refused is said once, by the side that refuses
    psql_publisher -f "$here/lib/passwords_may_publisher.sql" && psql_subscriber -f "$here/lib/passwords_may_subscriber.sql" || return
    psql_publisher -f "$here/lib/passwords_read.sql" | psql_subscriber -f "$here/lib/passwords_write.sql"
}
