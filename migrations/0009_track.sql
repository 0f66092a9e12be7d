-- outbox.track and outbox.untrack, and the one function that brings everything in line with the table as it is now.

-- Columns that were named once, under the names that they have now; dropped ones are left out.
CREATE FUNCTION outbox.current_names(t outbox.tracked, numbers smallint[], names text[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN t.numbers_of = t.relation::oid THEN outbox.names_of(t.relation, numbers)
         ELSE ARRAY(SELECT n FROM unnest(names) n WHERE n = ANY (outbox.columns_of(t.relation, '{}'))) END
$$;

-- After a reload from a dump a missing name may have been dropped or renamed. Guessing could let a secret into the log.
CREATE FUNCTION outbox.check_excluded(t outbox.tracked) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF t.numbers_of <> t.relation::oid AND outbox.current_names(t, t.exclude_numbers, t.exclude) <> t.exclude THEN
    RAISE EXCEPTION 'an excluded column of table % is gone', t.topic USING ERRCODE = 'undefined_column',
      HINT = 'Say again which columns to exclude: mailboat track --exclude a,b';
  END IF;
END $$;

CREATE FUNCTION outbox.follow_renames(INOUT t outbox.tracked)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM outbox.check_excluded(t);
  t.exclude := outbox.current_names(t, t.exclude_numbers, t.exclude);
  t.key := outbox.current_names(t, t.key_numbers, t.key);
  IF cardinality(t.key) < cardinality(t.key_numbers) THEN
    RAISE EXCEPTION 'a key column of table % is gone', t.topic USING ERRCODE = 'undefined_column';
  END IF;
  t.key_numbers := outbox.numbers_of(t.relation, t.key);
  t.exclude_numbers := outbox.numbers_of(t.relation, t.exclude);
  t.numbers_of := t.relation;
END $$;

-- True when rows may read differently although nobody wrote them: a column that was there is of another type (lengths
-- do not count, but the precision of a numeric does: a replica stores short ones in another form), or one that was not
-- there has values in rows from before (a default that PostgreSQL did not have to write into them).
CREATE FUNCTION outbox.rows_differ(relation oid, before jsonb, after jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM jsonb_to_recordset(after -> 'columns') a(name text, type text, number smallint)
    LEFT JOIN jsonb_to_recordset(before -> 'columns') b(name text, type text, number smallint) USING (number)
    WHERE regexp_replace(a.type, '^(?!numeric)(.*?)\(.*?\)', '\1')
          <> regexp_replace(b.type, '^(?!numeric)(.*?)\(.*?\)', '\1')
       OR b.number IS NULL AND EXISTS (
            SELECT FROM pg_attribute m
            WHERE m.attname::text = a.name AND m.atthasmissing
              AND (m.attrelid = rows_differ.relation
                   OR m.attrelid IN (SELECT relid FROM pg_partition_tree(rows_differ.relation)))))
$$;

-- `reload`: rows may differ from what the log told, so replicas have to load the table again.
-- `rebuild`: write the functions even if nothing differs.
CREATE FUNCTION outbox.refresh(id int, reload boolean, rebuild boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t outbox.tracked;
  old_topic text;
  before jsonb;
  after jsonb;
BEGIN
  SELECT * INTO STRICT t FROM outbox.tracked x WHERE x.id = refresh.id;
  t := outbox.follow_renames(t);
  PERFORM outbox.check_key(t.relation, t.key);
  old_topic := t.topic;
  t.topic := outbox.topic_of(t.relation);
  before := outbox.last_description(old_topic);
  after := outbox.describe(t.relation, t.key, t.exclude);
  reload := reload OR t.rewritten OR t.blind OR t.topic <> old_topic OR before IS NULL
         OR outbox.rows_differ(t.relation, before, after);
  IF reload OR rebuild OR after <> before THEN
    PERFORM outbox.create_functions(t);
    PERFORM outbox.grant_reading(t.relation, t.exclude, reader)
    FROM unnest('{outbox_producer,outbox_capture}'::text[]) reader;
    UPDATE outbox.tracked x
    SET topic = t.topic, key = t.key, key_numbers = t.key_numbers, exclude = t.exclude,
        exclude_numbers = t.exclude_numbers, numbers_of = t.numbers_of, rewritten = false, blind = false
    WHERE x.id = t.id;
  END IF;
  IF reload OR after <> before THEN
    PERFORM outbox.write_relation(t.topic, after || jsonb_build_object('load', reload)
      || CASE WHEN t.topic <> old_topic THEN jsonb_build_object('renamed_from', old_topic) ELSE '{}' END);
  END IF;
END $$;

-- Captures a table from now on, or brings the capture of a tracked one in line. Options left NULL: as they were, or for
-- a new table its primary key, nothing excluded, row capture. Returns the topic.
CREATE FUNCTION outbox.track(relation regclass, key text[] DEFAULT NULL, exclude text[] DEFAULT NULL,
                             capture text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old outbox.tracked;
  t outbox.tracked;
BEGIN
  PERFORM outbox.check_relation(track.relation);
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

CREATE FUNCTION outbox.with_options(INOUT t outbox.tracked, relation regclass, key text[], exclude text[], capture text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old_key text[] := outbox.current_names(t, t.key_numbers, t.key);
BEGIN
  IF with_options.exclude IS NULL THEN
    PERFORM outbox.check_excluded(t);
  END IF;
  t.exclude := coalesce(with_options.exclude, outbox.current_names(t, t.exclude_numbers, t.exclude), '{}');
  IF outbox.key_index(with_options.relation, old_key) IS NULL THEN
    old_key := NULL;
  END IF;
  t.key := coalesce(with_options.key, old_key, outbox.primary_key(with_options.relation), '{}');
  t.capture := coalesce(with_options.capture, t.capture, 'row');
  t.relation := with_options.relation;
END $$;

-- Ends the capture of a table. Its events stay in the log.
CREATE FUNCTION outbox.untrack(relation regclass) RETURNS text
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
  PERFORM outbox.drop_functions(t.id);
  DELETE FROM outbox.tracked x WHERE x.id = t.id;
  RETURN t.topic;
END $$;
