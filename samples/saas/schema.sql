-- A software service that sends e-mail for its customers: 44 tables, made on both servers.
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL, plan text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE users (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, email text NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE roles (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE memberships (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, role_id bigint NOT NULL REFERENCES roles, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE permissions (id bigint PRIMARY KEY, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE role_permissions (role_id bigint REFERENCES roles, permission_id bigint REFERENCES permissions, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (role_id, permission_id));
CREATE TABLE api_keys (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, digest text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
-- Updated all the time in place: room on each page, and no index on what changes.
CREATE TABLE sessions (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, seen_at timestamptz NOT NULL DEFAULT now(), state text) WITH (fillfactor = 60);
CREATE TABLE oauth_tokens (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, token text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE subscription_plans (id bigint PRIMARY KEY, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE subscriptions (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, plan_id bigint NOT NULL REFERENCES subscription_plans, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE invoices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, total numeric NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE invoice_lines (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoices, amount numeric NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE payments (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoices, amount numeric NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE refunds (id bigint PRIMARY KEY, payment_id bigint NOT NULL REFERENCES payments, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE coupons (id bigint PRIMARY KEY, code text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE contacts (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, email text NOT NULL, fields jsonb, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON contacts (account_id, email);
CREATE TABLE contact_lists (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE list_members (list_id bigint REFERENCES contact_lists, contact_id bigint REFERENCES contacts, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (list_id, contact_id));
CREATE TABLE tags (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE contact_tags (contact_id bigint REFERENCES contacts, tag_id bigint REFERENCES tags, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (contact_id, tag_id));
CREATE TABLE templates (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, body text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE campaigns (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, template_id bigint NOT NULL REFERENCES templates, sent_count bigint NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE campaign_variants (id bigint PRIMARY KEY, campaign_id bigint NOT NULL REFERENCES campaigns, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE email_messages (id bigint PRIMARY KEY, campaign_id bigint NOT NULL REFERENCES campaigns, contact_id bigint NOT NULL REFERENCES contacts, status text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON email_messages (campaign_id, status);
-- The hot one: a row for each delivery, open and click; a campaign makes it peak.
CREATE SEQUENCE email_events_id;
CREATE TABLE email_events (id bigint PRIMARY KEY DEFAULT nextval('email_events_id'), message_id bigint NOT NULL REFERENCES email_messages, kind text NOT NULL, at timestamptz NOT NULL DEFAULT now(), agent jsonb);
CREATE INDEX ON email_events (message_id, kind);
CREATE INDEX ON email_events (at);
CREATE TABLE suppressions (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, email text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE domains (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE webhooks (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, url text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
-- Its payloads go to the TOAST table, which writes most of its WAL and is invisible in the table's own counters.
CREATE SEQUENCE webhook_deliveries_id;
CREATE TABLE webhook_deliveries (id bigint PRIMARY KEY DEFAULT nextval('webhook_deliveries_id'), webhook_id bigint NOT NULL REFERENCES webhooks, status int NOT NULL DEFAULT 0, payload text);
ALTER TABLE webhook_deliveries ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE files (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, size bigint NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE projects (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE tasks (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES projects, title text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE task_assignees (task_id bigint REFERENCES tasks, user_id bigint REFERENCES users, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (task_id, user_id));
CREATE TABLE comments (id bigint PRIMARY KEY, task_id bigint NOT NULL REFERENCES tasks, body text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE notifications (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, body text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE notification_settings (user_id bigint PRIMARY KEY REFERENCES users, settings jsonb, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE feature_flags (id bigint PRIMARY KEY, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
CREATE SEQUENCE audit_log_id;
CREATE TABLE audit_log (id bigint PRIMARY KEY DEFAULT nextval('audit_log_id'), account_id bigint NOT NULL, what text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON audit_log (account_id, at);
-- A partition for each day; the youngest takes every insert.
CREATE SEQUENCE page_views_id;
CREATE TABLE page_views (id bigint NOT NULL DEFAULT nextval('page_views_id'), day int NOT NULL, path text NOT NULL, contact_id bigint, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE page_views_1 PARTITION OF page_views FOR VALUES FROM (1) TO (2);
CREATE TABLE page_views_2 PARTITION OF page_views FOR VALUES FROM (2) TO (3);
CREATE TABLE page_views_3 PARTITION OF page_views FOR VALUES FROM (3) TO (4);
CREATE SEQUENCE jobs_id;
CREATE TABLE jobs (id bigint PRIMARY KEY DEFAULT nextval('jobs_id'), kind text NOT NULL, state text NOT NULL DEFAULT 'queued', arguments jsonb);
CREATE INDEX ON jobs (state, id);
-- No primary key, but a unique index that can identify its rows.
CREATE TABLE imports (code bigint NOT NULL, account_id bigint NOT NULL REFERENCES accounts, line_count int NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
CREATE UNIQUE INDEX imports_code ON imports (code);
ALTER TABLE imports REPLICA IDENTITY USING INDEX imports_code;
CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
