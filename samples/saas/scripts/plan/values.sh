# What the shell must know of the plan. Sourced.
plan='6391b52cefbf4b7afc7d252905fc682d70e33870ff8c04fb98ac9b90c3457334'
prefix='pgsp'
database='saas'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
without_checksums=''
