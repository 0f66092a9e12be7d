-- Capture costs the application less: settings are switched only where the text of a value depends on them, and an
-- insert goes without a subtransaction. docs/adr/0018-cheaper-capture.md tells where the time goes.

-- Whoever holds up this migration would hold up all writers of tracked tables that come behind it.
SET LOCAL lock_timeout = '5s';

-- PostgreSQL reads and plans a CHECK anew for each statement, which took longer than anything else that is done for an
-- event. Only functions of this schema may write events, and they write no other ops.
ALTER TABLE outbox.event DROP CONSTRAINT IF EXISTS event_op_check;

-- SQL that is true when the session's settings are harmless to the JSON of these columns: `true` when there is nothing
-- that could depend on any. NULL when that cannot be known: a function that somebody has made may have a say in it, now
-- or after some CREATE CAST, or a value is printed within another one.
CREATE FUNCTION outbox.sql_settings_fit(relation oid, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH known(type, setting, harmless) AS (
    SELECT unnest('{bool,int2,int4,int8,oid,numeric,text,varchar,bpchar,name,"\"char\"",uuid,json,jsonb,date,time,timetz,
                    timestamp,bit,varbit,inet,cidr,macaddr,macaddr8}'::regtype[]), NULL, NULL
    UNION ALL VALUES
      ('timestamptz'::regtype, 'TimeZone', '{UTC,Etc/UTC}'), ('interval', 'IntervalStyle', '{postgres}'),
      ('bytea', 'bytea_output', '{hex}'), ('float4', 'extra_float_digits', '{1,2,3}'),
      ('float8', 'extra_float_digits', '{1,2,3}')),
  used AS (
    SELECT y.oid AS type
    FROM outbox.types_of(sql_settings_fit.relation,
                         ARRAY(SELECT c FROM unnest(outbox.columns_of(sql_settings_fit.relation, '{}')) c
                               WHERE c <> ALL (sql_settings_fit.columns))) u JOIN pg_type y ON y.oid = u
    WHERE y.typtype <> 'd' AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = y.oid))
  SELECT CASE WHEN bool_and(k.type IS NOT NULL) THEN coalesce(
           string_agg(DISTINCT format('pg_catalog.current_setting(%L) OPERATOR(pg_catalog.=) ANY (%L)', k.setting,
                                      k.harmless), ' AND ') FILTER (WHERE k.setting IS NOT NULL), 'true') END
  FROM used LEFT JOIN known k ON k.type = used.type
$$;

-- The JSON of a row, or NULL, whatever the session's settings. What is this small can be written without a guard: see
-- outbox.sql_safe_image().
CREATE FUNCTION outbox.canonical_image(source record, topic text) RETURNS json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET IntervalStyle = 'postgres'
SET bytea_output = 'hex' SET extra_float_digits = 1 AS $$
BEGIN
  RETURN CASE WHEN pg_column_size(source) <= 50000 THEN row_to_json(source) ELSE outbox.image(source, topic) END;
END $$;
REVOKE ALL ON FUNCTION outbox.sql_settings_fit(oid, text[]), outbox.canonical_image(record, text) FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_capture') IS NOT NULL THEN
    GRANT EXECUTE ON FUNCTION outbox.canonical_image(record, text) TO outbox_capture;
  END IF;
END $$;

-- From here on: everything that generated code names stands in it with its schema, since it may run with the search path
-- of the session.

CREATE OR REPLACE FUNCTION outbox.sql_wake() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT $body$
  IF NOT pg_catalog.pg_try_advisory_xact_lock_shared(1835162484, 1) THEN
    PERFORM outbox.wake_producer();
  END IF;$body$
$$;

CREATE OR REPLACE FUNCTION outbox.sql_image(record text, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN columns IS NULL THEN format('pg_catalog.row_to_json(%s.*)', record)
    ELSE format('(SELECT pg_catalog.row_to_json(picked.*) FROM (SELECT %s) picked)',
                (SELECT string_agg(format('%1$s.%2$I AS %2$I', record, c), ', ') FROM unnest(columns) c)) END
$$;

CREATE OR REPLACE FUNCTION outbox.sql_key(record text, key text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('pg_catalog.json_build_object(%s)', string_agg(format('%L, %s.%I', k, record, k), ', '))
  FROM unnest(key) k
$$;

-- Compares what is printed, not what is equal: a key that goes from 1.0 to 1.00 is another key to a replica.
CREATE OR REPLACE FUNCTION outbox.sql_compare(key text[], one text, operator text, other text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.%s) ROW(%s)::pg_catalog.record',
                string_agg(format('%s.%I', one, k), ', '), operator, string_agg(format('%s.%I', other, k), ', '))
  FROM unnest(key) k
$$;

-- For columns of which is known when the session's settings fit: `fits`.
CREATE FUNCTION outbox.sql_canonical_image(topic text, record text, columns text[], fits text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN columns IS NULL THEN image
    ELSE format('(SELECT %s FROM (SELECT %s) picked)', image,
                (SELECT string_agg(format('%1$s.%2$I AS %2$I', record, c), ', ') FROM unnest(columns) c)) END
  FROM format($body$CASE WHEN %2$s AND pg_catalog.pg_column_size(%1$s.*) OPERATOR(pg_catalog.<=) 50000
      THEN pg_catalog.row_to_json(%1$s.*) ELSE outbox.canonical_image(%1$s.*, %3$L) END$body$,
              CASE WHEN columns IS NULL THEN record ELSE 'picked' END, fits, topic) image
$$;

CREATE FUNCTION outbox.sql_canonical_key(topic text, record text, key text[], fits text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE fits WHEN 'true' THEN outbox.sql_key(record, key)
    ELSE format('CASE WHEN %s THEN %s ELSE %s END', fits, outbox.sql_key(record, key),
                outbox.sql_canonical_image(topic, record, key, 'false')) END
$$;

CREATE OR REPLACE FUNCTION outbox.sql_image_limit() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format($body$
    IF pg_catalog.pg_column_size(image) OPERATOR(pg_catalog.>) %s THEN
      RAISE program_limit_exceeded;
    END IF;$body$, outbox.largest_image())
$$;

-- A failure of the transaction as a whole is the application's to repeat. `topic` is SQL.
CREATE OR REPLACE FUNCTION outbox.sql_image_failed(topic text, remedy text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format($body$
  EXCEPTION
    WHEN transaction_rollback THEN
      RAISE;
    WHEN OTHERS THEN
      RAISE WARNING 'mailboat cannot write a row of %% as JSON: %%', %s,
        CASE WHEN SQLSTATE OPERATOR(pg_catalog.=) '54000' THEN 'it is larger than a JSON value can be' ELSE SQLERRM END
        USING HINT = 'Replicas refuse this change. See "Values that cannot be carried" in docs/types.md.';
      %s
  END;$body$, sql_image_failed.topic, remedy)
$$;

-- SQL that is true when an update has left the key as it is printed. Numbers and the like are printed the same when they
-- are equal, which is quicker to find out.
CREATE FUNCTION outbox.sql_same_key(t outbox.tracked) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN bool_and(a.atttypid = ANY ('{int2,int4,int8,oid,uuid}'::regtype[]))
    THEN string_agg(format('OLD.%1$I OPERATOR(pg_catalog.=) NEW.%1$I', a.attname), ' AND ')
    ELSE outbox.sql_compare(t.key, 'OLD', '*=', 'NEW') END
  FROM pg_attribute a WHERE a.attrelid = t.relation AND a.attname::text = ANY (t.key) AND NOT a.attisdropped
$$;

-- What nearly every insert and update is: nothing to wake, no trigger that may have changed the row meanwhile, settings
-- and a size that do no harm, the key as it was. Whatever else it is goes on behind this. In a short transaction an
-- expression costs more to prepare than to compute, so there are few of them. A column that has been renamed where no
-- event trigger could tell must not let the application fail; an insert names no column.
CREATE FUNCTION outbox.body_row_usual(t outbox.tracked, fits text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format($body$
  IF pg_catalog.pg_try_advisory_xact_lock_shared(1835162484, 1)
     AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.=) 1
     AND coalesce(pg_catalog.current_setting('outbox.nested', true) OPERATOR(pg_catalog.<>) 'on', true)
     AND %2$s AND pg_catalog.pg_column_size(NEW.*) OPERATOR(pg_catalog.<=) 50000 THEN
    IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
      image := pg_catalog.row_to_json(NEW.*);
      INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, 'I', image);
      RETURN NULL;
    END IF;
    BEGIN
      IF %3$s THEN
        image := pg_catalog.row_to_json(NEW.*);
      END IF;
    EXCEPTION WHEN undefined_column THEN
      NULL;
    END;
    IF image IS NOT NULL THEN
      INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, 'U', image);
      RETURN NULL;
    END IF;
  END IF;$body$, t.topic, fits, outbox.sql_same_key(t))
$$;

-- The inner block is a subtransaction that writes nothing, which takes no transaction id.
-- `fits`: NULL, if the function has to run with settings of its own.
CREATE FUNCTION outbox.body_row(t outbox.tracked, columns text[], fits text, key_fits text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '#variable_conflict use_variable
DECLARE
  nested pg_catalog.bool;
  change pg_catalog."char";
  gone pg_catalog.json;
  image pg_catalog.json;
BEGIN' || CASE WHEN columns IS NULL AND fits IS NOT NULL THEN outbox.body_row_usual(t, fits) ELSE '' END
  || outbox.sql_wake() || format($body$
  nested := pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1
            OR pg_catalog.current_setting('outbox.nested', true) OPERATOR(pg_catalog.=) 'on';
  IF nested THEN
    PERFORM pg_catalog.set_config('outbox.nested', 'on', true);
  END IF;
  BEGIN
    IF nested THEN
      IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN
        SELECT %1$s INTO gone WHERE NOT EXISTS (SELECT %2$s AND %3$s);
      END IF;
      IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN
        SELECT 'U', %4$s INTO change, image %5$s;
      END IF;
    ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
      gone := %1$s;
    ELSE
      IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND %6$s THEN
        gone := %1$s;
      END IF;
      image := %7$s;
      change := pg_catalog.left(TG_OP, 1);
    END IF;$body$,
    old_key, outbox.sql_current(t, 'OLD'), outbox.sql_compare(t.key, 'now', '*=', 'OLD'), current_image,
    outbox.sql_current(t, 'NEW'), outbox.sql_compare(t.key, 'OLD', '*<>', 'NEW'), new_image)
  || CASE WHEN fits IS NULL THEN outbox.sql_image_limit() ELSE '' END
  || outbox.sql_image_failed(quote_literal(t.topic), format($body$IF gone IS NOT NULL THEN
        INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, 'D', gone);
      END IF;
      INSERT INTO outbox.event (topic, op) VALUES (%1$L, pg_catalog.left(TG_OP, 1)::pg_catalog."char");
      RETURN NULL;$body$, t.topic)) || format($body$
  IF gone IS NOT NULL THEN
    INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, 'D', gone);
  END IF;
  IF change IS NOT NULL THEN
    INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, change, image);
  END IF;
  RETURN NULL;
END$body$, t.topic)
  FROM (SELECT
    CASE WHEN fits IS NULL THEN outbox.sql_key('OLD', t.key)
         ELSE outbox.sql_canonical_key(t.topic, 'OLD', t.key, key_fits) END AS old_key,
    CASE WHEN fits IS NULL THEN outbox.sql_image('NEW', columns)
         ELSE outbox.sql_canonical_image(t.topic, 'NEW', columns, fits) END AS new_image,
    CASE WHEN fits IS NULL THEN outbox.sql_image('now', columns)
         ELSE outbox.sql_canonical_image(t.topic, 'now', columns, fits) END AS current_image) piece
$$;
DROP FUNCTION outbox.body_row(outbox.tracked, text[]);

-- As sql_image(), but never fails, for where a block around the whole statement would be a subtransaction that writes,
-- and so takes a transaction id. A row that is this small cannot become too large, not even an array of numerics with
-- 131072 digits in 12 bytes each. `small`: SQL that is true when that is known of all rows.
DROP FUNCTION outbox.sql_safe_image(outbox.tracked, text, text[]);
CREATE FUNCTION outbox.sql_safe_image(t outbox.tracked, record text, columns text[], small text DEFAULT 'false')
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN columns IS NULL THEN image
    ELSE format('(SELECT %s FROM (SELECT %s) picked)', image,
                (SELECT string_agg(format('%1$s.%2$I AS %2$I', record, c), ', ') FROM unnest(columns) c)) END
  FROM format(
    CASE WHEN outbox.has_json_cast(t.relation, coalesce(columns, outbox.columns_of(t.relation, '{}')))
    THEN 'outbox.image(%1$s.*, %2$L)'
    ELSE 'CASE WHEN %3$s OR pg_column_size(%1$s.*) <= 50000 THEN row_to_json(%1$s.*) ELSE outbox.image(%1$s.*, %2$L) END'
    END, CASE WHEN columns IS NULL THEN record ELSE 'picked' END, t.topic, small) image
$$;

-- D for every key that is no more, then the rows: a swap of keys ends right. That a key is no more is asked of the
-- table, because the same statement, or a trigger, may have brought it back. The table is asked by subqueries that cannot
-- be merged with the rest, so that no plan, cached from a large statement, scans it for a small one.
-- A heap (2) whose TOAST table is empty has only rows that fit a page, and they are small: asked once, not of each row.
CREATE OR REPLACE FUNCTION outbox.body_statement(t outbox.tracked, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '#variable_conflict use_variable
DECLARE
  small bool;
BEGIN' || outbox.sql_wake() || outbox.sql_guarded(format($body$
  IF pg_trigger_depth() > 1 THEN
    PERFORM set_config('outbox.nested', 'on', true);
  END IF;
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO outbox.event (topic, op, payload)
    SELECT %1$L, 'D', %2$s FROM old_rows was
    WHERE (SELECT true %3$s AND %4$s LIMIT 1) IS NULL;
  END IF;
  IF TG_OP <> 'DELETE' AND current_setting('outbox.nested', true) = 'on' THEN
    INSERT INTO outbox.event (topic, op, payload)
    SELECT %1$L, 'U', found.image FROM new_rows CROSS JOIN LATERAL (SELECT %5$s AS image %6$s LIMIT 1) found;
  ELSIF TG_OP <> 'DELETE' THEN
    SELECT c.relam = 2 AND coalesce(pg_relation_size(c.reltoastrelid), 0) = 0 INTO small
    FROM pg_class c WHERE c.oid = TG_RELID;
    INSERT INTO outbox.event (topic, op, payload)
    SELECT %1$L, left(TG_OP, 1)::"char", %7$s FROM new_rows;
  END IF;$body$,
    t.topic, outbox.sql_safe_key(t, 'was'), outbox.sql_current(t, 'was'), outbox.sql_compare(t.key, 'now', '*=', 'was'),
    outbox.sql_safe_image(t, 'now', columns), outbox.sql_current(t, 'new_rows'),
    outbox.sql_safe_image(t, 'new_rows', columns, 'small')), t.topic) || '
  RETURN NULL;
END'
$$;

-- As outbox.sql_settings_fit() for what is captured of a row. Without event triggers nobody tells of columns that change
-- their type, so nothing is known.
CREATE FUNCTION outbox.row_settings_fit(t outbox.tracked) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT outbox.sql_settings_fit(t.relation, outbox.columns_of(t.relation, t.exclude))
  WHERE EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'outbox_ddl_end')
$$;

-- The settings make the text of a value independent of the writer's session; `settings` => false: it is without them.
-- Where possible the function belongs to outbox_capture, which may do nothing but write events: a cast to json that some
-- user has defined for a column's type runs with that role's rights and not with ours.
DROP FUNCTION outbox.create_function(text, text, text, text);
CREATE FUNCTION outbox.create_function(name text, arguments text, result text, body text, settings boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  signature text := format('outbox.%I(%s)', create_function.name, create_function.arguments);
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION %s RETURNS %s LANGUAGE plpgsql SECURITY DEFINER %s AS %L', signature,
    create_function.result, CASE WHEN settings THEN
    $sql$SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD'
    SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C'$sql$ END,
    create_function.body);
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
  IF outbox.has_capture_role() THEN
    EXECUTE format('ALTER FUNCTION %s OWNER TO outbox_capture', signature);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION outbox.create_functions(t outbox.tracked) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := 'capture_' || t.id;
  columns text[] := CASE WHEN t.exclude <> '{}' THEN outbox.columns_of(t.relation, t.exclude) END;
  fits text := outbox.row_settings_fit(t);
BEGIN
  IF t.capture = 'row' THEN
    PERFORM outbox.create_function(name, '', 'trigger',
      outbox.body_row(t, columns, fits, outbox.sql_settings_fit(t.relation, t.key)), settings => fits IS NULL);
  ELSE
    PERFORM outbox.create_function(name, '', 'trigger', outbox.body_statement(t, columns));
  END IF;
  PERFORM outbox.create_function(name || '_truncate', '', 'trigger', outbox.body_blind(t.topic));
  IF outbox.is_partitioned(t.relation) THEN
    PERFORM outbox.create_function(name || '_rows', 'leaf regclass, change "char"', 'void',
                                   outbox.body_rows(t, columns));
  END IF;
END $$;

REVOKE ALL ON FUNCTION outbox.sql_canonical_image, outbox.sql_canonical_key, outbox.sql_same_key, outbox.sql_safe_image,
  outbox.body_row_usual, outbox.body_row, outbox.create_function, outbox.row_settings_fit FROM PUBLIC;

-- A table that is captured without content waits for mailboat track as before.
DO $$
DECLARE
  t outbox.tracked;
BEGIN
  FOR t IN SELECT * FROM outbox.tracked x WHERE NOT x.blind LOOP
    BEGIN
      PERFORM outbox.refresh(t.id, reload => false, rebuild => true);
    EXCEPTION WHEN undefined_column OR undefined_table OR invalid_table_definition THEN
      RAISE WARNING 'the capture of table % was not renewed: %', t.topic, SQLERRM
        USING HINT = 'mailboat doctor shows what is wrong with it.';
    END;
  END LOOP;
END $$;
