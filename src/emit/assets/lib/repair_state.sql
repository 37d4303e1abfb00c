-- Refuses unless each slot of this part is in one of :repair_states, a text[], of this very repair.
SELECT set_config('pgslotplan.repair', :'repair', false) AS repair, set_config('pgslotplan.repair_states', :'repair_states', false) AS states,
       set_config('pgslotplan.repair_hint', format('Run %s first, and the steps after it.', :'step_repair_stop'), false) AS hint \gset
DO $pgslotplan$ DECLARE
  lines text[];
BEGIN
  IF NOT pg_temp.has_state('repair') THEN
    RAISE EXCEPTION USING MESSAGE = 'no repair has begun here', HINT = current_setting('pgslotplan.repair_hint');
  END IF;
  EXECUTE $query$ SELECT array_agg(format('slot %I: %s', p.slot_name,
      CASE WHEN r.repair IS NULL THEN 'not begun' WHEN r.repair <> $2 THEN 'another repair of it has not ended' ELSE r.state END) ORDER BY p.slot_name)
    FROM pg_temp.planned_slot AS p LEFT JOIN pgslotplan.repair AS r ON r.prefix = $1 AND r.slot_name = p.slot_name
    WHERE (r.repair = $2 AND r.state = ANY ($3)) IS NOT TRUE $query$ INTO lines
    USING current_setting('pgslotplan.prefix'), current_setting('pgslotplan.repair'), current_setting('pgslotplan.repair_states')::text[];
  PERFORM pg_temp.refuse(lines, 'slots are not as far as this step', current_setting('pgslotplan.repair_hint'));
END $pgslotplan$;
