# What the shell must know of the plan. Sourced.
plan='8317fcaedd0dfbcfb1c141a09bd096228173517a156a2d1ddfb34fc043d8c45f'
prefix='pgsp'
database='kajabi_production'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_contact_activities pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
privileges=managed
has_way_back=yes
failover_slots=no
keys_come_later=no
without_checksums=''
