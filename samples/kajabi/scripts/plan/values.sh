# What the shell must know of the plan. Sourced.
plan='9d13f0447a732737a6ee5b289a7d9abfe29767fcd6847d71dd13f1ffa7f2a1a4'
prefix='pgsp'
database='kajabi_production'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_contact_activities pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
without_checksums=''
