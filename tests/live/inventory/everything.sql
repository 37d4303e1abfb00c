-- One of every kind of object that a database holds, for 13 and later. Run as a superuser in an empty database.
SET client_min_messages = warning; SET search_path = public;
CREATE ROLE inv_app LOGIN PASSWORD 'x' CONNECTION LIMIT 20; CREATE ROLE inv_group NOLOGIN CREATEDB; CREATE ROLE inv_owner NOLOGIN NOINHERIT;
ALTER ROLE inv_app VALID UNTIL '2035-01-01 00:00+00';
GRANT inv_group TO inv_app; GRANT inv_owner TO inv_app WITH ADMIN OPTION; GRANT pg_monitor TO inv_group;
ALTER ROLE inv_app SET search_path = app, public; ALTER ROLE inv_app SET "app.tenant" = 'secret';
CREATE SCHEMA app AUTHORIZATION inv_owner; CREATE SCHEMA "Odd; ""schema""";
GRANT USAGE ON SCHEMA app TO inv_app; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE inv_owner IN SCHEMA app GRANT SELECT ON TABLES TO inv_app;
ALTER DEFAULT PRIVILEGES FOR ROLE inv_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION pg_trgm; CREATE EXTENSION postgres_fdw;
CREATE COLLATION app.rough (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE COLLATION app.plain FROM "C";
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE app.pair AS (a integer, b text COLLATE "C");
CREATE DOMAIN app.positive AS integer DEFAULT 1 NOT NULL CONSTRAINT above CHECK (VALUE > 0);
CREATE TYPE app.span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE FUNCTION app.twice(n integer, OUT result integer) LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT n * 2 $$;
CREATE FUNCTION app.later(at timestamptz DEFAULT '2020-01-02 03:04+00', VARIADIC rest text[] DEFAULT '{}') RETURNS SETOF text
  LANGUAGE plpgsql STABLE SECURITY DEFINER COST 10 ROWS 5 SET search_path = app, pg_temp AS $$ BEGIN RETURN QUERY SELECT unnest(rest); END $$;
CREATE PROCEDURE app.work(INOUT n integer) LANGUAGE plpgsql AS $$ BEGIN n := n + 1; END $$;
CREATE FUNCTION app.trace() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE FUNCTION app.same(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).a = ($2).a $$;
CREATE OPERATOR app.=== (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same, COMMUTATOR = OPERATOR(app.===), RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE FUNCTION app.to_pair(integer) RETURNS app.pair LANGUAGE sql IMMUTABLE AS $$ SELECT ROW($1, '')::app.pair $$;
CREATE CAST (integer AS app.pair) WITH FUNCTION app.to_pair(integer) AS ASSIGNMENT;
CREATE FUNCTION app.mood_cmp(app.mood, app.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 0 $$;
CREATE OPERATOR FAMILY app.moods USING hash;
CREATE OPERATOR CLASS app.int_odd FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY app.words (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION app.search (PARSER = pg_catalog."default"); ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR asciiword, word WITH app.words, simple;
CREATE SEQUENCE app.numbers AS integer INCREMENT 5 MINVALUE 10 MAXVALUE 1000 START 20 CACHE 3 CYCLE;
CREATE TABLE app.customers (id bigint GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 2) PRIMARY KEY, name varchar(40) COLLATE "C" NOT NULL,
  mail text CONSTRAINT mail_given CHECK (mail ~ '@'), since date DEFAULT '2001-02-03', feeling app.mood DEFAULT 'ok', n app.positive,
  born timestamp DEFAULT (now() AT TIME ZONE 'UTC'), pairs app.pair, tags hstore, note text) WITH (fillfactor = 90, autovacuum_enabled = false);
ALTER TABLE app.customers ALTER note SET STORAGE EXTERNAL, ALTER note SET STATISTICS 50; ALTER TABLE app.customers DROP COLUMN since;
CREATE TABLE app.orders (id serial PRIMARY KEY, customer bigint NOT NULL CONSTRAINT by_customer REFERENCES app.customers ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  at timestamptz NOT NULL DEFAULT now(), amount numeric(12, 2), doubled numeric GENERATED ALWAYS AS (amount * 2) STORED, during tstzrange,
  code integer DEFAULT nextval('app.numbers'), UNIQUE (customer, at), EXCLUDE USING gist (during WITH &&));
ALTER TABLE app.orders ADD CONSTRAINT loose CHECK (amount > 0) NOT VALID;
CREATE INDEX orders_amount ON app.orders (amount DESC NULLS LAST, lower(code::text)) INCLUDE (at) WHERE amount > 10;
CREATE INDEX customers_name ON app.customers USING gin (name gin_trgm_ops); CREATE UNIQUE INDEX customers_mail ON app.customers (mail text_pattern_ops);
CREATE UNIQUE INDEX orders_identity ON app.orders (customer, id, at); ALTER TABLE app.orders REPLICA IDENTITY USING INDEX orders_identity; ALTER TABLE app.orders CLUSTER ON orders_pkey;
CREATE TABLE app.events (id bigint NOT NULL, kind text NOT NULL, payload json, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE app.events_a PARTITION OF app.events FOR VALUES IN ('a'); CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT PARTITION BY RANGE (id);
CREATE TABLE app.events_rest_1 PARTITION OF app.events_rest FOR VALUES FROM (MINVALUE) TO (100); CREATE INDEX ON app.events (id);
CREATE TABLE app.animals (id integer PRIMARY KEY, note text); CREATE TABLE app.cats (lives integer DEFAULT 9) INHERITS (app.animals);
CREATE UNLOGGED TABLE app.cache (key text, value text); CREATE TABLE app.typed OF app.pair;
CREATE TABLE app.ordered (a integer, b integer);
CREATE TABLE app.keyless (a integer, b integer); ALTER TABLE app.keyless REPLICA IDENTITY FULL;
CREATE TABLE app.tenants (tenant text, secret text); ALTER TABLE app.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON app.tenants FOR SELECT TO inv_app USING (tenant = current_user AND EXISTS (SELECT 1 FROM app.customers c WHERE c.name = tenant));
CREATE POLICY never ON app.tenants AS RESTRICTIVE FOR INSERT WITH CHECK (secret IS NOT NULL);
CREATE STATISTICS app.correlated (ndistinct, dependencies) ON customer, code FROM app.orders;
CREATE VIEW app.big_orders WITH (security_barrier) AS SELECT o.id, o.amount, app.twice(o.code) AS twice FROM app.orders o WHERE o.amount > 100 ORDER BY o.id;
CREATE VIEW app.names AS SELECT name, mail FROM app.customers WHERE mail IS NOT NULL;
CREATE VIEW app.sums AS SELECT c.name, sum(o.amount) AS total, (SELECT max(x.at) FROM app.orders x WHERE x.customer = c.id) AS last
  FROM app.customers c LEFT JOIN app.orders o ON o.customer = c.id GROUP BY c.id, c.name;
CREATE MATERIALIZED VIEW app.daily AS SELECT date_trunc('day', at) AS day, count(*) AS n FROM app.orders GROUP BY 1; CREATE UNIQUE INDEX daily_day ON app.daily (day);
CREATE RULE quiet AS ON DELETE TO app.names DO INSTEAD NOTHING; CREATE RULE noted AS ON UPDATE TO app.keyless DO ALSO INSERT INTO app.cache VALUES (OLD.a::text, NEW.b::text);
CREATE TRIGGER traced BEFORE INSERT OR UPDATE OF amount ON app.orders FOR EACH ROW WHEN (NEW.amount > 5) EXECUTE FUNCTION app.trace('x');
CREATE TRIGGER always BEFORE INSERT ON app.customers FOR EACH ROW EXECUTE FUNCTION app.trace(); ALTER TABLE app.customers ENABLE ALWAYS TRIGGER always;
CREATE TRIGGER off BEFORE DELETE ON app.customers FOR EACH ROW EXECUTE FUNCTION app.trace(); ALTER TABLE app.customers DISABLE TRIGGER off;
CREATE TRIGGER leaves AFTER INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.trace();
CREATE EVENT TRIGGER inv_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION app.on_ddl(); ALTER EVENT TRIGGER inv_ddl ENABLE REPLICA;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far', dbname 'x'); CREATE USER MAPPING FOR inv_app SERVER far OPTIONS (user 'u', password 'p');
CREATE FOREIGN TABLE app.remote (a integer OPTIONS (column_name 'b')) SERVER far OPTIONS (table_name 't');
GRANT SELECT, INSERT ON app.orders TO inv_app; GRANT SELECT (name), UPDATE (mail) ON app.customers TO inv_group WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE app.numbers TO inv_app; REVOKE EXECUTE ON FUNCTION app.twice(integer) FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.twice(integer) TO inv_app;
GRANT ALL ON app.keyless TO inv_app; REVOKE USAGE ON TYPE app.mood FROM PUBLIC; GRANT USAGE ON FOREIGN SERVER far TO inv_app;
ALTER TABLE app.orders OWNER TO inv_owner; ALTER FUNCTION app.trace() OWNER TO inv_owner; ALTER VIEW app.names OWNER TO inv_owner; ALTER TYPE app.mood OWNER TO inv_owner;
COMMENT ON TABLE app.orders IS 'what was ordered'; COMMENT ON COLUMN app.orders.amount IS 'gross'; COMMENT ON FUNCTION app.twice(integer) IS 'doubles';
COMMENT ON CONSTRAINT loose ON app.orders IS 'since 2020'; COMMENT ON SCHEMA app IS E'two\nlines\tand a \\';
CREATE TABLE "Odd; ""schema"""."T a'b	c
d" ("col $$" integer PRIMARY KEY);
CREATE TEXT SEARCH TEMPLATE app.plain (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH PARSER app.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE ACCESS METHOD inv_heap TYPE TABLE HANDLER heap_tableam_handler;
