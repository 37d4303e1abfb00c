# What the shell must know of the plan. Sourced.
plan='5fd0cde9a76e8cf40f18730565092002e7caaecc1fbfcae25997d40ec213be9d'
prefix='pgsp'
database='saas'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
