-- The publications, one or two a slot.
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_email_events') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_email_events FOR TABLE
    public.email_events
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_email_messages') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_email_messages FOR TABLE
    public.email_messages
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_sessions') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_sessions FOR TABLE
    public.sessions
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_page_views') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_page_views FOR TABLE
    public.page_views
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
\endif
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_1') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_shared_1 FOR TABLE
    public.countries,
    public.jobs
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_2') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_shared_2 FOR TABLE
    public.contact_lists,
    public.contact_tags,
    public.contacts,
    public.coupons,
    public.list_members,
    public.tags
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_3') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_shared_3 FOR TABLE
    public.accounts,
    public.api_keys,
    public.audit_log,
    public.campaign_variants,
    public.campaigns,
    public.comments,
    public.domains,
    public.feature_flags,
    public.files,
    public.imports,
    public.invoice_lines,
    public.invoices,
    public.memberships,
    public.notification_settings,
    public.notifications,
    public.oauth_tokens,
    public.payments,
    public.permissions,
    public.projects,
    public.refunds,
    public.role_permissions,
    public.roles,
    public.subscription_plans,
    public.subscriptions,
    public.suppressions,
    public.task_assignees,
    public.tasks,
    public.templates,
    public.users
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
SELECT NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pgsp_shared_4') AS is_missing \gset
\if :is_missing
CREATE PUBLICATION pgsp_shared_4 FOR TABLE
    public.webhook_deliveries,
    public.webhooks
    WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);
\endif
