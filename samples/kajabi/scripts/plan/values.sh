# What the shell must know of the plan. Sourced.
plan='a246959046f018924917758304676cc161189db7e9264b33ba7d1725e144053e'
prefix='pgsp'
database='kajabi_production'
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_contact_activities pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
first_slot=pgsp_email_events
publisher_major=13
subscriber_major=15
without_checksums=''
