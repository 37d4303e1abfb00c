# What the shell must know of the plan. Sourced.
plan=26b65ee425511f612aed81fe83b716865467168d7a2a4bd0a31cb19ccb375f61
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
