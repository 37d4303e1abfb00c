-- lib/compare_publisher.sql: Reads digests or rows of the publisher's tables and waits until the slots have passed them.
-- phase verify, on the publisher, for plan ce18d3be0f21232089f30bf0b117d503bc80e9a2f69b4a086124cbedad942dfd
-- Run: psql -X -v ON_ERROR_STOP=1 -d "$PGSLOTPLAN_PUBLISHER" -v task="$TASK" -v slot="$SLOT" -v mode="$MODE" -v out="$OUT" -v chunk_rows="$CHUNK_ROWS" -v batch_seconds="$BATCH_SECONDS" -v wait_seconds="$WAIT_SECONDS" -f lib/compare_publisher.sql
-- Variable task (needed): digest, rows or again
-- Variable slot (needed): the slot whose tables are compared
-- Variable mode (needed): live or at_rest
-- Variable out (needed): the file to write; also with .next, .found and .status after it
-- Variable chunk_rows (needed): rows read by one digest
-- Variable batch_seconds (needed): how long one run reads before it says where to go on
-- Variable wait_seconds (needed): how long the slots may take to pass what was read

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\if :{?task}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable task is not set', HINT = 'Run psql with -v task="...": digest, rows or again';
END
$pgslotplan$;
\endif
\if :{?slot}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable slot is not set', HINT = 'Run psql with -v slot="...": the slot whose tables are compared';
END
$pgslotplan$;
\endif
\if :{?mode}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable mode is not set', HINT = 'Run psql with -v mode="...": live or at_rest';
END
$pgslotplan$;
\endif
\if :{?out}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable out is not set', HINT = 'Run psql with -v out="...": the file to write; also with .next, .found and .status after it';
END
$pgslotplan$;
\endif
\if :{?chunk_rows}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable chunk_rows is not set', HINT = 'Run psql with -v chunk_rows="...": rows read by one digest';
END
$pgslotplan$;
\endif
\if :{?batch_seconds}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable batch_seconds is not set', HINT = 'Run psql with -v batch_seconds="...": how long one run reads before it says where to go on';
END
$pgslotplan$;
\endif
\if :{?wait_seconds}
\else
DO $pgslotplan$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'psql variable wait_seconds is not set', HINT = 'Run psql with -v wait_seconds="...": how long the slots may take to pass what was read';
END
$pgslotplan$;
\endif

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog, pg_temp;
SET client_min_messages = warning;
SET application_name = 'pgslotplan';
SET pgslotplan.ddl = on;
SET default_transaction_read_only = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET quote_all_identifiers = off;
SET check_function_bodies = on;
SET lock_timeout = '5s';
SET statement_timeout = '15min';
SET idle_in_transaction_session_timeout = '5min';

DO $pgslotplan$
DECLARE
  found_marker boolean;
BEGIN
  IF current_setting('server_version_num')::integer / 10000 <> 13 THEN
    RAISE EXCEPTION USING MESSAGE = 'this file is for a publisher of major version 13, but the server is '
        || current_setting('server_version'),
      HINT = 'Run it on the publisher, or plan again for its version.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING MESSAGE = 'the server is a standby', HINT = 'Run this file on the primary server.';
  END IF;
  IF current_database() <> 'kajabi_production' THEN
    RAISE EXCEPTION USING MESSAGE = format('the plan is for database %I, but this is database %I', 'kajabi_production', current_database()),
      HINT = 'Run this file in the planned database of the publisher.';
  END IF;
  IF to_regclass('pgslotplan.plan') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.plan WHERE prefix = $1)' INTO found_marker USING 'pgsp';
    IF found_marker THEN
      RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of the plan', HINT = 'This file is for the publisher.';
    END IF;
  END IF;
  IF to_regclass('pgslotplan.bootstrap') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pgslotplan.bootstrap WHERE prefix = $1)' INTO found_marker USING 'pgsp';
    IF found_marker THEN
      RAISE EXCEPTION USING MESSAGE = 'this is the subscriber of the plan', HINT = 'This file is for the publisher.';
    END IF;
  END IF;
END
$pgslotplan$;

SET pgslotplan.slot = :'slot';
SET pgslotplan.mode = :'mode';
SET pgslotplan.chunk_rows = :'chunk_rows';
SET pgslotplan.batch_seconds = :'batch_seconds';
SET pgslotplan.wait_seconds = :'wait_seconds';

SELECT :'mode' = 'final' AS is_final
\gset
\if :is_final
BEGIN;
\endif

CREATE TEMP TABLE planned_table AS SELECT * FROM (VALUES
        (0, 'public', 'account2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (1, 'public', 'account2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (2, 'public', 'account2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (3, 'public', 'account3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (4, 'public', 'account3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (5, 'public', 'account_addresses', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (6, 'public', 'account_addresses_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (7, 'public', 'account_comments', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (8, 'public', 'account_comments_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (9, 'public', 'account_events', true, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (10, 'public', 'account_events_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (11, 'public', 'account_events_3', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (12, 'public', 'account_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (13, 'public', 'account_files_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (14, 'public', 'account_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (15, 'public', 'account_history_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (16, 'public', 'account_history_3', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (17, 'public', 'account_items', true, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (18, 'public', 'account_items_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (19, 'public', 'account_items_3', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (20, 'public', 'account_jobs', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (21, 'public', 'account_jobs_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (22, 'public', 'account_limits', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (23, 'public', 'account_limits_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (24, 'public', 'account_links', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (25, 'public', 'account_links_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (26, 'public', 'account_logs', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (27, 'public', 'account_logs_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (28, 'public', 'account_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (29, 'public', 'account_members_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (30, 'public', 'account_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (31, 'public', 'account_notes_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (32, 'public', 'account_notes_3', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (33, 'public', 'account_rules', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (34, 'public', 'account_rules_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (35, 'public', 'account_settings', true, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (36, 'public', 'account_settings_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (37, 'public', 'account_settings_3', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (38, 'public', 'account_sources', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (39, 'public', 'account_sources_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (40, 'public', 'account_stats', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (41, 'public', 'account_stats_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (42, 'public', 'account_steps', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (43, 'public', 'account_steps_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (44, 'public', 'account_tags', true, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (45, 'public', 'account_tags_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (46, 'public', 'account_tags_3', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (47, 'public', 'account_tokens', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (48, 'public', 'account_tokens_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (49, 'public', 'account_versions', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (50, 'public', 'account_versions_2', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (51, 'public', 'accounts', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (52, 'public', 'asset2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (53, 'public', 'asset2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (54, 'public', 'asset_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (55, 'public', 'asset_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (56, 'public', 'asset_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (57, 'public', 'asset_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (58, 'public', 'asset_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (59, 'public', 'assets', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (60, 'public', 'booking2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (61, 'public', 'booking2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (62, 'public', 'booking_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (63, 'public', 'booking_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (64, 'public', 'booking_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (65, 'public', 'bookings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (66, 'public', 'campaign2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (67, 'public', 'campaign2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (68, 'public', 'campaign2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (69, 'public', 'campaign3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (70, 'public', 'campaign3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (71, 'public', 'campaign_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (72, 'public', 'campaign_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (73, 'public', 'campaign_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (74, 'public', 'campaign_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (75, 'public', 'campaign_jobs', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (76, 'public', 'campaign_links', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (77, 'public', 'campaign_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (78, 'public', 'campaign_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (79, 'public', 'campaign_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (80, 'public', 'campaign_stats', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (81, 'public', 'campaign_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (82, 'public', 'campaigns', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (83, 'public', 'contact2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (84, 'public', 'contact2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (85, 'public', 'contact2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (86, 'public', 'contact3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (87, 'public', 'contact3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (88, 'public', 'contact_activities', false, ARRAY[]::text[], ARRAY['pgsp_contact_activities']::text[]),
        (89, 'public', 'contact_comments', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (90, 'public', 'contact_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (91, 'public', 'contact_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (92, 'public', 'contact_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (93, 'public', 'contact_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (94, 'public', 'contact_jobs', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (95, 'public', 'contact_links', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (96, 'public', 'contact_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (97, 'public', 'contact_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (98, 'public', 'contact_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (99, 'public', 'contact_stats', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (100, 'public', 'contact_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (101, 'public', 'contact_versions', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (102, 'public', 'contacts', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (103, 'public', 'course2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (104, 'public', 'course2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (105, 'public', 'course_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (106, 'public', 'course_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (107, 'public', 'course_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (108, 'public', 'course_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (109, 'public', 'courses', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (110, 'public', 'device2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (111, 'public', 'device2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (112, 'public', 'device_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (113, 'public', 'device_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (114, 'public', 'device_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (115, 'public', 'device_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (116, 'public', 'devices', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (117, 'public', 'email_events', false, ARRAY[]::text[], ARRAY['pgsp_email_events']::text[]),
        (118, 'public', 'email_message_parts', false, ARRAY[]::text[], ARRAY['pgsp_email_messages']::text[]),
        (119, 'public', 'email_messages', false, ARRAY[]::text[], ARRAY['pgsp_email_messages']::text[]),
        (120, 'public', 'invoice2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (121, 'public', 'invoice2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (122, 'public', 'invoice2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (123, 'public', 'invoice3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (124, 'public', 'invoice3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (125, 'public', 'invoice_comments', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (126, 'public', 'invoice_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (127, 'public', 'invoice_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (128, 'public', 'invoice_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (129, 'public', 'invoice_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (130, 'public', 'invoice_jobs', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (131, 'public', 'invoice_links', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (132, 'public', 'invoice_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (133, 'public', 'invoice_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (134, 'public', 'invoice_rules', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (135, 'public', 'invoice_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (136, 'public', 'invoice_stats', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (137, 'public', 'invoice_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (138, 'public', 'invoice_tokens', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (139, 'public', 'invoice_versions', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (140, 'public', 'invoices', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (141, 'public', 'listing2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (142, 'public', 'listing2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (143, 'public', 'listing_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (144, 'public', 'listing_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (145, 'public', 'listing_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (146, 'public', 'listings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (147, 'public', 'message2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (148, 'public', 'message2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (149, 'public', 'message2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (150, 'public', 'message3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (151, 'public', 'message3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (152, 'public', 'message_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (153, 'public', 'message_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (154, 'public', 'message_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (155, 'public', 'message_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (156, 'public', 'message_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (157, 'public', 'message_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (158, 'public', 'message_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (159, 'public', 'message_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (160, 'public', 'messages', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (161, 'public', 'order2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (162, 'public', 'order2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (163, 'public', 'order2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (164, 'public', 'order3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (165, 'public', 'order3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (166, 'public', 'order_addresses', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (167, 'public', 'order_comments', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (168, 'public', 'order_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (169, 'public', 'order_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (170, 'public', 'order_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (171, 'public', 'order_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (172, 'public', 'order_jobs', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (173, 'public', 'order_limits', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (174, 'public', 'order_links', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (175, 'public', 'order_logs', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (176, 'public', 'order_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (177, 'public', 'order_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (178, 'public', 'order_rules', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (179, 'public', 'order_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (180, 'public', 'order_stats', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (181, 'public', 'order_steps', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (182, 'public', 'order_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (183, 'public', 'order_tokens', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (184, 'public', 'order_versions', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (185, 'public', 'orders', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (186, 'public', 'page_views', false, ARRAY[]::text[], ARRAY['pgsp_shared_1']::text[]),
        (187, 'public', 'patient2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (188, 'public', 'patient2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (189, 'public', 'patient_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (190, 'public', 'patient_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (191, 'public', 'patients', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (192, 'public', 'payment2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (193, 'public', 'payment2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (194, 'public', 'payment2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (195, 'public', 'payment3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (196, 'public', 'payment3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (197, 'public', 'payment_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (198, 'public', 'payment_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (199, 'public', 'payment_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (200, 'public', 'payment_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (201, 'public', 'payment_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (202, 'public', 'payment_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (203, 'public', 'payments', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (204, 'public', 'policy2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (205, 'public', 'policy2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (206, 'public', 'policy_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (207, 'public', 'policy_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (208, 'public', 'policy_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (209, 'public', 'policys', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (210, 'public', 'product2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (211, 'public', 'product2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (212, 'public', 'product2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (213, 'public', 'product3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (214, 'public', 'product3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (215, 'public', 'product_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (216, 'public', 'product_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (217, 'public', 'product_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (218, 'public', 'product_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (219, 'public', 'product_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (220, 'public', 'product_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (221, 'public', 'product_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (222, 'public', 'products', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (223, 'public', 'project2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (224, 'public', 'project2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (225, 'public', 'project_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (226, 'public', 'project_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (227, 'public', 'project_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (228, 'public', 'project_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (229, 'public', 'project_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (230, 'public', 'projects', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (231, 'public', 'report2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (232, 'public', 'report2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (233, 'public', 'report_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (234, 'public', 'report_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (235, 'public', 'report_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (236, 'public', 'report_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (237, 'public', 'report_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (238, 'public', 'reports', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (239, 'public', 'sensor2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (240, 'public', 'sensor2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (241, 'public', 'sensor_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (242, 'public', 'sensor_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (243, 'public', 'sensors', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (244, 'public', 'session2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (245, 'public', 'session2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (246, 'public', 'session_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (247, 'public', 'session_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (248, 'public', 'session_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (249, 'public', 'session_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (250, 'public', 'sessions', false, ARRAY[]::text[], ARRAY['pgsp_sessions']::text[]),
        (251, 'public', 'shipment2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (252, 'public', 'shipment2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (253, 'public', 'shipment3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (254, 'public', 'shipment3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (255, 'public', 'shipment_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (256, 'public', 'shipment_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (257, 'public', 'shipment_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (258, 'public', 'shipment_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (259, 'public', 'shipment_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (260, 'public', 'shipments', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (261, 'public', 'survey2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (262, 'public', 'survey2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (263, 'public', 'survey_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (264, 'public', 'survey_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (265, 'public', 'survey_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (266, 'public', 'surveys', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (267, 'public', 'ticket2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (268, 'public', 'ticket2_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (269, 'public', 'ticket2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (270, 'public', 'ticket3_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (271, 'public', 'ticket3s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (272, 'public', 'ticket_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (273, 'public', 'ticket_files', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (274, 'public', 'ticket_history', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (275, 'public', 'ticket_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (276, 'public', 'ticket_members', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (277, 'public', 'ticket_notes', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (278, 'public', 'ticket_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (279, 'public', 'ticket_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (280, 'public', 'tickets', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (281, 'public', 'vehicle2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (282, 'public', 'vehicle2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (283, 'public', 'vehicle_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (284, 'public', 'vehicle_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (285, 'public', 'vehicles', false, ARRAY[]::text[], ARRAY['pgsp_shared_4']::text[]),
        (286, 'public', 'webhook2_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (287, 'public', 'webhook2s', false, ARRAY[]::text[], ARRAY['pgsp_shared_3']::text[]),
        (288, 'public', 'webhook_events', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (289, 'public', 'webhook_items', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (290, 'public', 'webhook_settings', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (291, 'public', 'webhook_tags', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[]),
        (292, 'public', 'webhooks', false, ARRAY[]::text[], ARRAY['pgsp_shared_2']::text[])) AS planned(number, schema_name, table_name, is_only, columns, slots);

-- What both sides compute with. Everything is temporary. Names travel as text[] in CSV and are quoted by format(%I) only.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
SET xmloption = 'content';
SET lc_monetary = 'C';
SET statement_timeout = 0;
-- the unordered digests below need no sorting; what is sorted is the key, by its index
SET row_security = off;

-- One line of the files that go back and forth. Which columns are used depends on kind:
--   table      number, columns, key_columns, range_columns, buckets (0: by key ranges)
--   chunk      number, lo, hi, row_count, hash_sum          rows with lo < key <= hi
--   bucket     number, bucket, row_count, hash_sum          rows whose key's hash falls there
--   whole      number, row_count, hash_sum                  a table without key
--   row        number, key, a_hash, a_version               a row of a chunk or bucket that differed, on the publisher
--   candidate  number, key, a_hash, a_version, b_hash,      a row that was seen different; stays: the subscriber had the same
--              b_version, stays                             version of it at the look before
--   different  number, key, note                            a row that is different
--   skipped    number, note                                 a table that cannot be compared now
--   next       number, lo                                   where to go on; no such line when all is done
CREATE TEMP TABLE exchange (
    kind text, number integer, lo text[], hi text[], buckets integer, bucket integer, row_count bigint, hash_sum numeric,
    columns text[], key_columns text[], range_columns text[], key text[], a_hash bigint, a_version text, b_hash bigint, note text,
    b_version text, stays boolean
);

-- schema.table with ONLY where inheritance children are members of their own
CREATE FUNCTION pg_temp.relation_of(which integer) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT format('%s%I.%I', CASE WHEN is_only THEN 'ONLY ' ELSE '' END, schema_name, table_name)
    FROM pg_temp.planned_table WHERE number = which
$pgslotplan$;

CREATE FUNCTION pg_temp.oid_of(which integer) RETURNS oid LANGUAGE sql STABLE AS $pgslotplan$
    SELECT c.oid FROM pg_temp.planned_table AS p
    JOIN pg_namespace AS n ON n.nspname = p.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
    WHERE p.number = which
$pgslotplan$;

-- the digest of one row of t, as an expression: the same for the same text on every version
CREATE FUNCTION pg_temp.hash_of(names text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
    SELECT format('hashtextextended(row(%s)::text COLLATE "C", 0)', string_agg(format('t.%I', name), ', ' ORDER BY place))
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
$pgslotplan$;

-- the key of one row of t as text[], as an expression
CREATE FUNCTION pg_temp.key_of(names text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
    SELECT format('ARRAY[%s]', string_agg(format('t.%I::text', name), ', ' ORDER BY place))
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
$pgslotplan$;

-- a value of text[] parameter `parameter` for each column, cast to this side's type of the column
CREATE FUNCTION pg_temp.cast_of(relation oid, names text[], parameter text) RETURNS text[] LANGUAGE sql STABLE AS $pgslotplan$
    SELECT array_agg(format('(%s)[%s]::%s', parameter, place, format_type(a.atttypid, a.atttypmod)) ORDER BY place)
    FROM unnest(names) WITH ORDINALITY AS w(name, place)
    JOIN pg_attribute AS a ON a.attrelid = relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
$pgslotplan$;

-- lo < key <= hi as a WHERE clause over $1 and $2; an open end where one is null
CREATE FUNCTION pg_temp.range_of(relation oid, names text[], lo text[], hi text[]) RETURNS text LANGUAGE sql STABLE AS $pgslotplan$
    SELECT coalesce(' WHERE ' || nullif(concat_ws(' AND ',
        CASE WHEN lo IS NOT NULL THEN format('(%s) > (%s)', list, array_to_string(pg_temp.cast_of(relation, names, '$1'), ', ')) END,
        CASE WHEN hi IS NOT NULL THEN format('(%s) <= (%s)', list, array_to_string(pg_temp.cast_of(relation, names, '$2'), ', ')) END), ''), '')
    FROM (SELECT string_agg(format('t.%I', name), ', ' ORDER BY place) FROM unnest(names) WITH ORDINALITY AS w(name, place)) AS l(list)
$pgslotplan$;

CREATE FUNCTION pg_temp.bucket_of(key_columns text[], buckets integer) RETURNS text LANGUAGE sql IMMUTABLE AS $pgslotplan$
    SELECT format('(hashtextextended(%s::text COLLATE "C", 1) & %s)::integer', pg_temp.key_of(key_columns), buckets - 1)
$pgslotplan$;

CREATE FUNCTION pg_temp.digest_of(which integer, digested text[], condition text, lo text[], hi text[],
    OUT row_count bigint, OUT hash_sum numeric) LANGUAGE plpgsql AS $pgslotplan$
BEGIN
    EXECUTE format('SELECT count(*), coalesce(sum(%s), 0) FROM %s AS t%s',
        pg_temp.hash_of(digested), pg_temp.relation_of(which), condition) USING lo, hi INTO row_count, hash_sum;
END
$pgslotplan$;

-- all rows of a chunk, or of a table's buckets: key, digest, version
CREATE FUNCTION pg_temp.rows_of(which integer, digested text[], keys text[], condition text, lo text[], hi text[])
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$
BEGIN
    RETURN QUERY EXECUTE format('SELECT %s, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid) FROM %s AS t%s',
        pg_temp.key_of(keys), pg_temp.hash_of(digested), pg_temp.relation_of(which), condition) USING lo, hi;
END
$pgslotplan$;

-- rows by their keys, those of the lines of kind `wanted` in exchange
CREATE FUNCTION pg_temp.lookup(which integer, wanted text, digested text[], keys text[])
    RETURNS TABLE (key text[], hash bigint, version text) LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    matches text;
BEGIN
    SELECT string_agg(format('t.%I = %s', name, value), ' AND ' ORDER BY place) INTO matches
    FROM unnest(keys, pg_temp.cast_of(pg_temp.oid_of(which), keys, 'e.key')) WITH ORDINALITY AS w(name, value, place);
    RETURN QUERY EXECUTE format('SELECT e.key, %s, concat_ws('':'', t.tableoid, t.xmin, t.ctid)
        FROM pg_temp.exchange AS e JOIN %s AS t ON %s WHERE e.kind = $1 AND e.number = $2',
        pg_temp.hash_of(digested), pg_temp.relation_of(which), matches) USING wanted, which;
END
$pgslotplan$;


-- The publisher's half. Task digest: from the given position on, until the batch's time is over. Task rows: every row of
-- the chunks that differed. Task again: the rows that were seen different, once more; what did not move is different.

-- What is compared of a table: all columns that are stored and published; its key; the part of the key whose order does
-- not depend on a collation, by which it is read in ranges.
CREATE FUNCTION pg_temp.describe(which integer) RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    line pg_temp.exchange;
    relation oid := pg_temp.oid_of(which);
    row_estimate double precision;
BEGIN
    line.kind := 'table';
    line.number := which;
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO line.columns
    FROM pg_attribute AS a JOIN pg_temp.planned_table AS p ON p.number = which
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND (cardinality(p.columns) = 0 OR a.attname = ANY (p.columns));
    SELECT array_agg(a.attname::text ORDER BY k.place),
           array_agg(a.attname::text ORDER BY k.place) FILTER (WHERE k.place < k.first_other)
      INTO line.key_columns, line.range_columns
    FROM (
        SELECT c.attnum, c.place, coalesce(min(c.place) FILTER (WHERE NOT c.is_plain) OVER (), 100) AS first_other
        FROM (SELECT i.indexrelid, i.indkey[0 : i.indnkeyatts - 1] AS attnums FROM pg_index AS i
              WHERE i.indrelid = relation AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indislive
                AND i.indpred IS NULL AND i.indexprs IS NULL
                AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND NOT a.attnotnull
                                  AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
                AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname <> ALL (line.columns)
                                  AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1]))
              ORDER BY i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, i.indexrelid LIMIT 1) AS i
        CROSS JOIN LATERAL (
            SELECT w.attnum, w.place, a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'oid'::regtype,
                'numeric'::regtype, 'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype, 'uuid'::regtype,
                'bytea'::regtype) AS is_plain
            FROM unnest(i.attnums) WITH ORDINALITY AS w(attnum, place)
            JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = w.attnum) AS c
    ) AS k
    JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = k.attnum;
    IF relation IS NULL OR line.columns IS NULL THEN
        line.kind := 'skipped';
        line.note := CASE WHEN relation IS NULL THEN 'it does not exist on the publisher' ELSE 'it has no columns' END;
    ELSIF line.key_columns IS NULL AND current_setting('pgslotplan.mode') = 'live' THEN
        line.kind := 'skipped';
        line.note := 'it has no key: it can be compared at rest only';
    END IF;
    line.buckets := 0;
    IF line.key_columns IS NOT NULL AND line.range_columns IS NULL THEN
        SELECT greatest(1, sum(c.reltuples)) INTO row_estimate
        FROM (SELECT relation UNION SELECT relid FROM pg_partition_tree(relation)) AS t(oid) JOIN pg_class AS c ON c.oid = t.oid;
        line.buckets := least(65536, 2 ^ ceil(log(2, greatest(1, row_estimate / current_setting('pgslotplan.chunk_rows')::numeric)::numeric)))::integer;
    END IF;
    RETURN NEXT line;
END
$pgslotplan$;

CREATE FUNCTION pg_temp.digest() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    started timestamptz := clock_timestamp();
    batch interval := make_interval(secs => current_setting('pgslotplan.batch_seconds')::double precision);
    chunk_rows bigint := current_setting('pgslotplan.chunk_rows');
    is_final boolean := current_setting('pgslotplan.mode') = 'final';
    start_at pg_temp.exchange;
    described pg_temp.exchange;
    line pg_temp.exchange;
    which integer;
    boundary text;
    descending text;
BEGIN
    SELECT * INTO start_at FROM pg_temp.exchange WHERE kind = 'next';
    FOR which IN SELECT p.number FROM pg_temp.planned_table AS p
        WHERE current_setting('pgslotplan.slot') IN ('', p.slots[1]) AND p.number >= coalesce(start_at.number, 0) ORDER BY p.number
    LOOP
        IF clock_timestamp() > started + batch AND which > coalesce(start_at.number, -1) THEN
            line := NULL;
            line.kind := 'next';
            line.number := which;
            RETURN NEXT line;
            RETURN;
        END IF;
        SELECT * INTO described FROM pg_temp.describe(which);
        IF is_final AND described.kind = 'table' AND described.range_columns IS NULL AND pg_table_size(pg_temp.oid_of(which)) > 1048576 THEN
            described.kind := 'skipped';
            described.note := 'it is too large for the pause, and its newest rows cannot be told';
        END IF;
        RETURN NEXT described;
        CONTINUE WHEN described.kind = 'skipped';
        line := NULL;
        line.number := which;
        IF described.key_columns IS NULL THEN
            line.kind := 'whole';
            SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum
            FROM pg_temp.digest_of(which, described.columns, '', NULL, NULL) AS d;
            RETURN NEXT line;
        ELSIF described.buckets > 0 THEN
            line.kind := 'bucket';
            FOR line.bucket, line.row_count, line.hash_sum IN EXECUTE format(
                'SELECT %s, count(*), sum(%s) FROM %s AS t GROUP BY 1', pg_temp.bucket_of(described.key_columns, described.buckets),
                pg_temp.hash_of(described.columns), pg_temp.relation_of(which))
            LOOP
                RETURN NEXT line;
            END LOOP;
        ELSE
            line.kind := 'chunk';
            IF which = start_at.number THEN
                line.lo := start_at.lo;
            END IF;
            SELECT string_agg(format('t.%I', name), ', ' ORDER BY ordinal), string_agg(format('t.%I DESC', name), ', ' ORDER BY ordinal)
              INTO boundary, descending FROM unnest(described.range_columns) WITH ORDINALITY AS w(name, ordinal);
            IF is_final THEN
                -- the newest rows: those with the greatest keys
                EXECUTE format('SELECT %s FROM %s AS t ORDER BY %s OFFSET %s LIMIT 1', pg_temp.key_of(described.range_columns),
                    pg_temp.relation_of(which), descending, chunk_rows) INTO line.lo;
                SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum FROM pg_temp.digest_of(which, described.columns,
                    pg_temp.range_of(pg_temp.oid_of(which), described.range_columns, line.lo, NULL), line.lo, NULL) AS d;
                RETURN NEXT line;
                CONTINUE;
            END IF;
            LOOP
                line.hi := NULL;
                EXECUTE format('SELECT %s FROM %s AS t%s ORDER BY %s OFFSET %s LIMIT 1', pg_temp.key_of(described.range_columns),
                    pg_temp.relation_of(which), pg_temp.range_of(pg_temp.oid_of(which), described.range_columns, line.lo, NULL), boundary, chunk_rows - 1)
                    USING line.lo INTO line.hi;
                SELECT d.row_count, d.hash_sum INTO line.row_count, line.hash_sum FROM pg_temp.digest_of(which, described.columns,
                    pg_temp.range_of(pg_temp.oid_of(which), described.range_columns, line.lo, line.hi), line.lo, line.hi) AS d;
                RETURN NEXT line;
                EXIT WHEN line.hi IS NULL;
                line.lo := line.hi;
                IF clock_timestamp() > started + batch THEN
                    line.kind := 'next';
                    line.hi := NULL;
                    line.row_count := NULL;
                    line.hash_sum := NULL;
                    RETURN NEXT line;
                    RETURN;
                END IF;
            END LOOP;
        END IF;
    END LOOP;
END
$pgslotplan$;

CREATE FUNCTION pg_temp.rows() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    described pg_temp.exchange;
    part pg_temp.exchange;
    line pg_temp.exchange;
BEGIN
    line.kind := 'row';
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        line.number := described.number;
        FOR part IN SELECT * FROM pg_temp.exchange AS e WHERE e.kind = 'chunk' AND e.number = described.number LOOP
            FOR line.key, line.a_hash, line.a_version IN
                SELECT * FROM pg_temp.rows_of(described.number, described.columns, described.key_columns,
                    pg_temp.range_of(pg_temp.oid_of(described.number), described.range_columns, part.lo, part.hi), part.lo, part.hi)
            LOOP
                RETURN NEXT line;
            END LOOP;
        END LOOP;
        IF described.buckets > 0 THEN
            FOR line.key, line.a_hash, line.a_version IN
                SELECT * FROM pg_temp.rows_of(described.number, described.columns, described.key_columns,
                    format(' WHERE %s = ANY (%L::integer[])', pg_temp.bucket_of(described.key_columns, described.buckets),
                        (SELECT array_agg(e.bucket) FROM pg_temp.exchange AS e WHERE e.kind = 'bucket' AND e.number = described.number)), NULL, NULL)
            LOOP
                RETURN NEXT line;
            END LOOP;
        END IF;
    END LOOP;
END
$pgslotplan$;

-- Third read. A row that is the same version as at the first read has not moved: all its changes were applied when the
-- subscriber was read in between. One that was absent both times may have come and gone meanwhile. So it is looked at again:
-- its deletion was applied before the next look, and if the subscriber then still has the same version of it, there was none.
CREATE FUNCTION pg_temp.again() RETURNS SETOF pg_temp.exchange LANGUAGE plpgsql AS $pgslotplan$
DECLARE
    described pg_temp.exchange;
    seen record;
    line pg_temp.exchange;
BEGIN
    FOR described IN SELECT * FROM pg_temp.exchange WHERE kind = 'table' LOOP
        RETURN NEXT described;
        line := NULL;
        line.number := described.number;
        FOR seen IN
            SELECT e.key, e.a_hash, e.a_version, e.b_hash, e.b_version, e.stays, now_there.hash, now_there.version
            FROM pg_temp.exchange AS e
            LEFT JOIN pg_temp.lookup(described.number, 'candidate', described.columns, described.key_columns) AS now_there ON now_there.key = e.key
            WHERE e.kind = 'candidate' AND e.number = described.number
        LOOP
            line.key := seen.key;
            IF seen.a_version IS NOT DISTINCT FROM seen.version AND (seen.version IS NOT NULL OR seen.stays) THEN
                line.kind := 'different';
                line.note := CASE WHEN seen.version IS NULL THEN 'only on the subscriber' WHEN seen.b_hash IS NULL
                    THEN 'missing on the subscriber' ELSE 'changed' END;
                line.a_hash := NULL;
                line.a_version := NULL;
                line.b_version := NULL;
                RETURN NEXT line;
            ELSIF seen.hash IS DISTINCT FROM seen.b_hash THEN
                line.kind := 'candidate';
                line.note := NULL;
                line.a_hash := seen.hash;
                line.a_version := seen.version;
                line.b_version := seen.b_version;
                RETURN NEXT line;
            END IF;
        END LOOP;
    END LOOP;
END
$pgslotplan$;


\copy pg_temp.exchange FROM pstdin (FORMAT csv)
ANALYZE pg_temp.exchange;
CREATE TEMP TABLE result AS SELECT * FROM pg_temp.:"task"();
CREATE TEMP VIEW shown AS
SELECT CASE r.kind WHEN 'skipped' THEN 'skipped' ELSE 'different' END AS what,
       regexp_replace(format('table %I.%I', p.schema_name, p.table_name), '[[:cntrl:]]', '?', 'g') AS name,
       regexp_replace(r.key::text, '[[:cntrl:]]', '?', 'g') AS key, regexp_replace(r.note, '[[:cntrl:]]', '?', 'g') AS note
FROM pg_temp.result AS r JOIN pg_temp.planned_table AS p ON p.number = r.number WHERE r.kind IN ('different', 'skipped');
\o :out
COPY (SELECT * FROM pg_temp.result WHERE kind NOT IN ('different', 'skipped', 'next')) TO STDOUT (FORMAT csv);
\set file :out '.next'
\o :file
COPY (SELECT * FROM pg_temp.result WHERE kind = 'next') TO STDOUT (FORMAT csv);
\set file :out '.found'
\o :file
COPY (SELECT * FROM pg_temp.shown ORDER BY what, name, key) TO STDOUT (FORMAT csv);
\set file :out '.status'
\o :file
COPY (SELECT count(*) FILTER (WHERE kind = 'table'), count(*) FILTER (WHERE kind IN ('chunk', 'bucket', 'whole')),
             coalesce(sum(row_count), 0), count(*) FILTER (WHERE kind IN ('candidate', 'chunk', 'bucket'))
      FROM pg_temp.result) TO STDOUT (DELIMITER ' ');
\o


\if :is_final
ROLLBACK;
\endif

-- Everything that was read is applied: each slot of these tables must confirm what is in the log now. The message that is
-- committed flushes the log, so that nobody waits for the log writer.
SELECT :'mode' = 'live' AS is_live
\gset
\if :is_live
SELECT set_config('pgslotplan.fence', pg_current_wal_insert_lsn()::text, false) AS fence
\gset
SET synchronous_commit = local;
DO $pgslotplan$ BEGIN PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence'); END $pgslotplan$;
DO $pgslotplan$
DECLARE
    fence pg_lsn := current_setting('pgslotplan.fence');
    deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
    lines text;
BEGIN
    LOOP
        SELECT string_agg(format('slot %I: %s', w.name, CASE WHEN s.slot_name IS NULL THEN 'missing'
                 ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(fence, s.confirmed_flush_lsn),
                             CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END), chr(10) ORDER BY w.name)
          INTO lines
        FROM (SELECT DISTINCT unnest(p.slots) AS name FROM pg_temp.planned_table AS p WHERE p.slots[1] = current_setting('pgslotplan.slot')) AS w
        LEFT JOIN pg_replication_slots AS s ON s.slot_name = w.name AND s.database = current_database()
        WHERE (s.confirmed_flush_lsn >= fence) IS NOT TRUE;
        EXIT WHEN lines IS NULL;
        IF clock_timestamp() >= deadline THEN
            RAISE EXCEPTION USING MESSAGE = format('slots have not passed %s', fence), DETAIL = lines,
                HINT = 'Look at the log of the subscriber. Run the step again to go on.';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$pgslotplan$;
\endif
