-- Lets DDL through again.
DROP EVENT TRIGGER IF EXISTS :"freeze";
DROP EVENT TRIGGER IF EXISTS :"freeze_drop";
DROP FUNCTION IF EXISTS pgslotplan.refuse_ddl();
