-- What a subscription receives: which topics, and which of their columns. Producers leave out the rest.

-- Not in outbox.subscription: a schema change of the application may lock a row of this table until it commits, and a
-- producer has to write down progress meanwhile.
CREATE TABLE outbox.selection (
  subscription int PRIMARY KEY REFERENCES outbox.subscription (id) ON DELETE CASCADE,
  columns      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(columns) = 'object'),
  widened      jsonb NOT NULL DEFAULT '{}',
  version      bigint NOT NULL DEFAULT 1
);
COMMENT ON COLUMN outbox.selection.columns IS 'for some topics the columns that may be sent: {"public.users": ["id"]}';
COMMENT ON COLUMN outbox.selection.widened IS
  'for some topics the transaction that gave the replica more of its table: one whose cursor does not cover it loads it';
COMMENT ON COLUMN outbox.selection.version IS
  'changes with topics and columns: a session that began with another one has to end';

-- Columns of tracked tables that were renamed: events up to `through_id` carry the old name.
CREATE TABLE outbox.column_rename (
  topic      text NOT NULL,
  through_id bigint NOT NULL,
  old_name   text NOT NULL,
  new_name   text NOT NULL,
  PRIMARY KEY (topic, through_id, old_name)
);

-- The columns of a topic that may be sent; NULL: all.
CREATE FUNCTION outbox.column_list(columns jsonb, topic text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN column_list.columns ? column_list.topic
         THEN ARRAY(SELECT jsonb_array_elements_text(column_list.columns -> column_list.topic)) END
$$;

-- The names that a tracked table had before the present one.
CREATE FUNCTION outbox.former_topics(topic text) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE former(name) AS (
    SELECT r.description ->> 'renamed_from' FROM outbox.relation r WHERE r.topic = former_topics.topic
    UNION
    SELECT r.description ->> 'renamed_from' FROM outbox.relation r JOIN former f ON r.topic = f.name)
  SELECT f.name FROM former f
  WHERE f.name <> former_topics.topic AND NOT EXISTS (SELECT FROM outbox.tracked t WHERE t.topic = f.name)
$$;

CREATE FUNCTION outbox.check_column_list(s outbox.subscription, topic text, list jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  names text[];
  present text[];
  key text[];
  wrong text;
BEGIN
  IF check_column_list.topic <> ALL (s.topics) THEN
    RAISE EXCEPTION 'subscription "%" does not take topic %', s.name, check_column_list.topic
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Name it among its topics as well. They are: ' || array_to_string(s.topics, ', ');
  END IF;
  IF jsonb_typeof(list) IS DISTINCT FROM 'array' OR list = '[]'
     OR EXISTS (SELECT FROM jsonb_array_elements(list) e WHERE jsonb_typeof(e) <> 'string') THEN
    RAISE EXCEPTION 'the columns of % have to be a list of names', check_column_list.topic
      USING ERRCODE = 'invalid_parameter_value', HINT = 'For all columns give null; to leave a topic out, use the topics.';
  END IF;
  SELECT outbox.columns_of(t.relation, t.exclude), t.key INTO present, key
  FROM outbox.tracked t WHERE t.topic = check_column_list.topic;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  names := ARRAY(SELECT jsonb_array_elements_text(list));
  SELECT n INTO wrong FROM unnest(names) n WHERE n <> ALL (present) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'table % has no column "%" that is captured', check_column_list.topic, wrong
      USING ERRCODE = 'undefined_column', HINT = 'Its columns: ' || array_to_string(present, ', ');
  END IF;
  SELECT k INTO wrong FROM unnest(key) k WHERE k <> ALL (names) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'key column "%" of table % is not among the columns', wrong, check_column_list.topic
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Without its key a row cannot be found in the replica. The key: ' || array_to_string(key, ', ');
  END IF;
END $$;

-- The tracked tables of which a replica gets more with the second selection than with the first.
CREATE FUNCTION outbox.widened_topics(topics text[], columns jsonb, new_topics text[], new_columns jsonb) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(t.topic ORDER BY t.topic), '{}')
  FROM outbox.tracked t
  CROSS JOIN LATERAL (SELECT outbox.column_list(widened_topics.columns, t.topic) AS before,
                             outbox.column_list(widened_topics.new_columns, t.topic) AS after) list
  WHERE (widened_topics.new_topics IS NULL OR t.topic = ANY (widened_topics.new_topics))
    AND (t.topic <> ALL (widened_topics.topics)
         OR EXISTS (SELECT FROM unnest(outbox.columns_of(t.relation, t.exclude)) c
                    WHERE c <> ALL (list.before) AND (list.after IS NULL OR c = ANY (list.after))))
$$;

-- Changes what a subscription receives. `topics` NULL: as before, '{*}': all. `columns` says for some topics which
-- columns may be sent, and with null that all may: {"public.users": ["id", "name"], "public.orders": null}; the lists of
-- other topics stay. A topic that no tracked table has may be one of an application, or of a table tracked later. A
-- running session ends, and its next one goes by the new selection. Open tasks of topics that are not taken any more are
-- discarded: they cannot be sent again, and must not count as failures for that. Returns the tables of which the replica
-- gets more: if the subscription started with a load, its next session loads them in place.
CREATE FUNCTION outbox.configure_selection(subscription text, topics text[] DEFAULT NULL, columns jsonb DEFAULT NULL)
RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(configure_selection.subscription);
  changed outbox.subscription;
  x outbox.selection;
  lists jsonb;
  given record;
  wider text[];
BEGIN
  SELECT * INTO STRICT s FROM outbox.subscription o WHERE o.id = s.id FOR UPDATE;
  INSERT INTO outbox.selection AS o (subscription) VALUES (s.id)
  ON CONFLICT ON CONSTRAINT selection_pkey DO UPDATE SET version = o.version + 1 RETURNING o.* INTO x;
  changed := s;
  IF configure_selection.topics IS NOT NULL THEN
    IF cardinality(configure_selection.topics) = 0 OR '' = ANY (configure_selection.topics)
       OR array_position(configure_selection.topics, NULL) IS NOT NULL THEN
      RAISE EXCEPTION 'subscription "%" has to have some topic', s.name
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Name topics, or * for all.';
    END IF;
    changed.topics := CASE WHEN '*' <> ALL (configure_selection.topics) THEN configure_selection.topics END;
  END IF;
  lists := x.columns;
  FOR given IN SELECT e.key AS topic, e.value AS list FROM jsonb_each(configure_selection.columns) e LOOP
    IF given.list = 'null' THEN
      lists := lists - given.topic - ARRAY(SELECT outbox.former_topics(given.topic));
    ELSE
      PERFORM outbox.check_column_list(changed, given.topic, given.list);
      SELECT lists || jsonb_object_agg(name, given.list) INTO lists
      FROM (SELECT given.topic AS name UNION SELECT outbox.former_topics(given.topic)) names;
    END IF;
  END LOOP;
  wider := outbox.widened_topics(s.topics, x.columns, changed.topics, lists);
  UPDATE outbox.selection o
  SET columns = lists, widened = o.widened || coalesce(
        (SELECT jsonb_object_agg(w, pg_current_xact_id()::text) FROM unnest(wider) w), '{}')
  WHERE o.subscription = s.id;
  UPDATE outbox.subscription o SET topics = changed.topics
  WHERE o.id = s.id AND o.topics IS DISTINCT FROM changed.topics;
  PERFORM outbox.discard_failed(s.name, ARRAY(
    SELECT k.id FROM outbox.task k
    WHERE k.subscription = s.name AND k.status IN ('retrying', 'failed') AND k.topic <> ALL (changed.topics)), NULL);
  PERFORM outbox.wake_producer();
  RETURN wider;
END $$;

-- For outbox.refresh: a table has got another shape or name since `before`, and `after` is not in the log yet. Lists
-- name its columns as they are called now. A list of a table that is renamed holds for both names: events under the old
-- one stay in the log. What is on no list does not come by a name that is. A table that is tracked only now is not the
-- one that `before` describes.
CREATE FUNCTION outbox.follow_column_renames(t outbox.tracked, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  is_new boolean := t.tracked_at = now();
  old_topic text := CASE WHEN is_new THEN t.topic ELSE concat_ws('.', before ->> 'schema', before ->> 'table') END;
  renamed jsonb;
  x record;
  list text[];
  names text[];
BEGIN
  SELECT coalesce(jsonb_object_agg(b.name, a.name), '{}') INTO renamed
  FROM jsonb_to_recordset(before -> 'columns') b(name text, number int)
  JOIN jsonb_to_recordset(after -> 'columns') a(name text, number int) USING (number)
  WHERE a.name <> b.name AND NOT is_new;
  IF old_topic = t.topic THEN
    INSERT INTO outbox.column_rename (topic, through_id, old_name, new_name)
    SELECT t.topic, (SELECT q.last_value FROM outbox.event_id q), r.key, r.value FROM jsonb_each_text(renamed) r;
  END IF;
  FOR x IN SELECT o.subscription, o.columns, s.name
           FROM outbox.selection o JOIN outbox.subscription s ON s.id = o.subscription
           WHERE o.columns ? old_topic ORDER BY o.subscription FOR UPDATE OF o LOOP
    list := outbox.column_list(x.columns, old_topic);
    names := ARRAY(SELECT coalesce(renamed ->> n, n) FROM unnest(list) n
                   WHERE renamed ? n OR NOT EXISTS (SELECT FROM jsonb_each_text(renamed) r WHERE r.value = n));
    IF old_topic <> t.topic OR names <> list THEN
      UPDATE outbox.selection o
      SET columns = o.columns || jsonb_build_object(t.topic, names), version = o.version + 1
      WHERE o.subscription = x.subscription;
    END IF;
    PERFORM outbox.warn_of_column_list(x.name, t, names, renamed);
  END LOOP;
  PERFORM outbox.warn_of_renamed_topic(old_topic, t.topic);
END $$;

CREATE FUNCTION outbox.warn_of_column_list(subscription text, t outbox.tracked, names text[], renamed jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  remedy text := format('mailboat configure %s --columns %s=%s,...', subscription, t.topic, array_to_string(t.key, ','));
  old_name text;
  missing text;
BEGIN
  FOR old_name, missing IN SELECT r.key, r.value FROM jsonb_each_text(renamed) r WHERE r.value <> ALL (names) LOOP
    RAISE NOTICE 'column "%" of %, called "%" before, is not among the columns of subscription "%", and not sent to it',
      missing, t.topic, old_name, subscription USING HINT = remedy;
  END LOOP;
  SELECT k INTO missing FROM unnest(t.key) k WHERE k <> ALL (names) LIMIT 1;
  IF FOUND THEN
    RAISE WARNING 'subscription "%" cannot follow %: key column "%" is not among its columns', subscription, t.topic,
      missing USING HINT = remedy;
  END IF;
END $$;

CREATE FUNCTION outbox.warn_of_renamed_topic(old_topic text, topic text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT s.name FROM outbox.subscription s
              WHERE warn_of_renamed_topic.old_topic = ANY (s.topics) AND warn_of_renamed_topic.topic <> ALL (s.topics)
              ORDER BY s.name LOOP
    RAISE WARNING 'subscription "%" takes % by its old name, and will not receive %', name, old_topic, topic
      USING HINT = format('mailboat configure %s --topics ..., with the new name among them', name);
  END LOOP;
END $$;

-- As before, but that lists of columns follow.
CREATE OR REPLACE FUNCTION outbox.refresh(id int, reload boolean, rebuild boolean) RETURNS void
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
    PERFORM outbox.follow_column_renames(t, before, after);
    PERFORM outbox.write_relation(t.topic, after || jsonb_build_object('load', reload)
      || CASE WHEN t.topic <> old_topic THEN jsonb_build_object('renamed_from', old_topic) ELSE '{}' END);
  END IF;
END $$;

-- As before, but that a replica which has still to load what it may have since has not applied it.
CREATE OR REPLACE FUNCTION outbox.has_applied(s outbox.subscription, wanted pg_snapshot) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  applied_xmax xid8 := pg_snapshot_xmax(s.snapshot);
  applied_xip xid8[] := ARRAY(SELECT pg_snapshot_xip(s.snapshot));
  wanted_xmax xid8 := pg_snapshot_xmax(has_applied.wanted);
BEGIN
  -- Two questions, so that each is a walk along the index, which ends with the first event found.
  RETURN NOT EXISTS (
      SELECT FROM outbox.event e
      WHERE e.txid >= applied_xmax AND e.txid < wanted_xmax AND pg_visible_in_snapshot(e.txid, has_applied.wanted)
        AND (s.topics IS NULL OR e.topic = ANY (s.topics)))
    AND NOT EXISTS (
      SELECT FROM outbox.event e
      WHERE e.txid = ANY (applied_xip) AND pg_visible_in_snapshot(e.txid, has_applied.wanted)
        AND (s.topics IS NULL OR e.topic = ANY (s.topics)))
    AND NOT EXISTS (
      SELECT FROM outbox.selection x, jsonb_each_text(x.widened) w
      WHERE s.start = 'load' AND x.subscription = s.id AND NOT pg_visible_in_snapshot(w.value::xid8, s.snapshot));
END $$;

-- As before, but that the new subscription has the columns of the original, too. What was widened after the copy was
-- made is loaded into it, by its cursor.
CREATE OR REPLACE FUNCTION outbox.subscribe_copy(name text, original text, snapshot pg_snapshot, last_event_id bigint)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o outbox.subscription;
BEGIN
  SELECT * INTO o FROM outbox.subscription s WHERE s.name = subscribe_copy.original FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the copy belongs to subscription "%", which is gone', subscribe_copy.original
      USING ERRCODE = 'undefined_object',
            HINT = 'What it could not apply is forgotten. Leave out --from-copy, and let a consumer fill a new file.';
  END IF;
  IF NOT pg_visible_in_snapshot(o.created_txid, subscribe_copy.snapshot) THEN
    RAISE EXCEPTION 'the copy is older than subscription "%", and belongs to one of that name before it', o.name
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'What it could not apply is forgotten. Leave out --from-copy, and let a consumer fill a new file.';
  END IF;
  PERFORM outbox.subscribe(subscribe_copy.name, o.start, o.topics);
  INSERT INTO outbox.selection (subscription, columns, widened)
  SELECT n.id, x.columns, x.widened
  FROM outbox.subscription n, outbox.selection x WHERE n.name = subscribe_copy.name AND x.subscription = o.id;
  UPDATE outbox.subscription s
  SET max_attempts = o.max_attempts, retry_delay = o.retry_delay, retry_delay_max = o.retry_delay_max, state = o.state,
      snapshot = subscribe_copy.snapshot, acked_event_id = subscribe_copy.last_event_id, acked_at = now(),
      created_txid = o.created_txid
  WHERE s.name = subscribe_copy.name;
  RETURN outbox.copy_tasks(subscribe_copy.name, o.name, subscribe_copy.snapshot);
END $$;

REVOKE ALL ON FUNCTION outbox.column_list, outbox.former_topics, outbox.check_column_list, outbox.widened_topics,
  outbox.configure_selection, outbox.follow_column_renames, outbox.warn_of_column_list, outbox.warn_of_renamed_topic FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT SELECT ON outbox.selection, outbox.column_rename TO outbox_producer;
  END IF;
END $$;
