-- Subscriptions of the two plans that a change holds, with the slots that are theirs.
SELECT set_config('pgslotplan.no_slot', :'no_slot', false) AS no_slot_name \gset
CREATE OR REPLACE FUNCTION pg_temp.held_subscription() RETURNS TABLE (subscription_name name, enabled boolean, own_slot name) LANGUAGE sql STABLE AS $pgslotplan$
  SELECT DISTINCT s.subscription_name, s.enabled, p.slot_name FROM pg_temp.subscribed() AS s
  JOIN (SELECT slot_name, subscription_name FROM pg_temp.planned_slot UNION SELECT slot_name, subscription_name FROM pg_temp.running_slot) AS p USING (subscription_name)
  WHERE s.slot_name = current_setting('pgslotplan.no_slot')
$pgslotplan$;
