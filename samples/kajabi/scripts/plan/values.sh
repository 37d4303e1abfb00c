# What the shell must know of the plan. Sourced.
plan='9534d5c5f030c9e16b1d51fd261027816bb23919c96fd1a82cd24c69d6790db7'
prefix='pgsp'
database='kajabi_production'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_contact_activities pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
