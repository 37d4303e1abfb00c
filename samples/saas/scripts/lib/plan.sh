# What the shell must know of the plan. Sourced.
plan=223997fa12f384beb69b22d40781a5f70acf03db6b0dc28425f9b688995a016b
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
