-- Puts generated functions, triggers and grants on a tracked table, and takes them away again.

-- The settings make the text of a value independent of the writer's session. Where possible the function belongs to
-- outbox_capture, which may do nothing but write events: a cast to json that some user has defined for a column's type
-- runs with that role's rights and not with ours.
CREATE FUNCTION outbox.create_function(name text, arguments text, result text, body text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  signature text := format('outbox.%I(%s)', create_function.name, create_function.arguments);
BEGIN
  EXECUTE format($sql$
    CREATE OR REPLACE FUNCTION %s RETURNS %s LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD'
    SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C'
    AS %L$sql$, signature, create_function.result, create_function.body);
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
  IF outbox.has_capture_role() THEN
    EXECUTE format('ALTER FUNCTION %s OWNER TO outbox_capture', signature);
  END IF;
END $$;

-- Only a superuser can give a function to a role that may not create any itself.
CREATE FUNCTION outbox.has_capture_role() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT to_regrole('outbox_capture') IS NOT NULL
     AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
$$;

CREATE FUNCTION outbox.create_functions(t outbox.tracked) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := 'capture_' || t.id;
  columns text[] := CASE WHEN t.exclude <> '{}' THEN outbox.columns_of(t.relation, t.exclude) END;
BEGIN
  PERFORM outbox.create_function(name, '', 'trigger',
    CASE t.capture WHEN 'row' THEN outbox.body_row(t, columns) ELSE outbox.body_statement(t, columns) END);
  PERFORM outbox.create_function(name || '_truncate', '', 'trigger', outbox.body_blind(t.topic));
  IF outbox.is_partitioned(t.relation) THEN
    PERFORM outbox.create_function(name || '_rows', 'leaf regclass, change "char"', 'void',
                                   outbox.body_rows(t, columns));
  END IF;
END $$;

CREATE FUNCTION outbox.drop_functions(id int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('DROP FUNCTION IF EXISTS outbox.%I()', 'capture_' || id);
  EXECUTE format('DROP FUNCTION IF EXISTS outbox.%I()', 'capture_' || id || '_truncate');
  IF to_regproc(format('outbox.%I', 'capture_' || id || '_rows')) IS NOT NULL THEN
    EXECUTE format('DROP FUNCTION outbox.%I(regclass, "char")', 'capture_' || id || '_rows');
  END IF;
END $$;

CREATE FUNCTION outbox.is_partitioned(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT relkind = 'p' FROM pg_class WHERE oid = is_partitioned.relation
$$;

-- The triggers that a table of this capture mode needs: name, and the rest of CREATE TRIGGER around ON.
CREATE FUNCTION outbox.wanted_triggers(t outbox.tracked)
RETURNS TABLE (name text, event text, firing text, function text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'outbox_capture_truncate', 'BEFORE TRUNCATE', 'FOR EACH STATEMENT', 'capture_' || t.id || '_truncate'
  UNION ALL
  SELECT 'outbox_capture_row', 'AFTER INSERT OR UPDATE OR DELETE', 'FOR EACH ROW', 'capture_' || t.id
  WHERE t.capture = 'row'
  UNION ALL
  SELECT 'outbox_capture_' || lower(operation), 'AFTER ' || operation,
         'REFERENCING' || old_rows || new_rows || ' FOR EACH STATEMENT', 'capture_' || t.id
  FROM (VALUES ('INSERT', '', ' NEW TABLE AS new_rows'),
               ('UPDATE', ' OLD TABLE AS old_rows', ' NEW TABLE AS new_rows'),
               ('DELETE', ' OLD TABLE AS old_rows', '')) needs(operation, old_rows, new_rows)
  WHERE t.capture = 'statement'
$$;

-- Keeps the triggers that are right already: dropping one would wait for every reader of the table.
CREATE FUNCTION outbox.create_triggers(t outbox.tracked) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unwanted text;
  wanted record;
BEGIN
  FOR unwanted IN
    SELECT g.tgname FROM pg_trigger g
    WHERE g.tgrelid = t.relation AND g.tgname LIKE 'outbox\_capture\_%'
      AND g.tgname::text NOT IN (SELECT w.name FROM outbox.wanted_triggers(t) w)
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', unwanted, t.relation);
  END LOOP;
  FOR wanted IN
    SELECT w.* FROM outbox.wanted_triggers(t) w
    WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.relation AND g.tgname::text = w.name)
  LOOP
    EXECUTE format('CREATE TRIGGER %I %s ON %s %s EXECUTE FUNCTION outbox.%I()',
                   wanted.name, wanted.event, t.relation, wanted.firing, wanted.function);
  END LOOP;
END $$;

-- The right to read all columns but the excluded ones: for load chunks, and for capture to see the current row.
CREATE FUNCTION outbox.grant_reading(relation regclass, exclude text[], reader text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  columns text;
BEGIN
  IF to_regrole(reader) IS NULL THEN
    RETURN;
  END IF;
  SELECT '(' || string_agg(quote_ident(c), ', ') || ')' INTO columns
  FROM unnest(outbox.columns_of(grant_reading.relation, grant_reading.exclude)) c
  WHERE grant_reading.exclude <> '{}';
  EXECUTE format('REVOKE SELECT ON %s FROM %I', relation, reader);
  EXECUTE format('GRANT SELECT %s ON %s TO %I', columns, relation, reader);
  EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I',
                 (SELECT c.relnamespace::regnamespace FROM pg_class c WHERE c.oid = grant_reading.relation), reader);
END $$;

CREATE FUNCTION outbox.revoke_reading(relation regclass, reader text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  namespace regnamespace := (SELECT c.relnamespace FROM pg_class c WHERE c.oid = revoke_reading.relation);
BEGIN
  IF to_regrole(reader) IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('REVOKE SELECT ON %s FROM %I', relation, reader);
  IF NOT EXISTS (SELECT FROM outbox.tracked t JOIN pg_class c ON c.oid = t.relation
                 WHERE c.relnamespace = namespace AND t.relation <> revoke_reading.relation) THEN
    EXECUTE format('REVOKE USAGE ON SCHEMA %s FROM %I', namespace, reader);
  END IF;
END $$;
