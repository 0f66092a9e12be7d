-- Subscriptions: named streams, each to one replica, each with its own cursor.

CREATE TABLE outbox.subscription (
  id               int GENERATED ALWAYS AS IDENTITY UNIQUE,
  name             text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$'),
  start            text NOT NULL CHECK (start IN ('load', 'now', 'earliest')),
  topics           text[],
  max_attempts     int NOT NULL DEFAULT 5 CHECK (max_attempts > 0),
  state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'needs_load')),
  snapshot         pg_snapshot NOT NULL,
  acked_event_id   bigint NOT NULL DEFAULT 0,
  acked_at         timestamptz,
  load             jsonb,
  consumer         text,
  consumer_seen_at timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN outbox.subscription.id IS 'names the advisory lock (1835162485, id) of the producer that serves it';
COMMENT ON COLUMN outbox.subscription.topics IS 'NULL: every topic';
COMMENT ON COLUMN outbox.subscription.snapshot IS 'everything visible in it has been applied by the replica';
COMMENT ON COLUMN outbox.subscription.load IS 'progress of a running load: topic, rows, estimated_rows, tables_left';

CREATE FUNCTION outbox.subscribe(name text, start text DEFAULT 'load', topics text[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF subscribe.name IS NULL OR subscribe.name !~ '^[A-Za-z0-9_.-]{1,63}$' THEN
    RAISE EXCEPTION 'subscription name % is not valid', coalesce(quote_literal(subscribe.name), 'NULL')
      USING ERRCODE = 'invalid_name', HINT = 'Use 1 to 63 letters, digits, "_", "." or "-".';
  END IF;
  IF subscribe.start IS NULL OR subscribe.start NOT IN ('load', 'now', 'earliest') THEN
    RAISE EXCEPTION 'a subscription cannot start at %', coalesce(quote_literal(subscribe.start), 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use load, now or earliest.';
  END IF;
  INSERT INTO outbox.subscription (name, start, topics, snapshot)
  VALUES (subscribe.name, subscribe.start, subscribe.topics,
          CASE subscribe.start WHEN 'earliest' THEN '1:1:'::pg_snapshot ELSE pg_current_snapshot() END);
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION 'subscription "%" exists already', subscribe.name
    USING ERRCODE = 'duplicate_object',
          HINT = 'Choose another name, or remove it first: mailboat unsubscribe ' || subscribe.name;
END $$;

CREATE FUNCTION outbox.unsubscribe(name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM outbox.subscription s WHERE s.name = unsubscribe.name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no subscription "%"', unsubscribe.name
      USING ERRCODE = 'undefined_object', HINT = 'mailboat status lists the subscriptions.';
  END IF;
END $$;
