-- Schema changes, told exactly: a load is asked for only where rows read differently, a key is followed to the primary
-- key that replaces it, types that change under a table are noticed, and a table that goes says so.

ALTER TABLE outbox.tracked ADD forms jsonb;
COMMENT ON COLUMN outbox.tracked.forms IS
  'what its last description does not tell of how values read: see outbox.forms_of; NULL before the first description';

-- All types that values of the table are made of, its columns' and what those consist of. (PostgreSQL 13 has no
-- multiranges, and no column that names them.)
CREATE FUNCTION outbox.types_of(relation oid, exclude text[]) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE used(type) AS (
    SELECT a.atttypid FROM pg_attribute a
    WHERE a.attrelid = types_of.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname::text <> ALL (types_of.exclude)
    UNION
    SELECT part.type FROM used JOIN pg_type y ON y.oid = used.type CROSS JOIN LATERAL (
      SELECT y.typelem WHERE y.typelem <> 0
      UNION ALL SELECT y.typbasetype WHERE y.typtype = 'd'
      UNION ALL SELECT a.atttypid FROM pg_attribute a
                WHERE y.typtype = 'c' AND a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT g.rngsubtype FROM pg_range g
                WHERE g.rngtypid = y.oid OR (to_jsonb(g) ->> 'rngmultitypid')::oid = y.oid) part(type))
  SELECT type FROM used
$$;

-- `types`: labels of enums and attributes of composite types, each by the number that a rename does not change;
-- `columns`: the type of each column, likewise; `key`: the collations that a load goes along.
CREATE FUNCTION outbox.forms_of(relation oid, key text[], exclude text[]) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object(
    'types', (SELECT coalesce(jsonb_object_agg(y.oid, CASE y.typtype
                WHEN 'e' THEN (SELECT coalesce(jsonb_object_agg(e.oid, e.enumlabel), '{}') FROM pg_enum e WHERE e.enumtypid = y.oid)
                ELSE (SELECT coalesce(jsonb_object_agg(a.attnum, jsonb_build_array(a.attname, a.atttypid)), '{}')
                      FROM pg_attribute a
                      WHERE a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END), '{}')
              FROM outbox.types_of(forms_of.relation, forms_of.exclude) u JOIN pg_type y ON y.oid = u
              WHERE y.typtype IN ('e', 'c')),
    'columns', (SELECT coalesce(jsonb_object_agg(a.attnum, a.atttypid), '{}') FROM pg_attribute a
                WHERE a.attrelid = forms_of.relation AND a.attnum > 0 AND NOT a.attisdropped
                  AND a.attname::text <> ALL (forms_of.exclude)),
    'key', (SELECT coalesce(jsonb_agg(a.attcollation::regcollation::text ORDER BY k.position), '[]')
            FROM unnest(forms_of.key) WITH ORDINALITY k(name, position)
            JOIN pg_attribute a ON a.attrelid = forms_of.relation AND a.attname = k.name::name))
$$;

-- True when rows read differently, or come in another order, although nobody wrote them: a label or an attribute has
-- another name, a composite type has other attributes, or the key another collation. A new label is in no row yet.
CREATE FUNCTION outbox.forms_differ(before jsonb, after jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(before -> 'key' <> after -> 'key', false) OR EXISTS (
    SELECT FROM jsonb_each(before -> 'types') b(type, parts) JOIN jsonb_each(after -> 'types') a(type, parts) USING (type)
    JOIN pg_type y ON y.oid = type::oid
    WHERE CASE y.typtype WHEN 'e' THEN NOT a.parts @> b.parts ELSE a.parts <> b.parts END)
$$;

-- The part of a type's text that tells how its values read.
CREATE FUNCTION outbox.reading_of(type text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT regexp_replace(regexp_replace(reading_of.type, '^(?!numeric)(.*?)\(.*?\)', '\1'), '^character varying', 'text')
$$;

-- True when rows may read differently although nobody wrote them: a column that was there is of another type (lengths
-- do not count, nor does a type's own name, nor text for varchar; but the precision of a numeric does: a replica stores
-- short ones in another form), or one that was not there has values in rows from before (a default that PostgreSQL did
-- not have to write into them).
DROP FUNCTION outbox.rows_differ(oid, jsonb, jsonb);
CREATE FUNCTION outbox.rows_differ(relation oid, before jsonb, after jsonb, forms_before jsonb, forms_after jsonb)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT outbox.forms_differ(forms_before, forms_after) OR EXISTS (
    SELECT FROM jsonb_to_recordset(after -> 'columns') a(name text, type text, number smallint)
    LEFT JOIN jsonb_to_recordset(before -> 'columns') b(name text, type text, number smallint) USING (number)
    WHERE (outbox.reading_of(a.type) <> outbox.reading_of(b.type)
           AND NOT coalesce(forms_before -> 'columns' -> number::text = forms_after -> 'columns' -> number::text
                            AND (forms_after -> 'columns' ->> number::text)::oid >= 16384, false))
       OR b.number IS NULL AND EXISTS (
            SELECT FROM pg_attribute m
            WHERE m.attname::text = a.name AND m.atthasmissing
              AND (m.attrelid = rows_differ.relation
                   OR m.attrelid IN (SELECT relid FROM pg_partition_tree(rows_differ.relation)))))
$$;

-- Nothing when the topic's last table is gone: a table that is tracked under its name since is another one.
CREATE OR REPLACE FUNCTION outbox.last_description(topic text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN NOT r.dropped THEN r.description::jsonb - '{load,renamed_from,new,unlocked}'::text[] END
  FROM outbox.relation r WHERE r.topic = last_description.topic ORDER BY r.event_id DESC LIMIT 1
$$;

-- Whether nobody but this transaction can have written the table without having committed. An ALTER TABLE sees to
-- that; a command on a schema or a type does not, nor does one on a partitioned table for those who name a partition.
-- Locking it here might make a writer wait for a lock of ours, and let one of the two fail.
CREATE FUNCTION outbox.has_no_other_writer(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT bool_and(EXISTS (
    SELECT FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.granted AND l.relation = m.member
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')))
  FROM (SELECT has_no_other_writer.relation
        UNION SELECT p.relid FROM pg_partition_tree(has_no_other_writer.relation) p WHERE p.isleaf) m(member)
$$;

CREATE FUNCTION outbox.is_key(relation oid, key text[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT cardinality(is_key.key) > 0 AND outbox.key_index(is_key.relation, is_key.key) IS NOT NULL
     AND NOT EXISTS (SELECT FROM pg_attribute a
                     WHERE a.attrelid = is_key.relation AND a.attname::text = ANY (is_key.key) AND NOT a.attnotnull)
$$;

-- The key under its present names as long as it is one; otherwise the primary key, which has replaced it.
CREATE FUNCTION outbox.follow_key(t outbox.tracked) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept text[] := outbox.current_names(t, t.key_numbers, t.key);
  replacement text[] := outbox.primary_key(t.relation);
BEGIN
  IF cardinality(kept) = cardinality(t.key_numbers) AND outbox.is_key(t.relation, kept) THEN
    RETURN kept;
  END IF;
  IF outbox.is_key(t.relation, replacement) AND NOT replacement && t.exclude THEN
    RETURN replacement;
  END IF;
  IF cardinality(kept) < cardinality(t.key_numbers) THEN
    RAISE EXCEPTION 'a key column of table % is gone', t.topic USING ERRCODE = 'undefined_column';
  END IF;
  PERFORM outbox.check_key(t.relation, kept);
  RETURN kept;
END $$;

CREATE OR REPLACE FUNCTION outbox.follow_renames(INOUT t outbox.tracked)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM outbox.check_excluded(t);
  t.exclude := outbox.current_names(t, t.exclude_numbers, t.exclude);
  t.key := outbox.follow_key(t);
  t.key_numbers := outbox.numbers_of(t.relation, t.key);
  t.exclude_numbers := outbox.numbers_of(t.relation, t.exclude);
  t.numbers_of := t.relation;
END $$;

-- `reload`: rows may differ from what the log told, so replicas have to load the table again.
-- `rebuild`: write the functions even if nothing differs.
-- An R event tells with `new` that it describes another table than those before it under this name, with `unlocked`
-- that events which were written before it may come after it.
CREATE OR REPLACE FUNCTION outbox.refresh(id int, reload boolean, rebuild boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  was outbox.tracked;
  t outbox.tracked;
  before jsonb;
  after jsonb;
BEGIN
  SELECT * INTO STRICT was FROM outbox.tracked x WHERE x.id = refresh.id FOR UPDATE;
  t := outbox.follow_renames(was);
  t.topic := outbox.topic_of(t.relation);
  before := CASE WHEN was.forms IS NOT NULL THEN outbox.last_description(was.topic) END;
  after := outbox.describe(t.relation, t.key, t.exclude);
  t.forms := outbox.forms_of(t.relation, t.key, t.exclude);
  IF was.numbers_of = t.relation::oid THEN
    reload := reload OR t.key_numbers <> was.key_numbers
           OR outbox.rows_differ(t.relation, before, after, was.forms, t.forms);
  ELSE
    reload := reload OR outbox.rows_differ(t.relation, before, after, NULL, NULL);
  END IF;
  reload := reload OR t.rewritten OR t.blind OR before IS NULL;
  IF reload OR rebuild OR after <> before THEN
    PERFORM outbox.create_functions(t);
    PERFORM outbox.grant_reading(t.relation, t.exclude, reader)
    FROM unnest('{outbox_producer,outbox_capture}'::text[]) reader;
  END IF;
  IF reload OR rebuild OR after <> before OR t.forms IS DISTINCT FROM was.forms THEN
    UPDATE outbox.tracked x
    SET topic = t.topic, key = t.key, key_numbers = t.key_numbers, exclude = t.exclude,
        exclude_numbers = t.exclude_numbers, numbers_of = t.numbers_of, forms = t.forms, rewritten = false, blind = false
    WHERE x.id = t.id;
  END IF;
  IF reload OR after <> before THEN
    PERFORM outbox.write_relation(t.topic, after || jsonb_build_object('load', reload)
      || CASE WHEN before IS NULL THEN '{"new": true}' ELSE '{}' END::jsonb
      || CASE WHEN t.topic <> was.topic THEN jsonb_build_object('renamed_from', was.topic) ELSE '{}' END
      || CASE WHEN outbox.has_no_other_writer(t.relation) THEN '{}' ELSE '{"unlocked": true}' END::jsonb);
    PERFORM outbox.follow_selection(t, was.topic, before, after);
  END IF;
END $$;

-- The last that the log says about a table: nothing more will come. Its rows stay in the replicas.
CREATE FUNCTION outbox.write_end(topic text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT outbox.write_relation(write_end.topic, d || '{"load": false, "dropped": true}')
  FROM outbox.last_description(write_end.topic) d WHERE d IS NOT NULL
$$;

-- Tables that went when no event trigger could tell of it.
CREATE FUNCTION outbox.forget_dropped() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone outbox.tracked;
BEGIN
  FOR gone IN DELETE FROM outbox.tracked t
              WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation) RETURNING t.* LOOP
    PERFORM outbox.drop_functions(gone.id);
    PERFORM outbox.write_end(gone.topic);
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION outbox.track(relation regclass, key text[] DEFAULT NULL, exclude text[] DEFAULT NULL,
                             capture text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old outbox.tracked;
  t outbox.tracked;
BEGIN
  PERFORM outbox.check_relation(track.relation);
  PERFORM outbox.forget_dropped();
  -- Whoever is writing finishes first, uncaptured but in time for the load; who comes later is captured.
  EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', track.relation);
  SELECT * INTO old FROM outbox.tracked x WHERE x.relation = track.relation;
  t := outbox.with_options(old, track.relation, track.key, track.exclude, track.capture);
  PERFORM outbox.check_capture(t.relation, t.capture);
  PERFORM outbox.check_columns(t.relation, t.key, t.exclude);
  PERFORM outbox.check_key(t.relation, t.key);
  t.key_numbers := outbox.numbers_of(t.relation, t.key);
  t.exclude_numbers := outbox.numbers_of(t.relation, t.exclude);
  IF old.id IS NULL THEN
    INSERT INTO outbox.tracked (topic, relation, key, exclude, capture, key_numbers, exclude_numbers, numbers_of)
    VALUES (outbox.topic_of(t.relation), t.relation, t.key, t.exclude, t.capture, t.key_numbers, t.exclude_numbers,
            t.relation);
  ELSE
    UPDATE outbox.tracked x
    SET key = t.key, exclude = t.exclude, capture = t.capture, key_numbers = t.key_numbers,
        exclude_numbers = t.exclude_numbers, numbers_of = t.relation WHERE x.id = old.id;
  END IF;
  PERFORM outbox.refresh(x.id, rebuild => true,
    reload => old.id IS NULL OR (old.key_numbers, old.exclude_numbers, old.capture)
                    IS DISTINCT FROM (t.key_numbers, t.exclude_numbers, t.capture))
  FROM outbox.tracked x WHERE x.relation = t.relation;
  SELECT * INTO t FROM outbox.tracked x WHERE x.relation = t.relation;
  PERFORM outbox.create_triggers(t);
  PERFORM outbox.refresh_leaves(t, with_rows => old.id IS NOT NULL);
  RETURN t.topic;
END $$;

-- Ends the capture of a table. Its events stay in the log.
CREATE OR REPLACE FUNCTION outbox.untrack(relation regclass) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t outbox.tracked;
  name text;
BEGIN
  SELECT * INTO t FROM outbox.tracked x WHERE x.relation = untrack.relation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'table % is not tracked', outbox.topic_of(untrack.relation) USING ERRCODE = 'undefined_object',
      HINT = 'SELECT topic FROM outbox.tracked lists the tracked tables.';
  END IF;
  FOR name IN SELECT w.name FROM outbox.wanted_triggers(t) w LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', name, t.relation);
  END LOOP;
  PERFORM outbox.remove_leaves(t);
  PERFORM outbox.revoke_reading(t.relation, reader) FROM unnest('{outbox_producer,outbox_capture}'::text[]) reader;
  DELETE FROM outbox.tracked x WHERE x.id = t.id;
  PERFORM outbox.drop_functions(t.id);
  PERFORM outbox.write_end(t.topic);
  RETURN t.topic;
END $$;

-- Which tracked tables the running command may have changed. By its own oid ALTER TYPE names the type itself, where it
-- is composite the type's relation; a table is a type, too.
CREATE FUNCTION outbox.touched(classes oid[], types oid[], namespaces oid[]) RETURNS SETOF int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH changed(type) AS (
    SELECT unnest(touched.types)
    UNION SELECT c.reltype FROM pg_class c WHERE c.oid = ANY (touched.classes) AND c.reltype <> 0
    UNION SELECT y.oid FROM pg_type y WHERE y.typnamespace = ANY (touched.namespaces) AND y.typtype IN ('e', 'c'))
  SELECT t.id FROM outbox.tracked t
  WHERE t.relation IN (SELECT outbox.family(c) FROM unnest(touched.classes) c)
     OR t.relation IN (SELECT c.oid FROM pg_class c WHERE c.relnamespace = ANY (touched.namespaces))
     OR touched.types IS NOT NULL AND t.relation IN (
          SELECT a.attrelid FROM pg_type y JOIN pg_attribute a ON a.atttypid = y.oid
          WHERE y.oid = ANY (touched.types) OR y.typelem = ANY (touched.types))
     OR t.forms -> 'types' ?| ARRAY(SELECT changed.type::text FROM changed)
     OR t.blind AND t.relation IN (SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = ANY (touched.classes))
$$;

CREATE OR REPLACE FUNCTION outbox.on_ddl_end() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM outbox.refresh_or_go_blind(touched.id)
  FROM (SELECT array_agg(d.objid) FILTER (WHERE d.classid = 'pg_class'::regclass) AS classes,
               array_agg(d.objid) FILTER (WHERE d.classid = 'pg_type'::regclass) AS types,
               array_agg(d.objid) FILTER (WHERE d.classid = 'pg_namespace'::regclass) AS namespaces
        FROM pg_event_trigger_ddl_commands() d) done,
       outbox.touched(done.classes, done.types, done.namespaces) touched(id);
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'mailboat could not follow this command: %', SQLERRM USING HINT = 'mailboat doctor shows what differs.';
END $$;

CREATE OR REPLACE FUNCTION outbox.on_drop() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone outbox.tracked;
BEGIN
  FOR gone IN DELETE FROM outbox.tracked t USING pg_event_trigger_dropped_objects() d
              WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND d.objid = t.relation RETURNING t.* LOOP
    PERFORM outbox.drop_functions(gone.id);
    PERFORM outbox.write_end(gone.topic);
  END LOOP;
  PERFORM outbox.reload_after_dropped_partition(replace(d.address_names[3], 'outbox_capture_leaf_', '')::int,
                                                d.address_names[1] || '.' || d.address_names[2])
  FROM pg_event_trigger_dropped_objects() d
  WHERE d.object_type = 'trigger' AND d.address_names[3] ~ '^outbox_capture_leaf_\d+$';
  PERFORM outbox.refresh_or_go_blind(t.id) FROM outbox.tracked t
  WHERE (NOT t.blind AND outbox.key_index(t.relation, t.key) IS NULL)
     OR t.id IN (SELECT outbox.touched(ARRAY(SELECT d.objid FROM pg_event_trigger_dropped_objects() d
                                             WHERE d.classid = 'pg_class'::regclass AND d.objsubid > 0), NULL, NULL));
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'mailboat could not follow this command: %', SQLERRM USING HINT = 'mailboat doctor shows what differs.';
END $$;

REVOKE ALL ON FUNCTION outbox.types_of, outbox.forms_of, outbox.forms_differ, outbox.rows_differ, outbox.reading_of,
  outbox.has_no_other_writer, outbox.is_key, outbox.follow_key, outbox.write_end, outbox.forget_dropped, outbox.touched
  FROM PUBLIC;

-- ALTER INDEX can rename a table, a new index can give a key back, and columns go with what they are computed by.
DO $$
BEGIN
  DROP EVENT TRIGGER IF EXISTS outbox_ddl_end;
  CREATE EVENT TRIGGER outbox_ddl_end ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER INDEX', 'CREATE INDEX', 'CREATE TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'ALTER TYPE',
                 'ALTER DOMAIN')
    EXECUTE FUNCTION outbox.on_ddl_end();
  DROP EVENT TRIGGER IF EXISTS outbox_drop;
  CREATE EVENT TRIGGER outbox_drop ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP INDEX', 'DROP TYPE', 'DROP DOMAIN', 'DROP EXTENSION',
                 'DROP FUNCTION', 'DROP ROUTINE', 'DROP COLLATION', 'DROP ACCESS METHOD')
    EXECUTE FUNCTION outbox.on_drop();
  ALTER EVENT TRIGGER outbox_ddl_end ENABLE ALWAYS;
  ALTER EVENT TRIGGER outbox_drop ENABLE ALWAYS;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'schema changes are not followed, because only a superuser can create event triggers'
    USING HINT = 'After each ALTER TABLE of a tracked table run mailboat track again.';
END $$;

UPDATE outbox.tracked t SET forms = outbox.forms_of(t.relation, t.key, t.exclude);
