-- What a composite type is made of; and no row, however large or odd, makes the application's statement fail.

-- The type as a replica needs to know it: domains (also as array elements) resolved to what they are made of, and
-- behind the name of a composite type its attributes, in braces, which no type modifier has.
CREATE OR REPLACE FUNCTION outbox.base_type(type oid, typmod int) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t pg_type;
  element pg_type;
BEGIN
  SELECT * INTO t FROM pg_type WHERE oid = base_type.type;
  IF t.typtype = 'd' THEN
    RETURN outbox.base_type(t.typbasetype, CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE base_type.typmod END);
  END IF;
  IF t.typtype = 'c' THEN
    RETURN format('%s{%s}', format_type(t.oid, -1),
      (SELECT string_agg(format('%I %s', a.attname, outbox.base_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped));
  END IF;
  SELECT * INTO element FROM pg_type WHERE oid = t.typelem AND typarray = t.oid;
  IF element.typtype IN ('d', 'c') THEN
    RETURN outbox.base_type(element.oid, -1) || '[]';
  END IF;
  RETURN format_type(base_type.type, base_type.typmod);
END $$;

-- Writing a row as JSON can fail: above 1 GB, or in a cast to json that somebody has defined for a column's type. The
-- event is then written without content, which the consumer refuses and makes a task. What is above this limit could
-- be written, but hardly read: SQLite takes no value above a billion bytes, and PostgreSQL no message above 1 GB.
CREATE FUNCTION outbox.largest_image() RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 1000000000 $$;

CREATE FUNCTION outbox.sql_image_limit() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format($body$
    IF pg_column_size(image) > %s THEN
      RAISE program_limit_exceeded;
    END IF;$body$, outbox.largest_image())
$$;

-- A failure of the transaction as a whole is the application's to repeat. `topic` is SQL.
CREATE FUNCTION outbox.sql_image_failed(topic text, remedy text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format($body$
  EXCEPTION
    WHEN transaction_rollback THEN
      RAISE;
    WHEN OTHERS THEN
      RAISE WARNING 'mailboat cannot write a row of %% as JSON: %%', %s,
        CASE SQLSTATE WHEN '54000' THEN 'it is larger than a JSON value can be' ELSE SQLERRM END
        USING HINT = 'Replicas refuse this change. See "Values that cannot be carried" in docs/types.md.';
      %s
  END;$body$, sql_image_failed.topic, remedy)
$$;

-- The JSON of a row, or NULL. Without settings of its own, which would cost much per row: capture functions call it.
DO $$
BEGIN
  EXECUTE format($sql$
CREATE FUNCTION outbox.image(source record, topic text) RETURNS json LANGUAGE plpgsql AS %L$sql$,
    'DECLARE
  image json;
BEGIN
  BEGIN
    image := pg_catalog.row_to_json(source);' || outbox.sql_image_limit() || '
    RETURN image;' || outbox.sql_image_failed('topic', 'RETURN NULL;') || '
END');
END $$;
REVOKE ALL ON FUNCTION outbox.image(record, text) FROM PUBLIC;

-- True when a column of the table, or a part of one, is of a type that row_to_json() writes by a cast that somebody
-- has defined.
CREATE FUNCTION outbox.has_json_cast(relation oid, columns text[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE part(type) AS (
    SELECT a.atttypid FROM pg_attribute a
    WHERE a.attrelid = has_json_cast.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname::text = ANY (has_json_cast.columns)
    UNION
    SELECT smaller.type
    FROM part JOIN pg_type t ON t.oid = part.type
    CROSS JOIN LATERAL (
      SELECT t.typbasetype UNION ALL SELECT t.typelem UNION ALL
      SELECT a.atttypid FROM pg_attribute a
      WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped) smaller(type)
    WHERE smaller.type <> 0)
  SELECT EXISTS (SELECT FROM pg_cast c JOIN part ON part.type = c.castsource
                 WHERE c.casttarget = 'json'::regtype AND c.castfunc <> 0)
$$;

-- As sql_image(), but never fails, for where a block around the whole statement would be a subtransaction that writes,
-- and so takes a transaction id. A row that is this small cannot become too large, not even an array of numerics with
-- 131072 digits in 12 bytes each.
CREATE FUNCTION outbox.sql_safe_image(t outbox.tracked, record text, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN columns IS NULL THEN image
    ELSE format('(SELECT %s FROM (SELECT %s) picked)', image,
                (SELECT string_agg(format('%1$s.%2$I AS %2$I', record, c), ', ') FROM unnest(columns) c)) END
  FROM format(
    CASE WHEN outbox.has_json_cast(t.relation, coalesce(columns, outbox.columns_of(t.relation, '{}')))
    THEN 'outbox.image(%1$s.*, %2$L)'
    ELSE 'CASE WHEN pg_column_size(%1$s.*) <= 50000 THEN row_to_json(%1$s.*) ELSE outbox.image(%1$s.*, %2$L) END' END,
    CASE WHEN columns IS NULL THEN record ELSE 'picked' END, t.topic) image
$$;

CREATE FUNCTION outbox.sql_safe_key(t outbox.tracked, record text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN outbox.has_json_cast(t.relation, t.key) THEN outbox.sql_safe_image(t, record, t.key)
    ELSE outbox.sql_key(record, t.key) END
$$;

-- The inner block is a subtransaction that writes nothing, which takes no transaction id.
CREATE OR REPLACE FUNCTION outbox.body_row(t outbox.tracked, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '#variable_conflict use_variable
DECLARE
  change "char" := left(TG_OP, 1);
  gone json;
  image json;
BEGIN' || outbox.sql_wake() || format($body$
  IF pg_trigger_depth() > 1 THEN
    PERFORM set_config('outbox.nested', 'on', true);
  END IF;
  BEGIN
    IF current_setting('outbox.nested', true) = 'on' THEN
      IF TG_OP <> 'INSERT' THEN
        SELECT %1$s INTO gone WHERE NOT EXISTS (SELECT %2$s AND %3$s);
      END IF;
      IF TG_OP <> 'DELETE' THEN
        change := 'U';
        SELECT %4$s INTO image %5$s;
      END IF;
    ELSIF TG_OP = 'DELETE' THEN
      gone := %1$s;
    ELSE
      IF TG_OP = 'UPDATE' AND %6$s THEN
        gone := %1$s;
      END IF;
      image := %7$s;
    END IF;$body$,
    outbox.sql_key('OLD', t.key), outbox.sql_current(t, 'OLD'), outbox.sql_compare(t.key, 'now', '*=', 'OLD'),
    outbox.sql_image('now', columns), outbox.sql_current(t, 'NEW'), outbox.sql_compare(t.key, 'OLD', '*<>', 'NEW'),
    outbox.sql_image('NEW', columns))
  || outbox.sql_image_limit() || outbox.sql_image_failed(quote_literal(t.topic), format($body$IF gone IS NOT NULL THEN
        INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, 'D', gone);
      END IF;
      INSERT INTO outbox.event (topic, op) VALUES (%1$L, left(TG_OP, 1)::"char");
      RETURN NULL;$body$, t.topic)) || format($body$
  IF gone IS NOT NULL THEN
    INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, 'D', gone);
  END IF;
  IF image IS NOT NULL THEN
    INSERT INTO outbox.event (topic, op, payload) VALUES (%1$L, change, image);
  END IF;
  RETURN NULL;
END$body$, t.topic)
$$;

-- D for every key that is no more, then the rows: a swap of keys ends right. That a key is no more is asked of the
-- table, because the same statement, or a trigger, may have brought it back. The table is asked by subqueries that cannot
-- be merged with the rest, so that no plan, cached from a large statement, scans it for a small one.
CREATE OR REPLACE FUNCTION outbox.body_statement(t outbox.tracked, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '#variable_conflict use_variable
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
    INSERT INTO outbox.event (topic, op, payload)
    SELECT %1$L, left(TG_OP, 1)::"char", %7$s FROM new_rows;
  END IF;$body$,
    t.topic, outbox.sql_safe_key(t, 'was'), outbox.sql_current(t, 'was'),
    outbox.sql_compare(t.key, 'now', '*=', 'was'), outbox.sql_safe_image(t, 'now', columns),
    outbox.sql_current(t, 'new_rows'), outbox.sql_safe_image(t, 'new_rows', columns)),
    t.topic) || '
  RETURN NULL;
END'
$$;

CREATE OR REPLACE FUNCTION outbox.body_rows(t outbox.tracked, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'BEGIN' || outbox.sql_wake() || format($body$
  IF change = 'D' THEN
    EXECUTE %L || leaf::text || ' AS leaf_row';
  ELSE
    EXECUTE %L || leaf::text || ' AS leaf_row';
  END IF;
END$body$,
    format('INSERT INTO outbox.event (topic, op, payload) SELECT %L, ''D'', %s FROM ONLY ', t.topic,
           outbox.sql_safe_key(t, 'leaf_row')),
    format('INSERT INTO outbox.event (topic, op, payload) SELECT %L, ''U'', %s FROM ONLY ', t.topic,
           outbox.sql_safe_image(t, 'leaf_row', columns)))
$$;

DO $$
BEGIN
  IF to_regrole('outbox_capture') IS NOT NULL THEN
    GRANT EXECUTE ON FUNCTION outbox.image(record, text) TO outbox_capture;
  END IF;
END $$;

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
