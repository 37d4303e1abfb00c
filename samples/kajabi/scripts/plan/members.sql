-- Members, partitions and foreign keys of the plan as temporary tables. Loaded by lib/members.sql.
-- Members of the publications: identity as in pg_class.relreplident; publishes_changes: UPDATE or DELETE.
CREATE TEMP TABLE planned_table (slot_name name, publication_name name, schema_name name, table_name name, kind "char", via_root boolean, identity "char", identity_columns text[], sets_identity boolean, publishes_changes boolean, truncates boolean, is_filtered boolean, is_only boolean, row_filter text);
COPY pg_temp.planned_table (slot_name, publication_name, schema_name, table_name, kind, via_root, identity, identity_columns, sets_identity, publishes_changes, truncates, is_filtered, is_only, row_filter) FROM stdin;
pgsp_email_events	pgsp_email_events	public	email_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_email_messages	pgsp_email_messages	public	email_message_parts	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_email_messages	pgsp_email_messages	public	email_messages	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_sessions	pgsp_sessions	public	sessions	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_contact_activities	pgsp_contact_activities	public	contact_activities	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_1	pgsp_shared_1	public	page_views	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_addresses	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_addresses_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_comments	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_comments_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_events	r	f	d	{"id"}	f	t	t	f	t	\N
pgsp_shared_2	pgsp_shared_2	public	account_events_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_events_3	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_files	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_files_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_history	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_history_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_history_3	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_items	r	f	d	{"id"}	f	t	t	f	t	\N
pgsp_shared_2	pgsp_shared_2	public	account_items_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_items_3	r	f	f	{}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_jobs	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_jobs_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_limits	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_limits_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_links	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_links_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_logs_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_members	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_members_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_notes	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_notes_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_notes_3	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_rules	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_rules_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_settings	r	f	f	{}	f	t	t	f	t	\N
pgsp_shared_2	pgsp_shared_2	public	account_settings_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_settings_3	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_sources	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_sources_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_stats	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_steps	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_steps_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_tags	r	f	d	{"id"}	f	t	t	f	t	\N
pgsp_shared_2	pgsp_shared_2	public	account_tags_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_tags_3	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_tokens	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_tokens_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_versions	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	account_versions_2	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	accounts	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	asset2_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	asset2s	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	campaign2_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	campaign2_items	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	campaign2s	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	campaign3_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	campaign3s	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	contact2_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	contact2_items	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	contact2s	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_addresses	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_comments	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_files	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_history	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_items	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_jobs	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_limits	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_links	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_logs	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_members	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_notes	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_rules	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_settings	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_stats	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_steps	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_tags	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_tokens	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	order_versions	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	orders	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	product2_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	product2_items	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	product2s	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	product3_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	product3s	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	report2_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	report2s	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	webhook_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	webhook_items	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	webhook_settings	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	webhook_tags	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	webhooks	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	account2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	account2_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	account2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	account3_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	account3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	account_logs	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	account_stats_2	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	booking_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	booking_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	booking_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	bookings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact3_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_comments	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_files	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_history	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_jobs	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_links	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_members	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_stats	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contact_versions	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	contacts	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	course_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	course_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	course_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	course_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	courses	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	device_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	device_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	device_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	device_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	devices	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice2_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice3_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_comments	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_files	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_history	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_jobs	r	t	f	{}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_links	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_members	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_rules	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_stats	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_tokens	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_versions	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoices	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	listing_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	listing_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	listing_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	listings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message2_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message3_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_files	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_history	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_members	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	message_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	messages	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	order2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	order2_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	order2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	payment2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	payment2_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	payment2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	report_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	report_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	report_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	report_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	report_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	reports	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	sensor2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	sensor2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	session_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	session_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	session_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	shipment3_events	p	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	shipment3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	survey2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	survey2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	survey_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	survey_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	survey_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	surveys	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	ticket3_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	ticket3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	webhook2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	webhook2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	asset_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	asset_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	asset_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	asset_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	asset_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	assets	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	booking2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	booking2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_files	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_history	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_jobs	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_links	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_members	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_stats	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaign_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	campaigns	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	course2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	course2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	device2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	device2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	listing2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	listing2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	order3_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	order3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	patient2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	patient2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	patient_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	patient_items	p	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	patients	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment3_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment3s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment_history	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payment_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	payments	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	policy2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	policy2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	policy_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	policy_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	policy_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	policys	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	product_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	product_files	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	product_history	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	product_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	product_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	product_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	product_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	products	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	project2_events	r	t	f	{}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	project2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	project_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	project_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	project_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	project_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	project_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	projects	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	sensor_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	sensor_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	sensors	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	session2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	session2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	session_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipment2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipment2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipment_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipment_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipment_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipment_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipment_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	shipments	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket2_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_files	p	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_history	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_members	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_notes	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_settings	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	ticket_tags	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	tickets	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	vehicle2_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	vehicle2s	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	vehicle_events	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	vehicle_items	r	t	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	vehicles	r	t	d	{"id"}	f	t	t	f	f	\N
\.
-- Partitions that were known when the plan was made.
CREATE TEMP TABLE planned_partition (root_schema name, root_name name, schema_name name, table_name name);
COPY pg_temp.planned_partition (root_schema, root_name, schema_name, table_name) FROM stdin;
public	patient_items	public	patient_items_p001
public	patient_items	public	patient_items_p002
public	patient_items	public	patient_items_p003
public	patient_items	public	patient_items_p004
public	patient_items	public	patient_items_p005
public	patient_items	public	patient_items_p006
public	patient_items	public	patient_items_p007
public	patient_items	public	patient_items_p008
public	patient_items	public	patient_items_p009
public	patient_items	public	patient_items_p010
public	patient_items	public	patient_items_p011
public	patient_items	public	patient_items_p012
public	patient_items	public	patient_items_p013
public	patient_items	public	patient_items_p014
public	patient_items	public	patient_items_p015
public	patient_items	public	patient_items_p016
public	patient_items	public	patient_items_p017
public	patient_items	public	patient_items_p018
public	patient_items	public	patient_items_p019
public	patient_items	public	patient_items_p020
public	patient_items	public	patient_items_p021
public	patient_items	public	patient_items_p022
public	patient_items	public	patient_items_p023
public	patient_items	public	patient_items_p024
public	shipment3_events	public	shipment3_events_p001
public	shipment3_events	public	shipment3_events_p002
public	shipment3_events	public	shipment3_events_p003
public	shipment3_events	public	shipment3_events_p004
public	shipment3_events	public	shipment3_events_p005
public	shipment3_events	public	shipment3_events_p006
public	shipment3_events	public	shipment3_events_p007
public	shipment3_events	public	shipment3_events_p008
public	shipment3_events	public	shipment3_events_p009
public	shipment3_events	public	shipment3_events_p010
public	shipment3_events	public	shipment3_events_p011
public	shipment3_events	public	shipment3_events_p012
public	shipment3_events	public	shipment3_events_p013
public	shipment3_events	public	shipment3_events_p014
public	shipment3_events	public	shipment3_events_p015
public	shipment3_events	public	shipment3_events_p016
public	shipment3_events	public	shipment3_events_p017
public	shipment3_events	public	shipment3_events_p018
public	shipment3_events	public	shipment3_events_p019
public	shipment3_events	public	shipment3_events_p020
public	shipment3_events	public	shipment3_events_p021
public	shipment3_events	public	shipment3_events_p022
public	shipment3_events	public	shipment3_events_p023
public	shipment3_events	public	shipment3_events_p024
public	ticket_files	public	ticket_files_h00
public	ticket_files	public	ticket_files_h01
public	ticket_files	public	ticket_files_h02
public	ticket_files	public	ticket_files_h03
public	ticket_files	public	ticket_files_h04
public	ticket_files	public	ticket_files_h05
public	ticket_files	public	ticket_files_h06
public	ticket_files	public	ticket_files_h07
public	ticket_files	public	ticket_files_h08
public	ticket_files	public	ticket_files_h09
public	ticket_files	public	ticket_files_h10
public	ticket_files	public	ticket_files_h11
public	ticket_files	public	ticket_files_h12
public	ticket_files	public	ticket_files_h13
public	ticket_files	public	ticket_files_h14
public	ticket_files	public	ticket_files_h15
public	ticket_files	public	ticket_files_h16
public	ticket_files	public	ticket_files_h17
public	ticket_files	public	ticket_files_h18
public	ticket_files	public	ticket_files_h19
public	ticket_files	public	ticket_files_h20
public	ticket_files	public	ticket_files_h21
public	ticket_files	public	ticket_files_h22
public	ticket_files	public	ticket_files_h23
\.
-- What the plan leaves out: because somebody chose to, of its kind when it was sampled, or of itself.
CREATE TEMP TABLE planned_excluded (schema_name name, table_name name, because text);
-- Foreign keys that the plan cuts, in parts as in pg_constraint; is_restored: dropped on the subscriber until the cutover.
CREATE TEMP TABLE planned_foreign_key (schema_name name, table_name name, constraint_name name, is_restored boolean, joins_slots boolean, to_schema name, to_name name, columns text[], to_columns text[], match_type "char", update_action "char", delete_action "char", delete_columns text[], is_deferrable boolean, is_deferred boolean, is_validated boolean, is_enforced boolean, has_period boolean);
COPY pg_temp.planned_foreign_key (schema_name, table_name, constraint_name, is_restored, joins_slots, to_schema, to_name, columns, to_columns, match_type, update_action, delete_action, delete_columns, is_deferrable, is_deferred, is_validated, is_enforced, has_period) FROM stdin;
public	account_logs	account_logs_account_id_fkey	t	t	public	accounts	{"account_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	contact_activities	contact_activities_account2_events_fkey	t	t	public	account2_events	{"account2_event_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	email_events	email_events_email_messages_fkey	t	t	public	email_messages	{"email_message_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	policys	policys_session_id_fkey	t	t	public	sessions	{"session_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	session_events	session_events_session_id_fkey	t	t	public	sessions	{"session_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	session_items	session_items_session_id_fkey	t	t	public	sessions	{"session_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	session_tags	session_tags_session_id_fkey	t	t	public	sessions	{"session_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
\.
