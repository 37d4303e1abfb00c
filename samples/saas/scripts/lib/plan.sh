# What the shell must know of the plan. Sourced.
plan=50ad028cfb0d7d2fa5cac0c565088bfa0d4aa078f7e03d7d19bb8ae5a8cdc66e
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
