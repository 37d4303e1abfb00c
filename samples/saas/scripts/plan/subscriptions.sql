-- The subscriptions, one a slot. publisher_dsn: how the subscriber's server reaches the publisher.
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_email_events') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_email_events
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_email_events
    WITH (create_slot = false, slot_name = 'pgsp_email_events', copy_data = true, enabled = false, streaming = off);
\endif
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_email_messages') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_email_messages
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_email_messages
    WITH (create_slot = false, slot_name = 'pgsp_email_messages', copy_data = true, enabled = false, streaming = off);
\endif
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_sessions') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_sessions
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_sessions
    WITH (create_slot = false, slot_name = 'pgsp_sessions', copy_data = true, enabled = false, streaming = off);
\endif
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_page_views') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_page_views
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_page_views
    WITH (create_slot = false, slot_name = 'pgsp_page_views', copy_data = true, enabled = false, streaming = off);
\endif
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_1') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_shared_1
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_1
    WITH (create_slot = false, slot_name = 'pgsp_shared_1', copy_data = true, enabled = false, streaming = off);
\endif
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_2') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_shared_2
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_2
    WITH (create_slot = false, slot_name = 'pgsp_shared_2', copy_data = true, enabled = false, streaming = off);
\endif
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_3') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_shared_3
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_3
    WITH (create_slot = false, slot_name = 'pgsp_shared_3', copy_data = true, enabled = false, streaming = off);
\endif
SELECT NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database() AND s.subname = 'pgsp_shared_4') AS is_missing \gset
\if :is_missing
CREATE SUBSCRIPTION pgsp_shared_4
    CONNECTION :'publisher_dsn'
    PUBLICATION pgsp_shared_4
    WITH (create_slot = false, slot_name = 'pgsp_shared_4', copy_data = true, enabled = false, streaming = off);
\endif
