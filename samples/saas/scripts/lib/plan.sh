# What the shell must know of the plan. Sourced.
plan=f7cca84fd80be6394f8a96fa304f20d965b5d7a9772e9526dfe3591024fad1ee
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
