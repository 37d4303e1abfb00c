-- Slots, publications and relations of the plan as temporary tables. Loaded by lib/load.sql.
-- Slots, and the subscription of each.
CREATE TEMP TABLE planned_slot (number integer, slot_name name, subscription_name name);
COPY pg_temp.planned_slot (number, slot_name, subscription_name) FROM stdin;
0	pgsp_email_events	pgsp_email_events
1	pgsp_email_messages	pgsp_email_messages
2	pgsp_sessions	pgsp_sessions
3	pgsp_page_views	pgsp_page_views
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
3	pgsp_page_views	pgsp_page_views	t	t	t	t	t	pgsp_rev_4
4	pgsp_shared_1	pgsp_shared_1	t	t	t	t	f	pgsp_rev_5
5	pgsp_shared_2	pgsp_shared_2	t	t	t	t	f	pgsp_rev_6
6	pgsp_shared_3	pgsp_shared_3	t	t	t	t	f	pgsp_rev_7
7	pgsp_shared_4	pgsp_shared_4	t	t	t	t	f	pgsp_rev_8
\.
-- Relations that each subscription writes into; needs_key: rows are found by a key that must be there before the start.
CREATE TEMP TABLE planned_relation (slot_number integer, slot_name name, subscription_name name, schema_name name, table_name name, is_only boolean, needs_key boolean);
COPY pg_temp.planned_relation (slot_number, slot_name, subscription_name, schema_name, table_name, is_only, needs_key) FROM stdin;
0	pgsp_email_events	pgsp_email_events	public	email_events	f	t
1	pgsp_email_messages	pgsp_email_messages	public	email_messages	f	t
2	pgsp_sessions	pgsp_sessions	public	sessions	f	t
3	pgsp_page_views	pgsp_page_views	public	page_views	f	t
4	pgsp_shared_1	pgsp_shared_1	public	countries	f	t
4	pgsp_shared_1	pgsp_shared_1	public	jobs	f	t
5	pgsp_shared_2	pgsp_shared_2	public	contact_lists	f	t
5	pgsp_shared_2	pgsp_shared_2	public	contact_tags	f	t
5	pgsp_shared_2	pgsp_shared_2	public	contacts	f	t
5	pgsp_shared_2	pgsp_shared_2	public	coupons	f	t
5	pgsp_shared_2	pgsp_shared_2	public	list_members	f	t
5	pgsp_shared_2	pgsp_shared_2	public	tags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	accounts	f	t
6	pgsp_shared_3	pgsp_shared_3	public	api_keys	f	t
6	pgsp_shared_3	pgsp_shared_3	public	audit_log	f	t
6	pgsp_shared_3	pgsp_shared_3	public	campaign_variants	f	t
6	pgsp_shared_3	pgsp_shared_3	public	campaigns	f	t
6	pgsp_shared_3	pgsp_shared_3	public	comments	f	t
6	pgsp_shared_3	pgsp_shared_3	public	domains	f	t
6	pgsp_shared_3	pgsp_shared_3	public	feature_flags	f	t
6	pgsp_shared_3	pgsp_shared_3	public	files	f	t
6	pgsp_shared_3	pgsp_shared_3	public	imports	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoice_lines	f	t
6	pgsp_shared_3	pgsp_shared_3	public	invoices	f	t
6	pgsp_shared_3	pgsp_shared_3	public	memberships	f	t
6	pgsp_shared_3	pgsp_shared_3	public	notification_settings	f	t
6	pgsp_shared_3	pgsp_shared_3	public	notifications	f	t
6	pgsp_shared_3	pgsp_shared_3	public	oauth_tokens	f	t
6	pgsp_shared_3	pgsp_shared_3	public	payments	f	t
6	pgsp_shared_3	pgsp_shared_3	public	permissions	f	t
6	pgsp_shared_3	pgsp_shared_3	public	projects	f	t
6	pgsp_shared_3	pgsp_shared_3	public	refunds	f	t
6	pgsp_shared_3	pgsp_shared_3	public	role_permissions	f	t
6	pgsp_shared_3	pgsp_shared_3	public	roles	f	t
6	pgsp_shared_3	pgsp_shared_3	public	subscription_plans	f	t
6	pgsp_shared_3	pgsp_shared_3	public	subscriptions	f	t
6	pgsp_shared_3	pgsp_shared_3	public	suppressions	f	t
6	pgsp_shared_3	pgsp_shared_3	public	task_assignees	f	t
6	pgsp_shared_3	pgsp_shared_3	public	tasks	f	t
6	pgsp_shared_3	pgsp_shared_3	public	templates	f	t
6	pgsp_shared_3	pgsp_shared_3	public	users	f	t
7	pgsp_shared_4	pgsp_shared_4	public	webhook_deliveries	f	t
7	pgsp_shared_4	pgsp_shared_4	public	webhooks	f	t
\.
