# What the shell must know of the plan. Sourced.
plan='567ca2c15041f599be0761ca683de60e7ebbf9d749b3cac714ec28b945952e58'
prefix='pgsp'
database='saas'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
without_checksums=''
