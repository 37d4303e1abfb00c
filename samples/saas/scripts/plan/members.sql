-- Members, partitions and foreign keys of the plan as temporary tables. Loaded by lib/members.sql.
-- Members of the publications: identity as in pg_class.relreplident; publishes_changes: UPDATE or DELETE.
CREATE TEMP TABLE planned_table (slot_name name, publication_name name, schema_name name, table_name name, kind "char", via_root boolean, identity "char", identity_columns text[], sets_identity boolean, publishes_changes boolean, truncates boolean, is_filtered boolean, is_only boolean, row_filter text);
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
-- Partitions that were known when the plan was made.
CREATE TEMP TABLE planned_partition (root_schema name, root_name name, schema_name name, table_name name);
COPY pg_temp.planned_partition (root_schema, root_name, schema_name, table_name) FROM stdin;
public	page_views	public	page_views_1
public	page_views	public	page_views_2
public	page_views	public	page_views_3
\.
-- What the plan leaves out: because somebody chose to, of its kind when it was sampled, or of itself.
CREATE TEMP TABLE planned_excluded (schema_name name, table_name name, because text);
-- Foreign keys that the plan cuts, in parts as in pg_constraint; is_restored: dropped on the subscriber until the cutover.
CREATE TEMP TABLE planned_foreign_key (schema_name name, table_name name, constraint_name name, is_restored boolean, joins_slots boolean, to_schema name, to_name name, columns text[], to_columns text[], match_type "char", update_action "char", delete_action "char", delete_columns text[], is_deferrable boolean, is_deferred boolean, is_validated boolean, is_enforced boolean, has_period boolean);
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
