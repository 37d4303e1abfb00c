# What the shell must know of the plan. Sourced.
plan='c92f062ed93cb8ad70e09faa5bb33100b609c97de360393c9ff5082eaea50a1c'
prefix='pgsp'
database='saas'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
privileges=superuser
has_way_back=yes
failover_slots=no
keys_come_later=no
without_checksums=''
