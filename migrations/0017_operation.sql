-- What operators ask for: tables to be loaded again, to be compared with their replica, events to be sent again. A
-- producer finds the request here, carries it out and writes down how it goes, so that any producer can go on with it.

CREATE TABLE outbox.operation (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscription text NOT NULL REFERENCES outbox.subscription (name) ON DELETE CASCADE ON UPDATE CASCADE,
  kind         text NOT NULL CHECK (kind IN ('load', 'verify', 'replay')),
  status       text NOT NULL DEFAULT 'requested'
               CHECK (status IN ('requested', 'running', 'completed', 'failed', 'cancelled')),
  repair       boolean NOT NULL DEFAULT false CHECK (kind = 'verify' OR NOT repair),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  started_at   timestamptz,
  finished_at  timestamptz CHECK ((finished_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled'))),
  cancelled_by text,
  error        text
);
CREATE INDEX operation_open ON outbox.operation (subscription, id) WHERE status IN ('requested', 'running');

-- The tables of a load or a verification, one after the other in order of their place.
CREATE TABLE outbox.operation_table (
  operation      bigint NOT NULL REFERENCES outbox.operation (id) ON DELETE CASCADE,
  topic          text NOT NULL,
  place          int NOT NULL,
  status         text NOT NULL DEFAULT 'requested'
                 CHECK (status IN ('requested', 'running', 'completed', 'failed', 'cancelled')),
  rows           bigint NOT NULL DEFAULT 0,
  estimated_rows bigint NOT NULL DEFAULT 0,
  missing        bigint NOT NULL DEFAULT 0,
  extra          bigint NOT NULL DEFAULT 0,
  different      bigint NOT NULL DEFAULT 0,
  repaired       bigint NOT NULL DEFAULT 0,
  snapshot       pg_snapshot,
  started_at     timestamptz,
  finished_at    timestamptz,
  error          text,
  PRIMARY KEY (operation, topic)
);
COMMENT ON COLUMN outbox.operation_table.rows IS 'of the source, read so far';
COMMENT ON COLUMN outbox.operation_table.snapshot IS
  'of a load: when it began; of a verification: what its last rows were exact at';

-- What a verification has found: at most 1000 of a table are listed, the counts above are complete.
CREATE TABLE outbox.difference (
  operation bigint NOT NULL,
  topic     text NOT NULL,
  position  int NOT NULL,
  kind      text NOT NULL CHECK (kind IN ('missing', 'extra', 'different')),
  key       text NOT NULL,
  columns   text[] NOT NULL DEFAULT '{}',
  repaired  boolean NOT NULL,
  error     text,
  PRIMARY KEY (operation, topic, position),
  FOREIGN KEY (operation, topic) REFERENCES outbox.operation_table ON DELETE CASCADE
);
COMMENT ON COLUMN outbox.difference.key IS 'a condition that finds the row in the replica: "id" = 7';
COMMENT ON COLUMN outbox.difference.columns IS 'of the replica''s table, that differ';
COMMENT ON COLUMN outbox.difference.error IS 'why the row could not be compared, or not be mended';

-- What a replay is asked to send, and what has become of it.
CREATE TABLE outbox.replay (
  operation  bigint PRIMARY KEY REFERENCES outbox.operation (id) ON DELETE CASCADE,
  from_id    bigint,
  to_id      bigint,
  since      timestamptz,
  until      timestamptz,
  topic      text,
  key        jsonb,
  rate       double precision CHECK (rate > 0),
  last_id    bigint NOT NULL DEFAULT 0,
  sent       bigint NOT NULL DEFAULT 0,
  applied    bigint NOT NULL DEFAULT 0,
  superseded bigint NOT NULL DEFAULT 0,
  rejected   bigint NOT NULL DEFAULT 0,
  errors     jsonb NOT NULL DEFAULT '[]'
);
COMMENT ON COLUMN outbox.replay.key IS 'values of the key columns, as texts: {"id": "7"}; NULL: every row';
COMMENT ON COLUMN outbox.replay.rate IS 'events per second at most; NULL: as fast as they can be applied';
COMMENT ON COLUMN outbox.replay.last_id IS 'the outcomes of all events up to this id are counted';
COMMENT ON COLUMN outbox.replay.superseded IS 'the replica had something newer already';
COMMENT ON COLUMN outbox.replay.errors IS 'of the first rejected events: event_id, error';

-- Since when a replica's tables are known to be right.
CREATE VIEW outbox.verified_table AS
SELECT DISTINCT ON (o.subscription, t.topic)
       o.subscription, t.topic, t.finished_at AS verified_at, t.snapshot AS verified_through
FROM outbox.operation o JOIN outbox.operation_table t ON t.operation = o.id
WHERE o.kind = 'verify' AND t.status = 'completed' AND t.missing + t.extra + t.different = t.repaired
ORDER BY o.subscription, t.topic, t.finished_at DESC;

CREATE FUNCTION outbox.add_operation(subscription text, kind text, repair boolean, requested_by text) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO outbox.operation (subscription, kind, repair, requested_by)
  VALUES ((outbox.subscription_named(add_operation.subscription)).name, add_operation.kind, add_operation.repair,
          coalesce(add_operation.requested_by, session_user))
  RETURNING id
$$;

-- `topics` NULL: all tracked tables that the subscription takes.
CREATE FUNCTION outbox.add_tables(operation bigint, subscription text, topics text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(add_tables.subscription);
  unknown text;
BEGIN
  SELECT w INTO unknown FROM unnest(add_tables.topics) w
  WHERE NOT EXISTS (SELECT FROM outbox.tracked t WHERE t.topic = w) OR w <> ALL (s.topics) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% is not a tracked table that subscription "%" takes', unknown, s.name
      USING ERRCODE = 'undefined_table', HINT = 'SELECT topic FROM outbox.tracked lists the tracked tables.';
  END IF;
  INSERT INTO outbox.operation_table (operation, topic, place)
  SELECT add_tables.operation, w.topic, row_number() OVER (ORDER BY w.place)
  FROM (SELECT t.topic, min(u.place) AS place
        FROM outbox.tracked t
        LEFT JOIN unnest(add_tables.topics) WITH ORDINALITY u(topic, place) USING (topic)
        WHERE (add_tables.topics IS NULL OR u.topic IS NOT NULL) AND (s.topics IS NULL OR t.topic = ANY (s.topics))
        GROUP BY t.topic ORDER BY place, t.topic) w;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subscription "%" takes no tracked table', s.name
      USING ERRCODE = 'undefined_table', HINT = 'Track one first: mailboat track TABLE';
  END IF;
END $$;

-- Asks for tables to be loaded again in place. Returns the operation's id.
CREATE FUNCTION outbox.request_load(subscription text, topics text[] DEFAULT NULL, requested_by text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  operation bigint := outbox.add_operation(request_load.subscription, 'load', false, request_load.requested_by);
BEGIN
  PERFORM outbox.add_tables(operation, request_load.subscription, request_load.topics);
  PERFORM outbox.wake_producer();
  RETURN operation;
END $$;

-- Asks for tables to be compared with their replica and, with `repair`, mended there.
CREATE FUNCTION outbox.request_verify(subscription text, topics text[] DEFAULT NULL, repair boolean DEFAULT false,
                                      requested_by text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  operation bigint := outbox.add_operation(request_verify.subscription, 'verify', request_verify.repair,
                                           request_verify.requested_by);
BEGIN
  PERFORM outbox.add_tables(operation, request_verify.subscription, request_verify.topics);
  PERFORM outbox.wake_producer();
  RETURN operation;
END $$;

-- Asks for events that the log still holds to be sent again. What is NULL does not restrict.
CREATE FUNCTION outbox.request_replay(subscription text, from_id bigint DEFAULT NULL, to_id bigint DEFAULT NULL,
                                      since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
                                      topic text DEFAULT NULL, key jsonb DEFAULT NULL,
                                      rate double precision DEFAULT NULL, requested_by text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  operation bigint;
  s outbox.subscription := outbox.subscription_named(request_replay.subscription);
BEGIN
  IF request_replay.topic <> ALL (s.topics) THEN
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

-- Ends a request that is not finished. A table whose load has begun has to be loaded to the end: half of it is neither
-- the old state nor the new one.
CREATE FUNCTION outbox.cancel(operation bigint, cancelled_by text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o outbox.operation;
BEGIN
  SELECT * INTO o FROM outbox.operation x WHERE x.id = cancel.operation FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no operation %', cancel.operation
      USING ERRCODE = 'undefined_object', HINT = 'mailboat status lists the operations under way.';
  END IF;
  IF o.status NOT IN ('requested', 'running') THEN
    RAISE EXCEPTION 'operation % is % already', o.id, o.status USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF o.kind = 'load' AND o.status = 'running' THEN
    RAISE EXCEPTION 'load % has begun and cannot be cancelled', o.id
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'A table that is half loaded is neither as it was nor as it is. Its readers are served meanwhile.';
  END IF;
  UPDATE outbox.operation_table x SET status = 'cancelled', finished_at = now()
  WHERE x.operation = o.id AND x.status IN ('requested', 'running');
  UPDATE outbox.operation x
  SET status = 'cancelled', finished_at = now(), cancelled_by = coalesce(cancel.cancelled_by, session_user)
  WHERE x.id = o.id;
  PERFORM outbox.wake_producer();
END $$;

-- For producers. Writes down how a table of an open operation stands; one that is finished or cancelled stays so. The
-- operation ends with its last table. Returns false when there was nothing to write to.
CREATE FUNCTION outbox.record_table(subscription text, operation bigint, topic text, status text, rows bigint,
                                    estimated_rows bigint DEFAULT 0, error text DEFAULT NULL,
                                    snapshot pg_snapshot DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM outbox.operation o
  WHERE o.id = record_table.operation AND o.subscription = record_table.subscription
    AND o.status IN ('requested', 'running') FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE outbox.operation_table t
  SET status = record_table.status, rows = greatest(t.rows, record_table.rows),
      estimated_rows = greatest(t.estimated_rows, record_table.estimated_rows), error = record_table.error,
      snapshot = coalesce(record_table.snapshot, t.snapshot), started_at = coalesce(t.started_at, now()),
      finished_at = CASE WHEN record_table.status IN ('completed', 'failed') THEN now() END
  WHERE t.operation = record_table.operation AND t.topic = record_table.topic
    AND t.status IN ('requested', 'running');
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE outbox.operation o
  SET started_at = coalesce(o.started_at, now()),
      status = CASE WHEN open.tables > 0 THEN 'running' WHEN open.failed > 0 THEN 'failed' ELSE 'completed' END,
      finished_at = CASE WHEN open.tables = 0 THEN now() END,
      error = open.error
  FROM (SELECT count(*) FILTER (WHERE t.status IN ('requested', 'running')) AS tables,
               count(*) FILTER (WHERE t.status = 'failed') AS failed,
               string_agg(t.topic || ': ' || t.error, '; ' ORDER BY t.place) FILTER (WHERE t.status = 'failed') AS error
        FROM outbox.operation_table t WHERE t.operation = record_table.operation) open
  WHERE o.id = record_table.operation;
  RETURN true;
END $$;

-- For producers. The end of one table's verification; said twice, it counts once. `differences`: an array of objects
-- with kind, key, columns, repaired and error.
CREATE FUNCTION outbox.record_verification(subscription text, operation bigint, topic text, snapshot pg_snapshot,
                                           rows bigint, missing bigint, extra bigint, different bigint,
                                           repaired bigint, differences jsonb, error text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  problem text := nullif(record_verification.error, '');
BEGIN
  IF NOT outbox.record_table(record_verification.subscription, record_verification.operation,
                             record_verification.topic, CASE WHEN problem IS NULL THEN 'completed' ELSE 'failed' END,
                             record_verification.rows, 0, problem) THEN
    RETURN false;
  END IF;
  UPDATE outbox.operation_table t
  SET snapshot = record_verification.snapshot, missing = record_verification.missing,
      extra = record_verification.extra, different = record_verification.different,
      repaired = record_verification.repaired
  WHERE t.operation = record_verification.operation AND t.topic = record_verification.topic;
  INSERT INTO outbox.difference (operation, topic, position, kind, key, columns, repaired, error)
  SELECT record_verification.operation, record_verification.topic, d.position, d.found ->> 'kind', d.found ->> 'key',
         ARRAY(SELECT jsonb_array_elements_text(d.found -> 'columns')), (d.found ->> 'repaired')::boolean,
         d.found ->> 'error'
  FROM jsonb_array_elements(record_verification.differences) WITH ORDINALITY d(found, position);
  RETURN true;
END $$;

-- For producers. Asks for a verification of all tables when the last one began longer ago than `every`, unless one is
-- open.
CREATE FUNCTION outbox.verify_if_due(subscription text, every interval) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(verify_if_due.subscription);
BEGIN
  IF s.state <> 'active' OR s.load IS NOT NULL OR s.acked_at IS NULL
     OR NOT EXISTS (SELECT FROM outbox.tracked t WHERE s.topics IS NULL OR t.topic = ANY (s.topics))
     OR EXISTS (SELECT FROM outbox.operation o
                WHERE o.subscription = s.name AND o.kind = 'verify'
                  AND (o.status IN ('requested', 'running') OR o.requested_at > now() - verify_if_due.every))
     OR s.created_at > now() - verify_if_due.every THEN
    RETURN false;
  END IF;
  PERFORM outbox.request_verify(s.name, requested_by => 'the consumer''s verify-every');
  RETURN true;
END $$;

REVOKE ALL ON FUNCTION outbox.add_operation, outbox.add_tables, outbox.request_load, outbox.request_verify,
  outbox.request_replay, outbox.cancel, outbox.record_table, outbox.record_verification, outbox.verify_if_due
  FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT SELECT ON outbox.operation, outbox.operation_table, outbox.difference, outbox.replay, outbox.verified_table
      TO outbox_producer;
    GRANT INSERT (subscription, kind, repair, requested_by), UPDATE (status, started_at, finished_at, error)
      ON outbox.operation TO outbox_producer;
    GRANT INSERT (operation, topic, place),
          UPDATE (status, rows, estimated_rows, missing, extra, different, repaired, snapshot, started_at, finished_at, error)
      ON outbox.operation_table TO outbox_producer;
    GRANT INSERT ON outbox.difference TO outbox_producer;
    GRANT UPDATE (last_id, sent, applied, superseded, rejected, errors) ON outbox.replay TO outbox_producer;
    GRANT EXECUTE ON FUNCTION outbox.add_operation, outbox.add_tables, outbox.request_verify, outbox.record_table,
      outbox.record_verification, outbox.verify_if_due, outbox.wake_producer TO outbox_producer;
  END IF;
END $$;
