-- The plan as temporary tables. Loaded by lib/load.sql.
-- Slots, and the subscription and publications of each.
CREATE TEMP TABLE planned_slot (number integer, slot_name text, subscription_name text, publications text[]);
COPY pg_temp.planned_slot (number, slot_name, subscription_name, publications) FROM stdin;
0	pgsp_email_events	pgsp_email_events	{"pgsp_email_events"}
1	pgsp_email_messages	pgsp_email_messages	{"pgsp_email_messages"}
2	pgsp_sessions	pgsp_sessions	{"pgsp_sessions"}
3	pgsp_page_views	pgsp_page_views	{"pgsp_page_views"}
4	pgsp_shared_1	pgsp_shared_1	{"pgsp_shared_1"}
5	pgsp_shared_2	pgsp_shared_2	{"pgsp_shared_2"}
6	pgsp_shared_3	pgsp_shared_3	{"pgsp_shared_3"}
7	pgsp_shared_4	pgsp_shared_4	{"pgsp_shared_4"}
\.
-- Slots of the way back, in the same order; their subscriptions have the same names.
CREATE TEMP TABLE planned_mirror (number integer, slot_name text);
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
CREATE TEMP TABLE planned_publication (number integer, publication_name text, slot_name text, inserts boolean, updates boolean, deletes boolean, truncates boolean, via_root boolean, mirror_name text);
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
-- Members of the publications: identity as in pg_class.relreplident; publishes_changes: UPDATE or DELETE.
CREATE TEMP TABLE planned_table (slot_name text, publication_name text, schema_name text, table_name text, kind "char", via_root boolean, identity "char", identity_columns text[], sets_identity boolean, publishes_changes boolean, truncates boolean, is_filtered boolean, is_only boolean, row_filter text);
COPY pg_temp.planned_table (slot_name, publication_name, schema_name, table_name, kind, via_root, identity, identity_columns, sets_identity, publishes_changes, truncates, is_filtered, is_only, row_filter) FROM stdin;
pgsp_email_events	pgsp_email_events	public	email_events	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_email_messages	pgsp_email_messages	public	email_messages	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_sessions	pgsp_sessions	public	sessions	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_page_views	pgsp_page_views	public	page_views	p	t	d	{"day","id"}	f	t	t	f	f	\N
pgsp_shared_1	pgsp_shared_1	public	countries	r	f	d	{"code"}	f	t	t	f	f	\N
pgsp_shared_1	pgsp_shared_1	public	jobs	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	contact_lists	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	contact_tags	r	f	d	{"contact_id","tag_id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	contacts	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	coupons	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	list_members	r	f	d	{"list_id","contact_id"}	f	t	t	f	f	\N
pgsp_shared_2	pgsp_shared_2	public	tags	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	accounts	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	api_keys	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	audit_log	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	campaign_variants	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	campaigns	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	comments	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	domains	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	feature_flags	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	files	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	imports	r	f	i	{"code"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoice_lines	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	invoices	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	memberships	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	notification_settings	r	f	d	{"user_id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	notifications	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	oauth_tokens	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	payments	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	permissions	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	projects	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	refunds	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	role_permissions	r	f	d	{"role_id","permission_id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	roles	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	subscription_plans	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	subscriptions	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	suppressions	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	task_assignees	r	f	d	{"task_id","user_id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	tasks	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	templates	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_3	pgsp_shared_3	public	users	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	webhook_deliveries	r	f	d	{"id"}	f	t	t	f	f	\N
pgsp_shared_4	pgsp_shared_4	public	webhooks	r	f	d	{"id"}	f	t	t	f	f	\N
\.
-- Relations that each subscription writes into; needs_key: rows are found by a key that must be there before the start.
CREATE TEMP TABLE planned_relation (slot_number integer, slot_name text, subscription_name text, schema_name text, table_name text, is_only boolean, needs_key boolean, identity_columns text[]);
COPY pg_temp.planned_relation (slot_number, slot_name, subscription_name, schema_name, table_name, is_only, needs_key, identity_columns) FROM stdin;
0	pgsp_email_events	pgsp_email_events	public	email_events	f	t	{"id"}
1	pgsp_email_messages	pgsp_email_messages	public	email_messages	f	t	{"id"}
2	pgsp_sessions	pgsp_sessions	public	sessions	f	t	{"id"}
3	pgsp_page_views	pgsp_page_views	public	page_views	f	t	{"day","id"}
4	pgsp_shared_1	pgsp_shared_1	public	countries	f	t	{"code"}
4	pgsp_shared_1	pgsp_shared_1	public	jobs	f	t	{"id"}
5	pgsp_shared_2	pgsp_shared_2	public	contact_lists	f	t	{"id"}
5	pgsp_shared_2	pgsp_shared_2	public	contact_tags	f	t	{"contact_id","tag_id"}
5	pgsp_shared_2	pgsp_shared_2	public	contacts	f	t	{"id"}
5	pgsp_shared_2	pgsp_shared_2	public	coupons	f	t	{"id"}
5	pgsp_shared_2	pgsp_shared_2	public	list_members	f	t	{"list_id","contact_id"}
5	pgsp_shared_2	pgsp_shared_2	public	tags	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	accounts	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	api_keys	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	audit_log	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	campaign_variants	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	campaigns	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	comments	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	domains	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	feature_flags	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	files	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	imports	f	t	{"code"}
6	pgsp_shared_3	pgsp_shared_3	public	invoice_lines	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	invoices	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	memberships	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	notification_settings	f	t	{"user_id"}
6	pgsp_shared_3	pgsp_shared_3	public	notifications	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	oauth_tokens	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	payments	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	permissions	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	projects	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	refunds	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	role_permissions	f	t	{"role_id","permission_id"}
6	pgsp_shared_3	pgsp_shared_3	public	roles	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	subscription_plans	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	subscriptions	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	suppressions	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	task_assignees	f	t	{"task_id","user_id"}
6	pgsp_shared_3	pgsp_shared_3	public	tasks	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	templates	f	t	{"id"}
6	pgsp_shared_3	pgsp_shared_3	public	users	f	t	{"id"}
7	pgsp_shared_4	pgsp_shared_4	public	webhook_deliveries	f	t	{"id"}
7	pgsp_shared_4	pgsp_shared_4	public	webhooks	f	t	{"id"}
\.
-- Partitions that were known when the plan was made.
CREATE TEMP TABLE planned_partition (root_schema text, root_name text, schema_name text, table_name text);
COPY pg_temp.planned_partition (root_schema, root_name, schema_name, table_name) FROM stdin;
public	page_views	public	page_views_1
public	page_views	public	page_views_2
public	page_views	public	page_views_3
\.
-- Tables that the plan leaves out.
CREATE TEMP TABLE planned_excluded (schema_name text, table_name text);
-- Foreign keys that the plan cuts, in parts as in pg_constraint; is_restored: dropped on the subscriber until the cutover.
CREATE TEMP TABLE planned_foreign_key (schema_name text, table_name text, constraint_name text, is_restored boolean, joins_slots boolean, to_schema text, to_name text, columns text[], to_columns text[], match_type "char", update_action "char", delete_action "char", delete_columns text[], is_deferrable boolean, is_deferred boolean, is_validated boolean, is_enforced boolean, has_period boolean);
COPY pg_temp.planned_foreign_key (schema_name, table_name, constraint_name, is_restored, joins_slots, to_schema, to_name, columns, to_columns, match_type, update_action, delete_action, delete_columns, is_deferrable, is_deferred, is_validated, is_enforced, has_period) FROM stdin;
public	contact_lists	contact_lists_account_id_fkey	t	t	public	accounts	{"account_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	contacts	contacts_account_id_fkey	t	t	public	accounts	{"account_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	email_events	email_events_message_id_fkey	t	t	public	email_messages	{"message_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	email_messages	email_messages_campaign_id_fkey	t	t	public	campaigns	{"campaign_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	email_messages	email_messages_contact_id_fkey	t	t	public	contacts	{"contact_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	sessions	sessions_user_id_fkey	t	t	public	users	{"user_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	tags	tags_account_id_fkey	t	t	public	accounts	{"account_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
public	webhooks	webhooks_account_id_fkey	t	t	public	accounts	{"account_id"}	{"id"}	s	a	a	{}	f	f	t	t	f
\.
