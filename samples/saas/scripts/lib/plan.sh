# What the shell must know of the plan. Sourced.
plan=d4293389ec16f0716e2056bdf8df1d94a98fbeea0a296f93af4d502107a64ae0
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
