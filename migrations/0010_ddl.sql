-- Schema changes travel in the log. ALTER TABLE holds an exclusive lock, so what is written here stands exactly where
-- the change happened. No DDL of the application may fail because of it: whatever goes wrong becomes a warning.

-- A table with everything above and below it in inheritance: ALTER TABLE reports only the one that it names.
CREATE FUNCTION outbox.family(relation oid) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE
    up(member) AS (SELECT family.relation UNION SELECT i.inhparent FROM pg_inherits i JOIN up ON i.inhrelid = member),
    down(member) AS (SELECT family.relation UNION
                     SELECT i.inhrelid FROM pg_inherits i JOIN down ON i.inhparent = member)
  SELECT member FROM up UNION SELECT member FROM down
$$;

-- When the table cannot be described any more, its changes are still logged, without their content: the consumer
-- refuses such an event, and it becomes a task, so that nobody reads a replica that has gone wrong silently.
CREATE FUNCTION outbox.go_blind(id int, reason text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t outbox.tracked;
BEGIN
  SELECT * INTO STRICT t FROM outbox.tracked x WHERE x.id = go_blind.id;
  RAISE WARNING 'mailboat cannot follow table % any more: %', t.topic, reason
    USING HINT = 'Replicas refuse its next changes. When this is mended: mailboat track ' || t.relation::text;
  IF NOT t.blind THEN
    PERFORM outbox.create_function('capture_' || t.id, '', 'trigger', outbox.body_blind(t.topic));
    UPDATE outbox.tracked x SET blind = true WHERE x.id = t.id;
  END IF;
END $$;

CREATE FUNCTION outbox.refresh_or_go_blind(id int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM outbox.refresh(refresh_or_go_blind.id, reload => false, rebuild => false);
  PERFORM outbox.refresh_leaves(t, with_rows => true) FROM outbox.tracked t WHERE t.id = refresh_or_go_blind.id;
EXCEPTION WHEN OTHERS THEN
  PERFORM outbox.go_blind(refresh_or_go_blind.id, SQLERRM);
END $$;

CREATE FUNCTION outbox.on_ddl_end() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM outbox.refresh_or_go_blind(t.id) FROM outbox.tracked t
  WHERE t.relation IN (SELECT outbox.family(d.objid) FROM pg_event_trigger_ddl_commands() d
                       WHERE d.classid = 'pg_class'::regclass)
     OR t.relation IN (SELECT c.oid FROM pg_event_trigger_ddl_commands() d JOIN pg_class c ON c.relnamespace = d.objid
                       WHERE d.classid = 'pg_namespace'::regclass)
     OR t.relation IN (SELECT a.attrelid FROM pg_event_trigger_ddl_commands() d
                       JOIN pg_type y ON d.objid IN (y.oid, y.typelem) JOIN pg_attribute a ON a.atttypid = y.oid
                       WHERE d.classid = 'pg_type'::regclass);
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'mailboat could not follow this command: %', SQLERRM USING HINT = 'mailboat doctor shows what differs.';
END $$;

-- Sees only what rewrites rows with other values: not SET LOGGED, not SET ACCESS METHOD.
CREATE FUNCTION outbox.on_table_rewrite() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_default_or_type CONSTANT int := 2 | 4;
BEGIN
  UPDATE outbox.tracked t SET rewritten = true
  WHERE t.relation IN (SELECT outbox.family(pg_event_trigger_table_rewrite_oid()))
    AND pg_event_trigger_table_rewrite_reason() & new_default_or_type <> 0;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'mailboat could not note this rewrite: %', SQLERRM USING HINT = 'Load the table again: mailboat untrack, then mailboat track with the same options.';
END $$;

-- The rows of a dropped partition cannot be logged any more; its trigger, dropped with it, tells whose it was.
CREATE FUNCTION outbox.reload_after_dropped_partition(id int, partition text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  topic text;
BEGIN
  SELECT t.topic INTO topic FROM outbox.tracked t WHERE t.id = reload_after_dropped_partition.id;
  IF FOUND THEN
    RAISE WARNING 'partition % of % was dropped with its rows: replicas load the whole table again', partition, topic
      USING HINT = 'ALTER TABLE ... DETACH PARTITION before DROP TABLE deletes just these rows.';
    PERFORM outbox.refresh(reload_after_dropped_partition.id, reload => true, rebuild => false);
  END IF;
END $$;

CREATE FUNCTION outbox.on_drop() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone int;
BEGIN
  FOR gone IN DELETE FROM outbox.tracked t USING pg_event_trigger_dropped_objects() d
              WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND d.objid = t.relation RETURNING t.id LOOP
    PERFORM outbox.drop_functions(gone);
  END LOOP;
  PERFORM outbox.reload_after_dropped_partition(replace(d.address_names[3], 'outbox_capture_leaf_', '')::int,
                                                d.address_names[1] || '.' || d.address_names[2])
  FROM pg_event_trigger_dropped_objects() d
  WHERE d.object_type = 'trigger' AND d.address_names[3] ~ '^outbox_capture_leaf_\d+$';
  PERFORM outbox.refresh_or_go_blind(t.id) FROM outbox.tracked t
  WHERE outbox.key_index(t.relation, t.key) IS NULL
     OR t.relation IN (SELECT d.objid FROM pg_event_trigger_dropped_objects() d
                       WHERE d.classid = 'pg_class'::regclass AND d.objsubid > 0);
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'mailboat could not follow this command: %', SQLERRM USING HINT = 'mailboat doctor shows what differs.';
END $$;

-- ENABLE ALWAYS: a session in replica role changes tables for everybody.
DO $$
BEGIN
  CREATE EVENT TRIGGER outbox_ddl_end ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'ALTER TYPE', 'ALTER DOMAIN')
    EXECUTE FUNCTION outbox.on_ddl_end();
  CREATE EVENT TRIGGER outbox_table_rewrite ON table_rewrite EXECUTE FUNCTION outbox.on_table_rewrite();
  CREATE EVENT TRIGGER outbox_drop ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP INDEX', 'DROP TYPE', 'DROP DOMAIN', 'DROP EXTENSION')
    EXECUTE FUNCTION outbox.on_drop();
  ALTER EVENT TRIGGER outbox_ddl_end ENABLE ALWAYS;
  ALTER EVENT TRIGGER outbox_table_rewrite ENABLE ALWAYS;
  ALTER EVENT TRIGGER outbox_drop ENABLE ALWAYS;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'schema changes are not followed, because only a superuser can create event triggers'
    USING HINT = 'After each ALTER TABLE of a tracked table run mailboat track again.';
END $$;
