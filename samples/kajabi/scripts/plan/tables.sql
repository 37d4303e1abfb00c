-- Slots, publications and relations of the plan as temporary tables. Loaded by lib/load.sql.
-- Slots, and the subscription of each.
CREATE TEMP TABLE planned_slot (number integer, slot_name name, subscription_name name);
COPY pg_temp.planned_slot (number, slot_name, subscription_name) FROM stdin;
0	pgsp_email_events	pgsp_email_events
1	pgsp_email_messages	pgsp_email_messages
2	pgsp_sessions	pgsp_sessions
3	pgsp_contact_activities	pgsp_contact_activities
4	pgsp_shared_1	pgsp_shared_1
5	pgsp_shared_2	pgsp_shared_2
6	pgsp_shared_3	pgsp_shared_3
7	pgsp_shared_4	pgsp_shared_4
\.
-- Slots of the way back, in the same order; their subscriptions have the same names.
CREATE TEMP TABLE planned_mirror (number integer, slot_name name);
COPY pg_temp.planned_mirror (number, slot_name) FROM stdin;
0	pgsp_rev_1
1	pgsp_rev_2
2	pgsp_rev_3
3	pgsp_rev_4
4	pgsp_rev_5
5	pgsp_rev_6
6	pgsp_rev_7
7	pgsp_rev_8
\.
-- Publications with what they publish, and the publication of the way back for each.
CREATE TEMP TABLE planned_publication (number integer, publication_name name, slot_name name, inserts boolean, updates boolean, deletes boolean, truncates boolean, via_root boolean, mirror_name name);
COPY pg_temp.planned_publication (number, publication_name, slot_name, inserts, updates, deletes, truncates, via_root, mirror_name) FROM stdin;
0	pgsp_email_events	pgsp_email_events	t	t	t	t	f	pgsp_rev_1
1	pgsp_email_messages	pgsp_email_messages	t	t	t	t	f	pgsp_rev_2
2	pgsp_sessions	pgsp_sessions	t	t	t	t	f	pgsp_rev_3
3	pgsp_contact_activities	pgsp_contact_activities	t	t	t	t	f	pgsp_rev_4
4	pgsp_shared_1	pgsp_shared_1	t	t	t	t	f	pgsp_rev_5
5	pgsp_shared_2	pgsp_shared_2	t	t	t	t	f	pgsp_rev_6
6	pgsp_shared_3	pgsp_shared_3	t	t	t	t	t	pgsp_rev_7
7	pgsp_shared_4	pgsp_shared_4	t	t	t	t	t	pgsp_rev_8
\.
-- Relations that each subscription writes into; needs_key: rows are found by a key that must be there before the start.
CREATE TEMP TABLE planned_relation (slot_number integer, slot_name name, subscription_name name, schema_name name, table_name name, is_only boolean, needs_key boolean);
COPY pg_temp.planned_relation (slot_number, slot_name, subscription_name, schema_name, table_name, is_only, needs_key) FROM stdin;
0	pgsp_email_events	pgsp_email_events	public	email_events	f	t
1	pgsp_email_messages	pgsp_email_messages	public	email_message_parts	f	t
1	pgsp_email_messages	pgsp_email_messages	public	email_messages	f	t
2	pgsp_sessions	pgsp_sessions	public	sessions	f	t
3	pgsp_contact_activities	pgsp_contact_activities	public	contact_activities	f	t
4	pgsp_shared_1	pgsp_shared_1	public	page_views	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_addresses	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_addresses_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_comments	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_comments_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_events	t	t
5	pgsp_shared_2	pgsp_shared_2	public	account_events_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_events_3	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_files	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_files_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_history	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_history_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_history_3	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_items	t	t
5	pgsp_shared_2	pgsp_shared_2	public	account_items_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_items_3	f	f
5	pgsp_shared_2	pgsp_shared_2	public	account_jobs	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_jobs_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_limits	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_limits_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_links	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_links_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_logs_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_members	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_members_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_notes	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_notes_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_notes_3	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_rules	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_rules_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_settings	t	f
5	pgsp_shared_2	pgsp_shared_2	public	account_settings_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_settings_3	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_sources	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_sources_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_stats	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_steps	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_steps_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_tags	t	t
5	pgsp_shared_2	pgsp_shared_2	public	account_tags_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_tags_3	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_tokens	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_tokens_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_versions	f	t
5	pgsp_shared_2	pgsp_shared_2	public	account_versions_2	f	t
5	pgsp_shared_2	pgsp_shared_2	public	accounts	f	t
5	pgsp_shared_2	pgsp_shared_2	public	asset2_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	asset2s	f	t
5	pgsp_shared_2	pgsp_shared_2	public	campaign2_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	campaign2_items	f	t
5	pgsp_shared_2	pgsp_shared_2	public	campaign2s	f	t
5	pgsp_shared_2	pgsp_shared_2	public	campaign3_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	campaign3s	f	t
5	pgsp_shared_2	pgsp_shared_2	public	contact2_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	contact2_items	f	t
5	pgsp_shared_2	pgsp_shared_2	public	contact2s	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_addresses	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_comments	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_files	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_history	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_items	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_jobs	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_limits	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_links	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_logs	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_members	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_notes	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_rules	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_settings	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_stats	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_steps	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_tags	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_tokens	f	t
5	pgsp_shared_2	pgsp_shared_2	public	order_versions	f	t
5	pgsp_shared_2	pgsp_shared_2	public	orders	f	t
5	pgsp_shared_2	pgsp_shared_2	public	product2_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	product2_items	f	t
5	pgsp_shared_2	pgsp_shared_2	public	product2s	f	t
5	pgsp_shared_2	pgsp_shared_2	public	product3_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	product3s	f	t
5	pgsp_shared_2	pgsp_shared_2	public	report2_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	report2s	f	t
5	pgsp_shared_2	pgsp_shared_2	public	webhook_events	f	t
5	pgsp_shared_2	pgsp_shared_2	public	webhook_items	f	t
5	pgsp_shared_2	pgsp_shared_2	public	webhook_settings	f	t
5	pgsp_shared_2	pgsp_shared_2	public	webhook_tags	f	t
5	pgsp_shared_2	pgsp_shared_2	public	webhooks	f	t
6	pgsp_shared_3	pgsp_shared_3	public	account2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	account2_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	account2s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	account3_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	account3s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	account_logs	f	t
6	pgsp_shared_3	pgsp_shared_3	public	account_stats_2	f	t
6	pgsp_shared_3	pgsp_shared_3	public	booking_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	booking_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	booking_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	bookings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact3_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact3s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_comments	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_files	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_history	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_jobs	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_links	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_members	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_notes	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_stats	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_tags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contact_versions	f	t
6	pgsp_shared_3	pgsp_shared_3	public	contacts	f	t
6	pgsp_shared_3	pgsp_shared_3	public	course_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	course_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	course_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	course_tags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	courses	f	t
6	pgsp_shared_3	pgsp_shared_3	public	device_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	device_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	device_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	device_tags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	devices	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice2_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice2s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice3_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice3s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_comments	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_files	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_history	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_jobs	f	f
6	pgsp_shared_3	pgsp_shared_3	public	invoice_links	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_members	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_notes	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_rules	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_stats	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_tags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_tokens	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_versions	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoices	f	t
6	pgsp_shared_3	pgsp_shared_3	public	listing_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	listing_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	listing_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	listings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message2_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message2s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message3_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message3s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_files	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_history	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_members	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_notes	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	message_tags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	messages	f	t
6	pgsp_shared_3	pgsp_shared_3	public	order2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	order2_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	order2s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	payment2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	payment2_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	payment2s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	report_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	report_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	report_notes	f	t
6	pgsp_shared_3	pgsp_shared_3	public	report_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	report_tags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	reports	f	t
6	pgsp_shared_3	pgsp_shared_3	public	sensor2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	sensor2s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	session_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	session_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	session_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	shipment3_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	shipment3s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	survey2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	survey2s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	survey_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	survey_items	f	t
6	pgsp_shared_3	pgsp_shared_3	public	survey_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	surveys	f	t
6	pgsp_shared_3	pgsp_shared_3	public	ticket3_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	ticket3s	f	t
6	pgsp_shared_3	pgsp_shared_3	public	webhook2_events	f	t
6	pgsp_shared_3	pgsp_shared_3	public	webhook2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	asset_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	asset_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	asset_notes	f	t
7	pgsp_shared_4	pgsp_shared_4	public	asset_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	asset_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	assets	f	t
7	pgsp_shared_4	pgsp_shared_4	public	booking2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	booking2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_files	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_history	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_jobs	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_links	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_members	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_notes	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_stats	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaign_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	campaigns	f	t
7	pgsp_shared_4	pgsp_shared_4	public	course2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	course2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	device2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	device2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	listing2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	listing2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	order3_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	order3s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	patient2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	patient2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	patient_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	patient_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	patients	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment3_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment3s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment_history	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment_notes	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payment_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	payments	f	t
7	pgsp_shared_4	pgsp_shared_4	public	policy2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	policy2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	policy_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	policy_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	policy_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	policys	f	t
7	pgsp_shared_4	pgsp_shared_4	public	product_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	product_files	f	t
7	pgsp_shared_4	pgsp_shared_4	public	product_history	f	t
7	pgsp_shared_4	pgsp_shared_4	public	product_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	product_notes	f	t
7	pgsp_shared_4	pgsp_shared_4	public	product_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	product_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	products	f	t
7	pgsp_shared_4	pgsp_shared_4	public	project2_events	f	f
7	pgsp_shared_4	pgsp_shared_4	public	project2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	project_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	project_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	project_notes	f	t
7	pgsp_shared_4	pgsp_shared_4	public	project_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	project_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	projects	f	t
7	pgsp_shared_4	pgsp_shared_4	public	sensor_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	sensor_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	sensors	f	t
7	pgsp_shared_4	pgsp_shared_4	public	session2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	session2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	session_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipment2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipment2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipment_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipment_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipment_notes	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipment_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipment_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	shipments	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket2_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_files	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_history	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_members	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_notes	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_settings	f	t
7	pgsp_shared_4	pgsp_shared_4	public	ticket_tags	f	t
7	pgsp_shared_4	pgsp_shared_4	public	tickets	f	t
7	pgsp_shared_4	pgsp_shared_4	public	vehicle2_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	vehicle2s	f	t
7	pgsp_shared_4	pgsp_shared_4	public	vehicle_events	f	t
7	pgsp_shared_4	pgsp_shared_4	public	vehicle_items	f	t
7	pgsp_shared_4	pgsp_shared_4	public	vehicles	f	t
\.
