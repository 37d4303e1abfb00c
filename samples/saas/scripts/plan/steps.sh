# The steps in their order. Sourced.
steps='schema publisher_check subscriber_check drift_tables check publications foreign_keys_drop slots subscriptions partitions ready caught_up indexes foreign_keys drift verify reverse_check passwords logins vacuum reverse_prepare ddl_freeze reverse_subscriptions cutover quiesce pause writes_stop drain stop foreign_keys_restore sequences compare_at_rest reverse_slots reverse_start switch resume prove foreign_keys_validate abort rollback thaw again reverse_end subscriber_cleanup publisher_cleanup'
step_schema='01_shell_schema.sh' phase_schema=schema side_schema=shell
step_publisher_check='10_publisher_check.sql' phase_publisher_check=prepare side_publisher_check=publisher
step_subscriber_check='11_subscriber_check.sql' phase_subscriber_check=schema side_subscriber_check=subscriber
step_drift_tables='12_shell_drift.sh' phase_drift_tables=schema side_drift_tables=shell
step_check='13_shell_check.sh' phase_check=prepare side_check=shell
step_publications='30_publisher_publications.sql' phase_publications=prepare side_publications=publisher
step_foreign_keys_drop='40_subscriber_foreign_keys_drop.sql' phase_foreign_keys_drop=prepare side_foreign_keys_drop=subscriber
step_slots='50_publisher_slots.sql' phase_slots=start side_slots=publisher asks_slots='from here on the publisher keeps WAL. Is there room for it, and time to go on?'
step_subscriptions='60_subscriber_subscriptions.sql' phase_subscriptions=start side_subscriptions=subscriber
step_partitions='partitions.sh' phase_partitions=start side_partitions=shell aside_partitions=yes
step_ready='70_subscriber_ready.sql' phase_ready=verify side_ready=subscriber
step_caught_up='71_publisher_caught_up.sql' phase_caught_up=verify side_caught_up=publisher
step_indexes='72_shell_indexes.sh' phase_indexes=indexes side_indexes=shell
step_foreign_keys='73_shell_foreign_keys.sh' phase_foreign_keys=indexes side_foreign_keys=shell
step_drift='74_shell_drift.sh' phase_drift=indexes side_drift=shell
step_verify='75_shell_verify.sh' phase_verify=verify side_verify=shell
step_reverse_check='76_publisher_reverse_check.sql' phase_reverse_check=cutover side_reverse_check=publisher
step_passwords='76_shell_passwords.sh' phase_passwords=cutover side_passwords=shell
step_logins='76_shell_prove_logins.sh' phase_logins=cutover side_logins=shell
step_vacuum='76_shell_vacuum.sh' phase_vacuum=cutover side_vacuum=shell
step_reverse_prepare='76_subscriber_reverse_prepare.sql' phase_reverse_prepare=cutover side_reverse_prepare=subscriber
step_ddl_freeze='77_publisher_ddl_freeze.sql' phase_ddl_freeze=cutover side_ddl_freeze=publisher asks_ddl_freeze='from here on DDL fails in the application. Is the cutover tonight?'
step_reverse_subscriptions='77_publisher_reverse_subscriptions.sql' phase_reverse_subscriptions=cutover side_reverse_subscriptions=publisher
step_cutover='cutover.sh' phase_cutover=cutover side_cutover=shell asks_cutover='the application moves now. Read "The night" in RUNBOOK.md: go or no-go?'
step_quiesce='77_shell_quiesce.sh' phase_quiesce=cutover side_quiesce=shell part_of_quiesce=cutover
step_pause='78_pgbouncer_pause.sh' phase_pause=cutover side_pause=pgbouncer part_of_pause=cutover
step_writes_stop='78_publisher_writes_stop.sql' phase_writes_stop=cutover side_writes_stop=publisher part_of_writes_stop=cutover
step_drain='78_shell_drain.sh' phase_drain=cutover side_drain=shell part_of_drain=cutover
step_stop='80_subscriber_stop.sql' phase_stop=cutover side_stop=subscriber part_of_stop=cutover
step_foreign_keys_restore='81_subscriber_foreign_keys_restore.sql' phase_foreign_keys_restore=cutover side_foreign_keys_restore=subscriber part_of_foreign_keys_restore=cutover
step_sequences='82_shell_sequences.sh' phase_sequences=cutover side_sequences=shell part_of_sequences=cutover
step_compare_at_rest='83_shell_compare_at_rest.sh' phase_compare_at_rest=cutover side_compare_at_rest=shell part_of_compare_at_rest=cutover
step_reverse_slots='83_subscriber_reverse_slots.sql' phase_reverse_slots=cutover side_reverse_slots=subscriber part_of_reverse_slots=cutover
step_reverse_start='84_shell_reverse_start.sh' phase_reverse_start=cutover side_reverse_start=shell part_of_reverse_start=cutover
step_switch='85_pgbouncer_switch.sh' phase_switch=cutover side_switch=pgbouncer part_of_switch=cutover
step_resume='86_pgbouncer_resume.sh' phase_resume=cutover side_resume=pgbouncer part_of_resume=cutover
step_prove='87_shell_prove.sh' phase_prove=cutover side_prove=shell part_of_prove=cutover
step_foreign_keys_validate='88_subscriber_foreign_keys_validate.sql' phase_foreign_keys_validate=cutover side_foreign_keys_validate=subscriber
step_abort='abort.sh' phase_abort=rollback side_abort=shell
step_rollback='rollback.sh' phase_rollback=rollback side_rollback=shell
step_thaw='thaw_publisher.sql' phase_thaw=rollback side_thaw=publisher
step_again='again.sh' phase_again=rollback side_again=shell
step_reverse_end='89_shell_reverse_end.sh' phase_reverse_end=cleanup side_reverse_end=shell asks_reverse_end='there is no way back to the old server afterwards. Is the new one kept?'
step_subscriber_cleanup='90_shell_subscriber_cleanup.sh' phase_subscriber_cleanup=cleanup side_subscriber_cleanup=shell asks_subscriber_cleanup='the subscriber stops following the publisher for good. Is the migration over?'
step_publisher_cleanup='91_shell_publisher_cleanup.sh' phase_publisher_cleanup=cleanup side_publisher_cleanup=shell asks_publisher_cleanup='what the subscriber has not applied does not come any more. Is the migration over?'
