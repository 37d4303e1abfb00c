# What the shell must know of the plan. Sourced.
plan=a8255a05f7b769a6b899007d7b814589245bd9b0cc75491109ad5b6da846894b
slots='pgsp_email_events pgsp_email_messages pgsp_sessions pgsp_page_views pgsp_shared_1 pgsp_shared_2 pgsp_shared_3 pgsp_shared_4'
