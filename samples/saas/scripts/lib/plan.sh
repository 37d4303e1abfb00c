# What the shell must know of the plan. Sourced.
plan=6618a5b85e3bc733d0d135074c8d2fecf126d49a1aed24d499d5118290ba836f
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
