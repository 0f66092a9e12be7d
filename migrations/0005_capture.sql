-- Capture: one set of trigger functions per tracked table, generated, so that a key column is a plain field
-- reference and nothing is looked up per row. Every column in them is qualified, and a bare name is a variable, however
-- the application calls its columns.
--
-- AFTER triggers see the image that their statement wrote. When other triggers change the same rows meanwhile, that
-- image is stale before it is logged. So once a change made inside a trigger has been captured, the rest of the
-- transaction ("outbox.nested") logs what the table holds now instead, and in whatever order triggers fire, the last
-- event about a row tells how it is.

-- JSON of a row; `columns` NULL: all of them.
CREATE FUNCTION outbox.sql_image(record text, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN columns IS NULL THEN format('row_to_json(%s.*)', record)
    ELSE format('(SELECT row_to_json(picked.*) FROM (SELECT %s) picked)',
                (SELECT string_agg(format('%1$s.%2$I AS %2$I', record, c), ', ') FROM unnest(columns) c)) END
$$;

CREATE FUNCTION outbox.sql_key(record text, key text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('json_build_object(%s)', string_agg(format('%L, %s.%I', k, record, k), ', ')) FROM unnest(key) k
$$;

-- Compares what is printed, not what is equal: a key that goes from 1.0 to 1.00 is another key to a replica.
CREATE FUNCTION outbox.sql_compare(key text[], one text, operator text, other text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('ROW(%s)::record %s ROW(%s)::record', string_agg(format('%s.%I', one, k), ', '), operator,
                string_agg(format('%s.%I', other, k), ', ')) FROM unnest(key) k
$$;

-- The row of the table that has the same key now.
CREATE FUNCTION outbox.sql_current(t outbox.tracked, record text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('FROM %s%s now WHERE %s', CASE c.relkind WHEN 'r' THEN 'ONLY ' END, t.relation,
                outbox.same_key(t.relation, t.key, 'now', record))
  FROM pg_class c WHERE c.oid = t.relation
$$;

CREATE FUNCTION outbox.sql_wake() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT $body$
  IF NOT pg_try_advisory_xact_lock_shared(1835162484, 1) THEN
    PERFORM outbox.wake_producer();
  END IF;$body$
$$;

-- Where no event trigger can rewrite the functions when a column is renamed or dropped, the application must not fail
-- for it: the event is written without a payload, which the consumer refuses, and tracking again heals.
CREATE FUNCTION outbox.sql_guarded(body text, topic text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'outbox_ddl_end') THEN body
    ELSE format($body$
  BEGIN%s
  EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN
    INSERT INTO outbox.event (topic, op) VALUES (%L, left(TG_OP, 1)::"char");
    RETURN NULL;
  END;$body$, body, topic) END
$$;

CREATE FUNCTION outbox.body_row(t outbox.tracked, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '#variable_conflict use_variable
DECLARE
  change "char" := left(TG_OP, 1);
  gone json;
  image json;
BEGIN' || outbox.sql_wake() || outbox.sql_guarded(format($body$
  IF pg_trigger_depth() > 1 OR current_setting('outbox.nested', true) = 'on' THEN
    PERFORM set_config('outbox.nested', 'on', true);
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
    outbox.sql_image('NEW', columns)), t.topic) || format($body$
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
-- table, because the same statement, or a trigger, may have brought it back. The table is asked by scalar subqueries so
-- that no plan, cached from a large statement, scans it for a small one.
CREATE FUNCTION outbox.body_statement(t outbox.tracked, columns text[]) RETURNS text
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
    SELECT %1$L, 'U', found.image FROM (SELECT (SELECT %5$s %6$s) image FROM new_rows OFFSET 0) found
    WHERE found.image IS NOT NULL;
  ELSIF TG_OP <> 'DELETE' THEN
    INSERT INTO outbox.event (topic, op, payload)
    SELECT %1$L, left(TG_OP, 1)::"char", %7$s FROM new_rows;
  END IF;$body$,
    t.topic, outbox.sql_key('was', t.key), outbox.sql_current(t, 'was'), outbox.sql_compare(t.key, 'now', '*=', 'was'),
    outbox.sql_image('now', columns), outbox.sql_current(t, 'new_rows'), outbox.sql_image('new_rows', columns)),
    t.topic) || '
  RETURN NULL;
END'
$$;

-- All that can be said without knowing the columns. Also what TRUNCATE writes.
CREATE FUNCTION outbox.body_blind(topic text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'BEGIN' || outbox.sql_wake() || format($body$
  INSERT INTO outbox.event (topic, op) VALUES (%L, left(TG_OP, 1)::"char");
  RETURN NULL;
END$body$, body_blind.topic)
$$;

-- Writes every row of one partition: U when it has come with rows in it, D when it leaves or is emptied by itself.
CREATE FUNCTION outbox.body_rows(t outbox.tracked, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'BEGIN' || outbox.sql_wake() || format($body$
  IF change = 'D' THEN
    EXECUTE %L || leaf::text || ' AS leaf_row';
  ELSE
    EXECUTE %L || leaf::text || ' AS leaf_row';
  END IF;
END$body$,
    format('INSERT INTO outbox.event (topic, op, payload) SELECT %L, ''D'', %s FROM ONLY ', t.topic,
           outbox.sql_key('leaf_row', t.key)),
    format('INSERT INTO outbox.event (topic, op, payload) SELECT %L, ''U'', %s FROM ONLY ', t.topic,
           outbox.sql_image('leaf_row', columns)))
$$;
