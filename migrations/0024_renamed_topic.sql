-- The topic of a table is its name and changes with it. Whoever has named a topic means the table: subscriptions,
-- operations, compensation, events that are sent again. None of their rows is written when a table is renamed: the
-- application's transaction would lock them until its end, and producers have to write there. Instead the way that a name
-- has taken is read from the R events, by the ids that say when it held: a table is renamed under a lock that keeps its
-- writers out, so all events under the old name have lower ids, and all under the new one higher. Where nothing keeps them
-- out (a schema is renamed), transactions tell who has written before.

ALTER TABLE outbox.relation
  ADD renamed_from text GENERATED ALWAYS AS (description ->> 'renamed_from') STORED,
  ADD dropped      boolean GENERATED ALWAYS AS (coalesce((description ->> 'dropped')::boolean, false)) STORED,
  ADD unlocked     boolean GENERATED ALWAYS AS (coalesce((description ->> 'unlocked')::boolean, false)) STORED,
  ADD late_until   xid8;
CREATE INDEX relation_renamed ON outbox.relation (renamed_from, event_id) WHERE renamed_from IS NOT NULL;
CREATE INDEX relation_step ON outbox.relation (event_id) WHERE renamed_from IS NOT NULL OR dropped OR unlocked;
COMMENT ON COLUMN outbox.relation.dropped IS 'the table is captured no longer: dropped, or untracked';
COMMENT ON COLUMN outbox.relation.unlocked IS
  'written while others could write the table: events of theirs may come later that tell how things were before';
COMMENT ON COLUMN outbox.relation.late_until IS 'if unlocked: transactions from this one on have seen it';

-- At the commit, when the row is about to be seen. A subtransaction that writes gets the next transaction id, which is
-- above all that are under way; its row tells it, without the epoch. An application must not fail because this does.
CREATE FUNCTION outbox.note_late_until() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own bigint := pg_current_xact_id()::text::bigint;
  next bigint;
BEGIN
  UPDATE outbox.relation r SET late_until = own::text::xid8
  WHERE r.topic = NEW.topic AND r.event_id = NEW.event_id RETURNING r.xmin::text::bigint INTO next;
  UPDATE outbox.relation r SET late_until = (own + ((next - own) & 4294967295))::text::xid8
  WHERE r.topic = NEW.topic AND r.event_id = NEW.event_id;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER note_late_until AFTER INSERT ON outbox.relation DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.unlocked) EXECUTE FUNCTION outbox.note_late_until();

CREATE FUNCTION outbox.last_event_id() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT q.last_value FROM outbox.event_id q
$$;

-- When a topic was named: what is visible in the snapshot and has an id up to the event was known then. The id alone
-- would miss a rename that was under way, the snapshot alone means nothing after a reload from a dump.
ALTER TABLE outbox.subscription
  ADD named_at    pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
  ADD named_event bigint NOT NULL DEFAULT outbox.last_event_id();
COMMENT ON COLUMN outbox.subscription.topics IS
  'NULL: every topic. As they were called at named_at: outbox.topics_now() tells how they are called now';
ALTER TABLE outbox.operation
  ADD named_at    pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
  ADD named_event bigint NOT NULL DEFAULT outbox.last_event_id();
ALTER TABLE outbox.compensation
  ADD named_at    pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
  ADD named_event bigint NOT NULL DEFAULT outbox.last_event_id(),
  ADD id          int GENERATED ALWAYS AS IDENTITY,
  DROP CONSTRAINT compensation_pkey,
  ADD PRIMARY KEY (id);
COMMENT ON COLUMN outbox.compensation.topic IS 'as it was called when the function was named';

CREATE FUNCTION outbox.topics_were_named() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.named_at := pg_current_snapshot();
  NEW.named_event := outbox.last_event_id();
  RETURN NEW;
END $$;
CREATE TRIGGER topics_were_named BEFORE UPDATE OF topics ON outbox.subscription
  FOR EACH ROW EXECUTE FUNCTION outbox.topics_were_named();

-- What is called in the end what was called `topic` when it was named. A name ends with its table. `seen`: only
-- renames that it sees; NULL: all. An event names its topic with its own id and transaction, and `named_at` NULL.
CREATE FUNCTION outbox.name_since(topic text, named_at pg_snapshot, named_event bigint, seen pg_snapshot DEFAULT NULL,
                                  named_by xid8 DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current_name text := name_since.topic;
  place bigint := 0;
  r record;
BEGIN
  LOOP
    SELECT x.event_id, x.topic, x.dropped INTO r FROM outbox.relation x
    WHERE (x.renamed_from = current_name OR (x.topic = current_name AND x.dropped)) AND x.event_id > place
      AND (x.event_id > name_since.named_event OR NOT pg_visible_in_snapshot(x.txid, name_since.named_at)
           OR (name_since.named_by < x.late_until AND name_since.named_by <> x.txid))
      AND (name_since.seen IS NULL OR pg_visible_in_snapshot(x.txid, name_since.seen))
    ORDER BY x.event_id LIMIT 1;
    EXIT WHEN NOT FOUND OR r.dropped;
    current_name := r.topic;
    place := r.event_id;
  END LOOP;
  RETURN current_name;
END $$;

-- The events that a subscription with a list of topics takes: those of a topic in `topics` with an id from the one in
-- `first_ids` at the same place up to that in `last_ids`. The list is followed onwards from when it was named and back.
-- A name that no rename has taken away is open at its end, also for another table that gets it.
CREATE FUNCTION outbox.taken(s outbox.subscription, OUT topics text[], OUT first_ids bigint[], OUT last_ids bigint[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  open_end CONSTANT bigint := 9223372036854775807;
  r record;
  place int;
BEGIN
  IF s.topics IS NULL THEN
    RETURN;
  END IF;
  topics := ARRAY(SELECT u.t FROM unnest(s.topics) WITH ORDINALITY u(t, place) GROUP BY u.t ORDER BY min(u.place));
  first_ids := array_fill(0::bigint, ARRAY[cardinality(topics)]);
  last_ids := array_fill(open_end, ARRAY[cardinality(topics)]);
  FOR r IN SELECT x.event_id, x.renamed_from, x.topic FROM outbox.relation x
           WHERE x.renamed_from IS NOT NULL
             AND (x.event_id > s.named_event OR NOT pg_visible_in_snapshot(x.txid, s.named_at)) ORDER BY x.event_id LOOP
    FOR place IN 1 .. cardinality(topics) LOOP
      IF topics[place] = r.renamed_from AND last_ids[place] = open_end THEN
        last_ids[place] := r.event_id - 1;
        topics := topics || r.topic;
        first_ids := first_ids || r.event_id;
        last_ids := last_ids || open_end;
      END IF;
    END LOOP;
  END LOOP;
  FOR r IN SELECT x.event_id, x.renamed_from, x.topic FROM outbox.relation x
           WHERE x.renamed_from IS NOT NULL
             AND x.event_id <= s.named_event AND pg_visible_in_snapshot(x.txid, s.named_at) ORDER BY x.event_id DESC LOOP
    FOR place IN 1 .. cardinality(topics) LOOP
      IF topics[place] = r.topic AND first_ids[place] = 0 THEN
        first_ids[place] := r.event_id;
        topics := topics || r.renamed_from;
        first_ids := first_ids || 0::bigint;
        last_ids := last_ids || r.event_id - 1;
      END IF;
    END LOOP;
  END LOOP;
END $$;

-- A subscription's topics under their present names; NULL: every topic.
CREATE FUNCTION outbox.topics_now(s outbox.subscription) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN s.topics IS NOT NULL THEN ARRAY(
    SELECT w.topic FROM outbox.taken(s) k, unnest(k.topics, k.last_ids) WITH ORDINALITY w(topic, last_id, place)
    WHERE w.last_id = 9223372036854775807 GROUP BY w.topic ORDER BY min(w.place)) END
$$;

-- As before, but for the names.
CREATE OR REPLACE FUNCTION outbox.has_applied(s outbox.subscription, wanted pg_snapshot) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  applied_xmax xid8 := pg_snapshot_xmax(s.snapshot);
  applied_xip xid8[] := ARRAY(SELECT pg_snapshot_xip(s.snapshot));
  wanted_xmax xid8 := pg_snapshot_xmax(has_applied.wanted);
  names text[] := (outbox.taken(s)).topics;
BEGIN
  -- Two questions, so that each is a walk along the index, which ends with the first event found.
  RETURN NOT EXISTS (
      SELECT FROM outbox.event e
      WHERE e.txid >= applied_xmax AND e.txid < wanted_xmax AND pg_visible_in_snapshot(e.txid, has_applied.wanted)
        AND (names IS NULL OR e.topic = ANY (names)))
    AND NOT EXISTS (
      SELECT FROM outbox.event e
      WHERE e.txid = ANY (applied_xip) AND pg_visible_in_snapshot(e.txid, has_applied.wanted)
        AND (names IS NULL OR e.topic = ANY (names)))
    AND NOT EXISTS (
      SELECT FROM outbox.selection x, jsonb_each_text(x.widened) w
      WHERE s.start = 'load' AND x.subscription = s.id AND NOT pg_visible_in_snapshot(w.value::xid8, s.snapshot));
END $$;

CREATE OR REPLACE VIEW outbox.task AS
SELECT r.subscription, r.event_id AS id, coalesce(e.topic, d.topic) AS topic,
       coalesce(e.op, CASE WHEN d.topic IS NOT NULL THEN 'R'::"char" END) AS op,
       CASE WHEN e.id IS NULL THEN d.description ELSE e.payload END AS payload, r.status, r.retry_count, r.last_error,
       e.created_at, r.next_attempt_at, r.first_failed_at, r.failed_at
FROM outbox.rejection r
LEFT JOIN outbox.event e ON e.txid = r.txid AND e.id = r.event_id
LEFT JOIN outbox.relation d ON d.txid = r.txid AND d.event_id = r.event_id AND e.id IS NULL
UNION ALL
SELECT s.name, e.id, e.topic, e.op, e.payload, 'completed', 0, NULL, e.created_at, NULL, NULL, NULL
FROM outbox.subscription s CROSS JOIN LATERAL outbox.taken(s) k
JOIN outbox.event e ON s.topics IS NULL
  OR (e.topic = ANY (k.topics)
      AND EXISTS (SELECT FROM unnest(k.topics, k.first_ids, k.last_ids) w(topic, first_id, last_id)
                  WHERE w.topic = e.topic AND e.id BETWEEN w.first_id AND w.last_id))
WHERE pg_visible_in_snapshot(e.txid, s.snapshot)
  AND NOT EXISTS (SELECT FROM outbox.rejection r
                  WHERE r.subscription = s.name AND r.event_id = e.id AND r.txid = e.txid)
UNION ALL
SELECT s.name, e.id, e.topic, e.op, e.payload, 'pending', 0, NULL, e.created_at, NULL, NULL, NULL
FROM outbox.subscription s CROSS JOIN LATERAL outbox.taken(s) k
JOIN outbox.event e ON s.topics IS NULL
  OR (e.topic = ANY (k.topics)
      AND EXISTS (SELECT FROM unnest(k.topics, k.first_ids, k.last_ids) w(topic, first_id, last_id)
                  WHERE w.topic = e.topic AND e.id BETWEEN w.first_id AND w.last_id))
WHERE (e.txid >= pg_snapshot_xmax(s.snapshot) OR e.txid = ANY (ARRAY(SELECT pg_snapshot_xip(s.snapshot))))
  AND NOT EXISTS (SELECT FROM outbox.rejection r
                  WHERE r.subscription = s.name AND r.event_id = e.id AND r.txid = e.txid);

-- A table stays verified under its new name.
CREATE OR REPLACE VIEW outbox.verified_table AS
SELECT DISTINCT ON (o.subscription, n.topic)
       o.subscription, n.topic, t.finished_at AS verified_at, t.snapshot AS verified_through
FROM outbox.operation o JOIN outbox.operation_table t ON t.operation = o.id
CROSS JOIN LATERAL (SELECT outbox.name_since(t.topic, o.named_at, o.named_event) AS topic) n
WHERE o.kind = 'verify' AND t.status = 'completed' AND t.missing + t.extra + t.different = t.repaired
ORDER BY o.subscription, n.topic, t.finished_at DESC;

CREATE OR REPLACE FUNCTION outbox.add_tables(operation bigint, subscription text, topics text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(add_tables.subscription);
  taken text[] := outbox.topics_now(s);
  unknown text;
BEGIN
  SELECT w INTO unknown FROM unnest(add_tables.topics) w
  WHERE NOT EXISTS (SELECT FROM outbox.tracked t WHERE t.topic = w) OR w <> ALL (taken) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% is not a tracked table that subscription "%" takes', unknown, s.name
      USING ERRCODE = 'undefined_table', HINT = 'SELECT topic FROM outbox.tracked lists the tracked tables.';
  END IF;
  INSERT INTO outbox.operation_table (operation, topic, place)
  SELECT add_tables.operation, w.topic, row_number() OVER (ORDER BY w.place)
  FROM (SELECT t.topic, min(u.place) AS place
        FROM outbox.tracked t
        LEFT JOIN unnest(add_tables.topics) WITH ORDINALITY u(topic, place) USING (topic)
        WHERE (add_tables.topics IS NULL OR u.topic IS NOT NULL) AND (taken IS NULL OR t.topic = ANY (taken))
        GROUP BY t.topic ORDER BY place, t.topic) w;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subscription "%" takes no tracked table', s.name
      USING ERRCODE = 'undefined_table', HINT = 'Track one first: mailboat track TABLE';
  END IF;
END $$;

-- `topic` is compared with what stands in the log: a table that was renamed has events under both names.
CREATE OR REPLACE FUNCTION outbox.request_replay(subscription text, from_id bigint DEFAULT NULL, to_id bigint DEFAULT NULL,
                                      since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
                                      topic text DEFAULT NULL, key jsonb DEFAULT NULL,
                                      rate double precision DEFAULT NULL, requested_by text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  operation bigint;
  s outbox.subscription := outbox.subscription_named(request_replay.subscription);
BEGIN
  IF request_replay.topic <> ALL ((outbox.taken(s)).topics) THEN
    RAISE EXCEPTION 'subscription "%" does not take topic %', s.name, request_replay.topic
      USING ERRCODE = 'undefined_object', HINT = 'mailboat status --json lists its topics.';
  END IF;
  IF request_replay.key IS NOT NULL AND request_replay.topic IS NULL THEN
    RAISE EXCEPTION 'a key means nothing without the topic whose key it is' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  operation := outbox.add_operation(s.name, 'replay', false, request_replay.requested_by);
  INSERT INTO outbox.replay (operation, from_id, to_id, since, until, topic, key, rate)
  VALUES (operation, request_replay.from_id, request_replay.to_id, request_replay.since, request_replay.until,
          request_replay.topic, request_replay.key, request_replay.rate);
  PERFORM outbox.wake_producer();
  RETURN operation;
END $$;

CREATE OR REPLACE FUNCTION outbox.verify_if_due(subscription text, every interval) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(verify_if_due.subscription);
  taken text[] := outbox.topics_now(s);
BEGIN
  IF s.state <> 'active' OR s.load IS NOT NULL OR s.acked_at IS NULL
     OR NOT EXISTS (SELECT FROM outbox.tracked t WHERE taken IS NULL OR t.topic = ANY (taken))
     OR EXISTS (SELECT FROM outbox.operation o
                WHERE o.subscription = s.name AND o.kind = 'verify'
                  AND (o.status IN ('requested', 'running') OR o.requested_at > now() - verify_if_due.every))
     OR s.created_at > now() - verify_if_due.every THEN
    RETURN false;
  END IF;
  PERFORM outbox.request_verify(s.name, requested_by => 'the consumer''s verify-every');
  RETURN true;
END $$;

-- For producers. Under which name the operation has the table that the replica called `topic` when it was at `seen`.
CREATE FUNCTION outbox.requested_topic(operation bigint, topic text, seen pg_snapshot) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(min(t.topic), requested_topic.topic)
  FROM outbox.operation o JOIN outbox.operation_table t ON t.operation = o.id
  WHERE o.id = requested_topic.operation
    AND outbox.name_since(t.topic, o.named_at, o.named_event, requested_topic.seen) = requested_topic.topic
$$;

-- Lists of columns go with their tables, too. Events under a former name are cut by the list that held then, whoever has
-- that name since.
CREATE TABLE outbox.former_selection (
  subscription int REFERENCES outbox.selection (subscription) ON DELETE CASCADE,
  topic        text,
  through_id   bigint,
  columns      jsonb NOT NULL,
  PRIMARY KEY (subscription, topic, through_id)
);
COMMENT ON COLUMN outbox.former_selection.columns IS 'of the table that was called `topic` up to event `through_id`';

-- The names that a table had before the present one, and up to which event.
DROP FUNCTION outbox.former_topics(text);
CREATE FUNCTION outbox.former_names(topic text) RETURNS TABLE (name text, through_id bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r outbox.relation;
BEGIN
  name := former_names.topic;
  through_id := 9223372036854775807;
  LOOP
    SELECT x.* INTO r FROM outbox.relation x
    WHERE x.topic = name AND x.event_id <= through_id
      AND (x.renamed_from IS NOT NULL OR x.dropped OR x.description ->> 'new' = 'true')
    ORDER BY x.event_id DESC LIMIT 1;
    EXIT WHEN r.renamed_from IS NULL;
    name := r.renamed_from;
    through_id := r.event_id - 1;
    RETURN NEXT;
  END LOOP;
END $$;

-- For outbox.refresh, whose description of the table has just been written: it has got another shape or name. Lists name
-- its columns as they are called now. What is on no list does not come by a name that is. `before` is NULL for a table
-- that is tracked only now: lists hold for it by its name.
DROP FUNCTION outbox.follow_column_renames(outbox.tracked, jsonb, jsonb), outbox.warn_of_renamed_topic(text, text);
CREATE FUNCTION outbox.follow_selection(t outbox.tracked, old_topic text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last_event CONSTANT bigint := currval('outbox.event_id') - 1;  -- before the description
  is_renamed CONSTANT boolean := old_topic <> t.topic;
  renamed jsonb;
  x record;
  list text[];
  names text[];
BEGIN
  SELECT coalesce(jsonb_object_agg(b.name, a.name), '{}') INTO renamed
  FROM jsonb_to_recordset(before -> 'columns') b(name text, number int)
  JOIN jsonb_to_recordset(after -> 'columns') a(name text, number int) USING (number)
  WHERE a.name <> b.name;
  INSERT INTO outbox.column_rename (topic, through_id, old_name, new_name)
  SELECT t.topic, last_event, r.key, r.value FROM jsonb_each_text(renamed) r WHERE NOT is_renamed;
  FOR x IN SELECT o.*, s.name FROM outbox.selection o JOIN outbox.subscription s ON s.id = o.subscription
           WHERE o.columns ? old_topic OR (is_renamed AND o.widened ? old_topic) ORDER BY o.subscription FOR UPDATE OF o LOOP
    list := outbox.column_list(x.columns, old_topic);
    names := ARRAY(SELECT coalesce(renamed ->> n, n) FROM unnest(list) n
                   WHERE renamed ? n OR NOT EXISTS (SELECT FROM jsonb_each_text(renamed) r WHERE r.value = n));
    IF is_renamed THEN
      INSERT INTO outbox.former_selection (subscription, topic, through_id, columns)
      SELECT x.subscription, l, last_event, x.columns -> l FROM unnest(ARRAY[old_topic, t.topic]) l WHERE x.columns ? l;
      IF x.widened ? old_topic THEN
        x.widened := x.widened - old_topic || jsonb_build_object(t.topic, x.widened -> old_topic);
      END IF;
      x.columns := x.columns - t.topic;
    END IF;
    IF list IS NOT NULL THEN
      x.columns := x.columns - old_topic || jsonb_build_object(t.topic, names);
      PERFORM outbox.warn_of_column_list(x.name, t, names, renamed);
    END IF;
    UPDATE outbox.selection o SET columns = x.columns, widened = x.widened, version = o.version + 1
    WHERE o.subscription = x.subscription AND (o.columns, o.widened) IS DISTINCT FROM (x.columns, x.widened);
  END LOOP;
END $$;

-- As before, but that topics are compared and given by their present names, and that lists go with their tables.
CREATE OR REPLACE FUNCTION outbox.configure_selection(subscription text, topics text[] DEFAULT NULL, columns jsonb DEFAULT NULL)
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
  s.topics := outbox.topics_now(s);
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
    DELETE FROM outbox.former_selection f USING outbox.former_names(given.topic) n
    WHERE f.subscription = s.id AND f.topic = n.name AND f.through_id = n.through_id;
    IF given.list = 'null' THEN
      lists := lists - given.topic;
    ELSE
      PERFORM outbox.check_column_list(changed, given.topic, given.list);
      lists := lists || jsonb_build_object(given.topic, given.list);
      INSERT INTO outbox.former_selection (subscription, topic, through_id, columns)
      SELECT s.id, n.name, n.through_id, given.list FROM outbox.former_names(given.topic) n;
    END IF;
  END LOOP;
  wider := outbox.widened_topics(s.topics, x.columns, changed.topics, lists);
  UPDATE outbox.selection o
  SET columns = lists, widened = o.widened || coalesce(
        (SELECT jsonb_object_agg(w, pg_current_xact_id()::text) FROM unnest(wider) w), '{}')
  WHERE o.subscription = s.id;
  UPDATE outbox.subscription o SET topics = changed.topics
  WHERE o.id = s.id AND s.topics IS DISTINCT FROM changed.topics;
  PERFORM outbox.discard_failed(s.name, ARRAY(
    SELECT r.event_id FROM outbox.rejection r JOIN outbox.task k ON k.subscription = r.subscription AND k.id = r.event_id
    WHERE r.subscription = s.name AND r.status IN ('retrying', 'failed')
      AND outbox.name_since(k.topic, NULL, r.event_id, named_by => r.txid) <> ALL (changed.topics)), NULL);
  PERFORM outbox.wake_producer();
  RETURN wider;
END $$;

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
  INSERT INTO outbox.former_selection (subscription, topic, through_id, columns)
  SELECT n.id, f.topic, f.through_id, f.columns
  FROM outbox.subscription n, outbox.former_selection f WHERE n.name = subscribe_copy.name AND f.subscription = o.id;
  UPDATE outbox.subscription s
  SET max_attempts = o.max_attempts, retry_delay = o.retry_delay, retry_delay_max = o.retry_delay_max, state = o.state,
      snapshot = subscribe_copy.snapshot, acked_event_id = subscribe_copy.last_event_id, acked_at = now(),
      created_txid = o.created_txid, named_at = o.named_at, named_event = o.named_event
  WHERE s.name = subscribe_copy.name;
  RETURN outbox.copy_tasks(subscribe_copy.name, o.name, subscribe_copy.snapshot);
END $$;

-- As before, but that a function stays with its table. The lock keeps two from naming functions for one topic at once.
CREATE OR REPLACE FUNCTION outbox.on_failed(topic text, function regprocedure) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p pg_proc;
BEGIN
  IF coalesce(on_failed.topic, '') = '' THEN
    RAISE EXCEPTION 'on_failed needs a topic' USING ERRCODE = 'null_value_not_allowed',
      HINT = 'For example: SELECT outbox.on_failed(''create_user_analytics'', ''undo(text,bigint,json,text)'')';
  END IF;
  IF on_failed.function IS NOT NULL THEN
    SELECT * INTO p FROM pg_proc WHERE oid = on_failed.function;
    IF NOT FOUND OR p.prokind <> 'f' OR p.proretset
       OR oidvectortypes(p.proargtypes) <> 'text, bigint, json, text' THEN
      RAISE EXCEPTION '% cannot be called when a task fails', on_failed.function USING ERRCODE = 'undefined_function',
        HINT = 'Name a function that takes (subscription text, event_id bigint, payload json, error text).';
    END IF;
    IF NOT coalesce(p.proconfig::text LIKE '%search\_path=%', false) THEN
      RAISE WARNING '% has no search_path of its own and will find only tables that it names with their schema',
        on_failed.function
        USING HINT = format('ALTER FUNCTION %s SET search_path = public, pg_temp', on_failed.function);
    END IF;
    IF to_regrole('outbox_producer') IS NOT NULL THEN
      EXECUTE format('GRANT USAGE ON SCHEMA %s TO outbox_producer', p.pronamespace::regnamespace);
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO outbox_producer', on_failed.function);
    END IF;
  END IF;
  LOCK TABLE outbox.compensation IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM outbox.compensation c
  WHERE outbox.name_since(c.topic, c.named_at, c.named_event) = on_failed.topic;
  INSERT INTO outbox.compensation (topic, function)
  SELECT on_failed.topic, on_failed.function WHERE on_failed.function IS NOT NULL;
END $$;

CREATE OR REPLACE FUNCTION outbox.compensate(r outbox.rejection, topic text, payload json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current_name text := outbox.name_since(compensate.topic, NULL, r.event_id, named_by => r.txid);
  chosen regprocedure;
  failure text;
BEGIN
  SELECT c.function INTO chosen FROM outbox.compensation c
  WHERE outbox.name_since(c.topic, c.named_at, c.named_event) = current_name ORDER BY c.id DESC LIMIT 1;
  IF NOT FOUND OR r.compensated_at IS NOT NULL THEN
    RETURN;
  END IF;
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_proc p WHERE p.oid = chosen) THEN
      RAISE EXCEPTION 'the function that on_failed names for topic "%" has been dropped', current_name;
    END IF;
    SET CONSTRAINTS ALL DEFERRED;
    EXECUTE format('SELECT %s($1, $2, $3, $4)', chosen::oid::regproc)
      USING r.subscription, r.event_id, compensate.payload, r.last_error;
    SET CONSTRAINTS ALL IMMEDIATE;
  EXCEPTION WHEN OTHERS OR assert_failure THEN
    failure := SQLERRM;
  END;
  UPDATE outbox.rejection x
  SET compensated_at = CASE WHEN failure IS NULL THEN now() END, compensation_error = failure
  WHERE x.subscription = r.subscription AND x.event_id = r.event_id;
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  VALUES (r.subscription, r.event_id, CASE WHEN failure IS NULL THEN 'compensated' ELSE 'compensation failed' END,
          coalesce(failure, chosen::text));
END $$;

REVOKE ALL ON FUNCTION outbox.former_names, outbox.follow_selection, outbox.note_late_until, outbox.last_event_id, outbox.topics_were_named, outbox.name_since, outbox.taken,
  outbox.topics_now, outbox.requested_topic FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT SELECT ON outbox.former_selection TO outbox_producer;
    GRANT EXECUTE ON FUNCTION outbox.last_event_id, outbox.name_since, outbox.taken, outbox.topics_now,
      outbox.requested_topic TO outbox_producer;
  END IF;
END $$;
