-- role ["inv_app"] login + password ["inv_app"]
ALTER ROLE inv_app NOLOGIN;
-- undo
ALTER ROLE inv_app LOGIN;

-- role ["inv_app"] connection limit
ALTER ROLE inv_app CONNECTION LIMIT 21;
-- undo
ALTER ROLE inv_app CONNECTION LIMIT 20;

-- role ["inv_app"] valid until
ALTER ROLE inv_app VALID UNTIL '2030-01-01 00:00+00';
-- undo
ALTER ROLE inv_app VALID UNTIL '2035-01-01 00:00+00';

-- role ["inv_group"] creates databases
ALTER ROLE inv_group NOCREATEDB;
-- undo
ALTER ROLE inv_group CREATEDB;

-- role ["inv_owner"] bypasses row security
ALTER ROLE inv_owner BYPASSRLS;
-- undo
ALTER ROLE inv_owner NOBYPASSRLS;

-- role ["inv_extra"]
CREATE ROLE inv_extra;
-- undo
DROP ROLE inv_extra;

-- membership ["inv_group", "inv_app"]
REVOKE inv_group FROM inv_app;
-- undo
GRANT inv_group TO inv_app;

-- membership ["inv_owner", "inv_app"] admin
REVOKE ADMIN OPTION FOR inv_owner FROM inv_app;
-- undo
GRANT inv_owner TO inv_app WITH ADMIN OPTION;

-- setting ["inv_app", "server"] search_path
ALTER ROLE inv_app SET search_path = public;
-- undo
ALTER ROLE inv_app SET search_path = app, public;

-- setting ["inv_app", "server"] app.tenant
ALTER ROLE inv_app SET "app.tenant" = 'other';
-- undo
ALTER ROLE inv_app SET "app.tenant" = 'secret';

-- setting ["", "database"] TimeZone
ALTER DATABASE shop SET timezone = 'Europe/Berlin';
-- undo
ALTER DATABASE shop RESET timezone;

-- setting ["inv_app", "database"] statement_timeout
ALTER ROLE inv_app IN DATABASE shop SET statement_timeout = '1s';
-- undo
ALTER ROLE inv_app IN DATABASE shop RESET statement_timeout;

-- database [] owner
ALTER DATABASE shop OWNER TO inv_owner;
-- undo
ALTER DATABASE shop OWNER TO postgres;

-- database [] privileges
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
-- undo
GRANT CONNECT ON DATABASE shop TO PUBLIC;

-- database [] connection limit
ALTER DATABASE shop CONNECTION LIMIT 50;
-- undo
ALTER DATABASE shop CONNECTION LIMIT -1;

-- schema ["app"] owner
ALTER SCHEMA app OWNER TO inv_group;
-- undo
ALTER SCHEMA app OWNER TO inv_owner;

-- schema ["app"] privileges
REVOKE USAGE ON SCHEMA app FROM inv_app;
-- undo
GRANT USAGE ON SCHEMA app TO inv_app;

-- schema ["Odd; \"schema\""]
ALTER SCHEMA "Odd; ""schema""" RENAME TO aside;
DROP SCHEMA aside CASCADE;
-- undo
CREATE SCHEMA "Odd; ""schema""";
CREATE TABLE "Odd; ""schema"""."T a'b	c
d" ("col $$" integer PRIMARY KEY);

-- default_privileges ["inv_owner", "app", "tables"] privileges
ALTER DEFAULT PRIVILEGES FOR ROLE inv_owner IN SCHEMA app REVOKE SELECT ON TABLES FROM inv_app;
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE inv_owner IN SCHEMA app GRANT SELECT ON TABLES TO inv_app;

-- relation ["app", "cache"] unlogged
ALTER TABLE app.cache SET LOGGED;
-- undo
ALTER TABLE app.cache SET UNLOGGED;

-- relation ["app", "tenants"] row security
ALTER TABLE app.tenants DISABLE ROW LEVEL SECURITY;
-- undo
ALTER TABLE app.tenants ENABLE ROW LEVEL SECURITY;

-- relation ["app", "tenants"] forced row security
ALTER TABLE app.tenants NO FORCE ROW LEVEL SECURITY;
-- undo
ALTER TABLE app.tenants FORCE ROW LEVEL SECURITY;

-- relation ["app", "keyless"] replica identity
ALTER TABLE app.keyless REPLICA IDENTITY DEFAULT;
-- undo
ALTER TABLE app.keyless REPLICA IDENTITY FULL;

-- relation ["app", "customers"] options
ALTER TABLE app.customers SET (fillfactor = 80);
-- undo
ALTER TABLE app.customers SET (fillfactor = 90);

-- relation ["app", "orders"] owner
ALTER TABLE app.orders OWNER TO inv_group;
-- undo
ALTER TABLE app.orders OWNER TO inv_owner;

-- relation ["app", "orders"] privileges
REVOKE INSERT ON app.orders FROM inv_app;
-- undo
GRANT INSERT ON app.orders TO inv_app;

-- relation ["app", "events_rest_1"] partition bound
ALTER TABLE app.events_rest DETACH PARTITION app.events_rest_1;
ALTER TABLE app.events_rest ATTACH PARTITION app.events_rest_1 FOR VALUES FROM (MINVALUE) TO (200);
-- undo
ALTER TABLE app.events_rest DETACH PARTITION app.events_rest_1;
ALTER TABLE app.events_rest ATTACH PARTITION app.events_rest_1 FOR VALUES FROM (MINVALUE) TO (100);

-- relation ["app", "daily"] populated
REFRESH MATERIALIZED VIEW app.daily WITH NO DATA;
-- undo
REFRESH MATERIALIZED VIEW app.daily;

-- relation ["app", "extra"]
CREATE TABLE app.extra (id integer PRIMARY KEY);
-- undo
DROP TABLE app.extra;

-- relation ["app", "names"] definition
CREATE OR REPLACE VIEW app.names AS SELECT name, mail FROM app.customers WHERE mail IS NULL;
-- undo
CREATE OR REPLACE VIEW app.names AS SELECT name, mail FROM app.customers WHERE mail IS NOT NULL;

-- relation ["app", "big_orders"] options
ALTER VIEW app.big_orders RESET (security_barrier);
-- undo
ALTER VIEW app.big_orders SET (security_barrier);

-- relation ["app", "ordered"] column order
ALTER TABLE app.ordered DROP a;
ALTER TABLE app.ordered ADD a integer;
-- undo
ALTER TABLE app.ordered DROP b;
ALTER TABLE app.ordered ADD b integer;

-- column ["app", "cats", "lives"] type
ALTER TABLE app.cats ALTER lives TYPE bigint;
-- undo
ALTER TABLE app.cats ALTER lives TYPE integer;

-- column ["app", "customers", "name"] not null
ALTER TABLE app.customers ALTER name DROP NOT NULL;
-- undo
ALTER TABLE app.customers ALTER name SET NOT NULL;

-- column ["app", "customers", "feeling"] default
ALTER TABLE app.customers ALTER feeling SET DEFAULT 'sad';
-- undo
ALTER TABLE app.customers ALTER feeling SET DEFAULT 'ok';

-- column ["app", "customers", "id"] identity
ALTER TABLE app.customers ALTER id SET GENERATED BY DEFAULT;
-- undo
ALTER TABLE app.customers ALTER id SET GENERATED ALWAYS;

-- column ["app", "orders", "doubled"] generated
ALTER TABLE app.orders ALTER doubled SET EXPRESSION AS (amount * 3);
-- undo
ALTER TABLE app.orders ALTER doubled SET EXPRESSION AS (amount * 2);

-- column ["app", "customers", "note"] storage
ALTER TABLE app.customers ALTER note SET STORAGE MAIN;
-- undo
ALTER TABLE app.customers ALTER note SET STORAGE EXTERNAL;

-- column ["app", "customers", "note"] statistics target
ALTER TABLE app.customers ALTER note SET STATISTICS 60;
-- undo
ALTER TABLE app.customers ALTER note SET STATISTICS 50;

-- column ["app", "customers", "name"] privileges
REVOKE SELECT (name) ON app.customers FROM inv_group;
-- undo
GRANT SELECT (name) ON app.customers TO inv_group WITH GRANT OPTION;

-- constraint ["app", "orders", "loose"] not valid
ALTER TABLE app.orders VALIDATE CONSTRAINT loose;
-- undo
ALTER TABLE app.orders DROP CONSTRAINT loose;
ALTER TABLE app.orders ADD CONSTRAINT loose CHECK (amount > 0) NOT VALID;
COMMENT ON CONSTRAINT loose ON app.orders IS 'since 2020';

-- constraint ["app", "customers", "mail_given"]
ALTER TABLE app.customers DROP CONSTRAINT mail_given;
-- undo
ALTER TABLE app.customers ADD CONSTRAINT mail_given CHECK (mail ~ '@');

-- constraint ["app", "orders", "by_customer"] definition
ALTER TABLE app.orders ALTER CONSTRAINT by_customer NOT DEFERRABLE;
-- undo
ALTER TABLE app.orders ALTER CONSTRAINT by_customer DEFERRABLE INITIALLY DEFERRED;

-- constraint ["app", "keyless", "extra"]
ALTER TABLE app.keyless ADD CONSTRAINT extra CHECK (a > 0);
-- undo
ALTER TABLE app.keyless DROP CONSTRAINT extra;

-- constraint ["app", "orders", "by_customer"] triggers
ALTER TABLE app.orders DISABLE TRIGGER ALL;
ALTER TABLE app.orders ENABLE TRIGGER USER;
-- undo
ALTER TABLE app.orders ENABLE TRIGGER ALL;

-- index ["app", "orders", "orders_amount"]
DROP INDEX app.orders_amount;
-- undo
CREATE INDEX orders_amount ON app.orders (amount DESC NULLS LAST, lower(code::text)) INCLUDE (at) WHERE amount > 10;

-- index ["app", "orders", "orders_amount"] definition
DROP INDEX app.orders_amount;
CREATE INDEX orders_amount ON app.orders (amount DESC NULLS LAST, lower(code::text)) INCLUDE (at) WHERE amount > 11;
-- undo
DROP INDEX app.orders_amount;
CREATE INDEX orders_amount ON app.orders (amount DESC NULLS LAST, lower(code::text)) INCLUDE (at) WHERE amount > 10;

-- index ["app", "customers", "customers_mail"] invalid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.customers_mail'::regclass;
-- undo
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'app.customers_mail'::regclass;

-- index ["app", "orders", "orders_pkey"] clustered
ALTER TABLE app.orders SET WITHOUT CLUSTER;
-- undo
ALTER TABLE app.orders CLUSTER ON orders_pkey;

-- trigger ["app", "customers", "always"] enabled
ALTER TABLE app.customers ENABLE TRIGGER always;
-- undo
ALTER TABLE app.customers ENABLE ALWAYS TRIGGER always;

-- trigger ["app", "customers", "off"] enabled
ALTER TABLE app.customers ENABLE TRIGGER off;
-- undo
ALTER TABLE app.customers DISABLE TRIGGER off;

-- trigger ["app", "orders", "traced"]
DROP TRIGGER traced ON app.orders;
-- undo
CREATE TRIGGER traced BEFORE INSERT OR UPDATE OF amount ON app.orders FOR EACH ROW WHEN (NEW.amount > 5) EXECUTE FUNCTION app.trace('x');

-- event_trigger ["inv_ddl"] enabled
ALTER EVENT TRIGGER inv_ddl ENABLE;
-- undo
ALTER EVENT TRIGGER inv_ddl ENABLE REPLICA;

-- rule ["app", "keyless", "noted"] enabled
ALTER TABLE app.keyless DISABLE RULE noted;
-- undo
ALTER TABLE app.keyless ENABLE RULE noted;

-- policy ["app", "tenants", "own"] using
ALTER POLICY own ON app.tenants USING (true);
-- undo
ALTER POLICY own ON app.tenants USING (tenant = current_user AND EXISTS (SELECT 1 FROM app.customers c WHERE c.name = tenant));

-- policy ["app", "tenants", "own"] roles
ALTER POLICY own ON app.tenants TO PUBLIC;
-- undo
ALTER POLICY own ON app.tenants TO inv_app;

-- policy ["app", "tenants", "never"]
DROP POLICY never ON app.tenants;
-- undo
CREATE POLICY never ON app.tenants AS RESTRICTIVE FOR INSERT WITH CHECK (secret IS NOT NULL);

-- sequence ["app", "numbers"] increment
ALTER SEQUENCE app.numbers INCREMENT 6;
-- undo
ALTER SEQUENCE app.numbers INCREMENT 5;

-- sequence ["app", "numbers"] privileges
REVOKE USAGE ON SEQUENCE app.numbers FROM inv_app;
-- undo
GRANT USAGE ON SEQUENCE app.numbers TO inv_app;

-- sequence ["app", "orders_id_seq"] owned by + sequence ["app", "orders_id_seq"] owner
ALTER SEQUENCE app.orders_id_seq OWNED BY NONE;
-- undo
ALTER SEQUENCE app.orders_id_seq OWNED BY app.orders.id;

-- statistics ["app", "correlated"]
DROP STATISTICS app.correlated;
-- undo
CREATE STATISTICS app.correlated (ndistinct, dependencies) ON customer, code FROM app.orders;

-- function ["app", "twice", "integer"] body
CREATE OR REPLACE FUNCTION app.twice(n integer, OUT result integer) LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT n * 3 $$;
-- undo
CREATE OR REPLACE FUNCTION app.twice(n integer, OUT result integer) LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT n * 2 $$;

-- function ["app", "twice", "integer"] volatility
ALTER FUNCTION app.twice(integer) STABLE;
-- undo
ALTER FUNCTION app.twice(integer) IMMUTABLE;

-- function ["app", "later", "timestamp with time zone, text[]"] settings
ALTER FUNCTION app.later RESET search_path;
-- undo
ALTER FUNCTION app.later SET search_path = app, pg_temp;

-- function ["app", "later", "timestamp with time zone, text[]"] security
ALTER FUNCTION app.later SECURITY INVOKER;
-- undo
ALTER FUNCTION app.later SECURITY DEFINER;

-- function ["app", "twice", "integer"] privileges
GRANT EXECUTE ON FUNCTION app.twice(integer) TO PUBLIC;
-- undo
REVOKE EXECUTE ON FUNCTION app.twice(integer) FROM PUBLIC;

-- type ["app", "mood"] owner
ALTER TYPE app.mood OWNER TO inv_group;
-- undo
ALTER TYPE app.mood OWNER TO inv_owner;

-- type ["app", "positive"] default
ALTER DOMAIN app.positive SET DEFAULT 2;
-- undo
ALTER DOMAIN app.positive SET DEFAULT 1;

-- domain_constraint ["app", "positive", "above"]
ALTER DOMAIN app.positive DROP CONSTRAINT above;
-- undo
ALTER DOMAIN app.positive ADD CONSTRAINT above CHECK (VALUE > 0);

-- cast ["integer", "app.pair"]
DROP CAST (integer AS app.pair);
-- undo
CREATE CAST (integer AS app.pair) WITH FUNCTION app.to_pair(integer) AS ASSIGNMENT;

-- text_search_configuration ["app", "search"] definition
ALTER TEXT SEARCH CONFIGURATION app.search DROP MAPPING FOR word;
-- undo
ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR word WITH app.words, simple;

-- extension ["pg_trgm"] schema + index ["app", "customers", "customers_name"] definition
ALTER EXTENSION pg_trgm SET SCHEMA app;
-- undo
ALTER EXTENSION pg_trgm SET SCHEMA public;

-- foreign_server ["far"] options
ALTER SERVER far OPTIONS (SET host 'near');
-- undo
ALTER SERVER far OPTIONS (SET host 'far');

-- user_mapping ["far", "inv_app"]
DROP USER MAPPING FOR inv_app SERVER far;
-- undo
CREATE USER MAPPING FOR inv_app SERVER far OPTIONS (user 'u', password 'p');

-- comment ["schema", "app"] text
COMMENT ON SCHEMA app IS 'other';
-- undo
COMMENT ON SCHEMA app IS E'two\nlines\tand a \\';

-- password ["inv_app"] kind
ALTER ROLE inv_app PASSWORD NULL;
-- undo
ALTER ROLE inv_app PASSWORD 'x';

-- publication ["inv_other"]
CREATE PUBLICATION inv_other FOR TABLE app.orders;
-- undo
DROP PUBLICATION inv_other;
