-- A made-up application with what breaks simple estimates: TOAST of both kinds, GIN, seven indexes, HOT sessions, a queue,
-- ON CONFLICT, COPY, REPLICA IDENTITY FULL, partitions, foreign keys, bulk deletes.
CREATE SCHEMA app;
CREATE TABLE app.accounts (id serial PRIMARY KEY, name text NOT NULL, plan text, at timestamptz DEFAULT now());
CREATE TABLE app.sessions (id int PRIMARY KEY, account int, seen timestamptz, hits int, agent text) WITH (fillfactor = 60);
CREATE TABLE app.contacts (id bigserial PRIMARY KEY, account int REFERENCES app.accounts, email text, first text, last text, city text,
                           phone text, attributes jsonb, at timestamptz DEFAULT now());
CREATE INDEX ON app.contacts (account); CREATE INDEX ON app.contacts (email); CREATE INDEX ON app.contacts (last, first);
CREATE INDEX ON app.contacts (city); CREATE INDEX ON app.contacts (at); CREATE INDEX ON app.contacts USING gin (attributes);
CREATE TABLE app.tags (id int PRIMARY KEY, name text);
CREATE TABLE app.contact_tags (contact bigint REFERENCES app.contacts ON DELETE CASCADE, tag int REFERENCES app.tags, PRIMARY KEY (contact, tag));
CREATE TABLE app.orders (id bigserial PRIMARY KEY, account int REFERENCES app.accounts, total numeric(10, 2), state text, at timestamptz DEFAULT now());
CREATE INDEX ON app.orders (account, at);
CREATE TABLE app.order_lines (order_id bigint REFERENCES app.orders, line int, sku text, quantity int, price numeric(8, 2), PRIMARY KEY (order_id, line));
CREATE TABLE app.jobs (id bigserial PRIMARY KEY, queue text, payload jsonb, state text DEFAULT 'new', run_at timestamptz DEFAULT now());
CREATE INDEX ON app.jobs (queue, run_at) WHERE state = 'new';
CREATE TABLE app.counters (key text PRIMARY KEY, value bigint);
CREATE TABLE app.rate_limits (account int, slot int, hits int, PRIMARY KEY (account, slot));
CREATE TABLE app.metrics (day date, account int, name text, value float8, PRIMARY KEY (day, account, name)) PARTITION BY RANGE (day);
CREATE TABLE app.events (id bigserial, account int, kind text, body text, at timestamptz DEFAULT now(), PRIMARY KEY (id)) PARTITION BY HASH (id);
DO $$ BEGIN
    FOR d IN 0..5 LOOP
        EXECUTE format('CREATE TABLE app.metrics_%s PARTITION OF app.metrics FOR VALUES FROM (%L) TO (%L)', d, date '2026-01-01' + d, date '2026-01-02' + d);
    END LOOP;
    FOR h IN 0..7 LOOP
        EXECUTE format('CREATE TABLE app.events_%s PARTITION OF app.events FOR VALUES WITH (MODULUS 8, REMAINDER %s)', h, h);
    END LOOP;
    FOR l IN 0..9 LOOP
        EXECUTE format('CREATE TABLE app.lookup_%s (id int PRIMARY KEY, v text); INSERT INTO app.lookup_%s SELECT g, ''v'' FROM generate_series(1, 100) g', l, l);
    END LOOP;
END $$;
CREATE TABLE app.posts (id bigserial PRIMARY KEY, account int, title text, body text, at timestamptz DEFAULT now());
ALTER TABLE app.posts ALTER body SET STORAGE EXTERNAL;
CREATE TABLE app.documents (id int PRIMARY KEY, account int, version int, content jsonb);
CREATE TABLE app.settings (account int, key text, value text, at timestamptz);
ALTER TABLE app.settings REPLICA IDENTITY FULL;
CREATE INDEX ON app.settings (account);
CREATE TABLE app.outbox (id bigserial PRIMARY KEY, topic text, body text);

INSERT INTO app.accounts (name, plan) SELECT 'account ' || g, 'basic' FROM generate_series(1, 500) g;
INSERT INTO app.sessions SELECT g, g % 500 + 1, now(), 0, 'Mozilla/5.0 (X11; Linux x86_64) ' || md5(g::text) FROM generate_series(1, 3000) g;
INSERT INTO app.contacts (account, email, first, last, city, phone, attributes)
    SELECT g % 500 + 1, md5(g::text) || '@example.org', 'first' || g % 300, 'last' || g % 2000, 'city' || g % 50, '+49 30 ' || g,
           jsonb_build_object('source', 'web', 'score', g % 100, 'lists', jsonb_build_array('a' || g % 7, 'b' || g % 11), 'note', 'n' || g)
      FROM generate_series(1, 5000) g;
INSERT INTO app.tags SELECT g, 'tag ' || g FROM generate_series(1, 40) g;
INSERT INTO app.contact_tags SELECT g, g % 40 + 1 FROM generate_series(1, 2000) g;
INSERT INTO app.orders (account, total, state) SELECT g % 500 + 1, 10, 'paid' FROM generate_series(1, 2000) g;
INSERT INTO app.order_lines SELECT g, n, 'sku-' || g % 900, 2, 9.99 FROM generate_series(1, 2000) g, generate_series(1, 3) n;
INSERT INTO app.jobs (queue, payload) SELECT 'mail', jsonb_build_object('to', md5(g::text), 'template', 'welcome') FROM generate_series(1, 300) g;
INSERT INTO app.counters SELECT 'counter ' || g, 0 FROM generate_series(1, 200) g;
INSERT INTO app.rate_limits SELECT a, s, 0 FROM generate_series(1, 500) a, generate_series(1, 4) s;
INSERT INTO app.metrics SELECT date '2026-01-01' + d, a, 'm' || n, 0 FROM generate_series(0, 5) d, generate_series(1, 100) a, generate_series(1, 3) n;
INSERT INTO app.events (account, kind, body) SELECT g % 500, 'page', repeat('b', 40 + g % 40) FROM generate_series(1, 8000) g;
INSERT INTO app.posts (account, title, body) SELECT g, 'title ' || g, (SELECT string_agg(md5(g::text || n), '') FROM generate_series(1, 150) n) FROM generate_series(1, 100) g;
INSERT INTO app.documents SELECT g, g, 1, jsonb_build_object('blocks', (SELECT jsonb_agg(jsonb_build_object('type', 'paragraph', 'text', 'lorem ipsum dolor sit ' || md5((g * n % 50)::text))) FROM generate_series(1, 120) n)) FROM generate_series(1, 300) g;
INSERT INTO app.settings SELECT a, 'key ' || k, md5(a::text), now() FROM generate_series(1, 300) a, generate_series(1, 4) k;
COPY (SELECT 1 + g % 500, md5('c' || g) || '@example.com', 'first' || g % 300, 'last' || g % 2000, 'city' || g % 50, '+49 40 ' || g,
             jsonb_build_object('source', 'import', 'score', g % 100, 'lists', jsonb_build_array('a' || g % 7), 'note', 'i' || g)
        FROM generate_series(1, 2000) g) TO '@folder@/import.copy';

CREATE FUNCTION app.touch_session() RETURNS void LANGUAGE sql AS $$
    UPDATE app.sessions SET hits = hits + 1, seen = now() WHERE id = 1 + floor(random() * 2999)::int $$;
CREATE FUNCTION app.place_order() RETURNS void LANGUAGE plpgsql AS $$
DECLARE o bigint; a int := 1 + floor(random() * 500); BEGIN
    INSERT INTO app.orders (account, total, state) VALUES (a, 100 * random(), 'new') RETURNING id INTO o;
    INSERT INTO app.order_lines SELECT o, n, 'sku-' || floor(random() * 900), 1 + n, 9.99 FROM generate_series(1, 1 + floor(random() * 5)::int) n;
    UPDATE app.orders SET state = 'paid' WHERE id = o;
    INSERT INTO app.outbox (topic, body) VALUES ('order', 'order ' || o || ' of account ' || a);
END $$;
CREATE FUNCTION app.enqueue() RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.jobs (queue, payload) VALUES ('mail', jsonb_build_object('to', md5(random()::text), 'template', 'welcome', 'priority', 5)) $$;
CREATE FUNCTION app.work() RETURNS void LANGUAGE plpgsql AS $$
DECLARE j bigint; BEGIN
    SELECT id INTO j FROM app.jobs WHERE queue = 'mail' AND state = 'new' ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    UPDATE app.jobs SET state = 'done' WHERE id = j;
    DELETE FROM app.jobs WHERE id = j - 200;
END $$;
CREATE FUNCTION app.count_up() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO app.counters VALUES ('counter ' || floor(random() * 260)::int, 1) ON CONFLICT (key) DO UPDATE SET value = counters.value + 1;
    INSERT INTO app.rate_limits VALUES (1 + floor(random() * 500)::int, 1 + floor(random() * 6)::int, 1)
        ON CONFLICT (account, slot) DO UPDATE SET hits = rate_limits.hits + 1;
END $$;
CREATE FUNCTION app.measure() RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.metrics SELECT date '2026-01-01' + floor(random() * random() * 6)::int, 1 + floor(random() * 150)::int, 'm' || floor(random() * 4), random()
        ON CONFLICT (day, account, name) DO UPDATE SET value = metrics.value + excluded.value $$;
CREATE FUNCTION app.log_event() RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.events (account, kind, body) SELECT 1, 'click', repeat('e', 30 + floor(random() * 60)::int) FROM generate_series(1, 2) $$;
CREATE FUNCTION app.edit_setting() RETURNS void LANGUAGE plpgsql AS $$
DECLARE a int := 1 + floor(random() * 300); BEGIN
    UPDATE app.settings SET value = md5(random()::text), at = now() WHERE account = a AND key = 'key 2';
    DELETE FROM app.settings WHERE account = a AND key = 'key 3';
    INSERT INTO app.settings VALUES (a, 'key 3', md5(random()::text), now());
END $$;
CREATE FUNCTION app.look_up() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('UPDATE app.lookup_%s SET v = %L WHERE id = %s', floor(random() * 10), random(), 1 + floor(random() * 99)); END $$;
CREATE FUNCTION app.post() RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.posts (account, title, body) VALUES (7, 'a title', (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 60 + floor(random() * 200)::int))) $$;
CREATE FUNCTION app.save_document() RETURNS void LANGUAGE sql AS $$
    UPDATE app.documents SET version = version + 1, content = jsonb_build_object('blocks',
        (SELECT jsonb_agg(jsonb_build_object('type', 'paragraph', 'text', 'lorem ipsum dolor sit ' || md5((documents.version * n % 50)::text))) FROM generate_series(1, 150) n))
     WHERE id = 1 + floor(random() * 299)::int $$;
CREATE FUNCTION app.import() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    COPY app.contacts (account, email, first, last, city, phone, attributes) FROM '@folder@/import.copy'; END $$;
CREATE FUNCTION app.edit_contact() RETURNS void LANGUAGE sql AS $$
    UPDATE app.contacts SET attributes = attributes || jsonb_build_object('score', floor(random() * 1000)), at = now() WHERE id = 1 + floor(random() * 4999)::int $$;
CREATE FUNCTION app.tag_contact() RETURNS void LANGUAGE sql AS $$
    INSERT INTO app.contact_tags VALUES (1 + floor(random() * 4999)::int, 1 + floor(random() * 40)::int) ON CONFLICT DO NOTHING $$;
CREATE FUNCTION app.clean_up() RETURNS void LANGUAGE plpgsql AS $$
DECLARE e bigint; BEGIN
    SELECT min(id) INTO e FROM app.events;
    DELETE FROM app.events WHERE id < e + 3000;
    DELETE FROM app.outbox WHERE id <= (SELECT min(id) + 500 FROM app.outbox);
END $$;
