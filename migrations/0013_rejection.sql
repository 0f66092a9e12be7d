-- What a replica could not apply. Each row is a task with a story: retried with growing pauses, completed or failed.

ALTER TABLE outbox.subscription
  ADD retry_delay     interval NOT NULL DEFAULT '1 s' CHECK (retry_delay > '0'),
  ADD retry_delay_max interval NOT NULL DEFAULT '5 min' CHECK (retry_delay_max <= '1 year'),
  ADD trouble         text,
  ADD trouble_since   timestamptz,
  ADD CHECK (retry_delay_max >= retry_delay);
COMMENT ON COLUMN outbox.subscription.max_attempts IS 'after so many failed retries a task is marked failed';
COMMENT ON COLUMN outbox.subscription.retry_delay IS 'before the first retry; doubles with each that fails';
COMMENT ON COLUMN outbox.subscription.trouble IS 'why the replica cannot follow now; NULL when it does';

CREATE TABLE outbox.rejection (
  subscription       text NOT NULL REFERENCES outbox.subscription (name) ON DELETE CASCADE ON UPDATE CASCADE,
  event_id           bigint NOT NULL,
  txid               xid8 NOT NULL,
  status             text NOT NULL DEFAULT 'retrying' CHECK (status IN ('retrying', 'completed', 'failed', 'discarded')),
  retry_count        int NOT NULL DEFAULT 0,
  last_error         text NOT NULL,
  next_attempt_at    timestamptz CHECK ((next_attempt_at IS NOT NULL) = (status = 'retrying')),
  first_failed_at    timestamptz NOT NULL DEFAULT now(),
  failed_at          timestamptz,
  completed_at       timestamptz,
  superseded         boolean NOT NULL DEFAULT false,
  completed_file     text,
  completed_retry    bigint,
  compensated_at     timestamptz,
  compensation_error text,
  decided_by         text,
  decided_at         timestamptz,
  PRIMARY KEY (subscription, event_id)
);
CREATE INDEX rejection_due ON outbox.rejection (subscription, next_attempt_at) WHERE status = 'retrying';
COMMENT ON COLUMN outbox.rejection.retry_count IS 'failed retries; the failure in the window is not one';
COMMENT ON COLUMN outbox.rejection.superseded IS 'completed because the row had moved on meanwhile';
COMMENT ON COLUMN outbox.rejection.completed_retry IS 'the count of retries in the replica''s file with this one';
COMMENT ON COLUMN outbox.rejection.decided_by IS 'who retried or discarded it last';

CREATE TABLE outbox.rejection_history (
  subscription text NOT NULL,
  event_id     bigint NOT NULL,
  id           bigint GENERATED ALWAYS AS IDENTITY,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  what         text NOT NULL CHECK (what IN ('rejected', 'retry failed', 'completed', 'superseded', 'failed',
                                             'compensated', 'compensation failed', 'retry requested', 'discarded')),
  detail       text,
  decided_by   text,
  PRIMARY KEY (subscription, event_id, id),
  FOREIGN KEY (subscription, event_id) REFERENCES outbox.rejection ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE FUNCTION outbox.subscription_named(name text) RETURNS outbox.subscription
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription;
BEGIN
  SELECT * INTO s FROM outbox.subscription x WHERE x.name = subscription_named.name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no subscription %', coalesce('"' || subscription_named.name || '"', 'NULL')
      USING ERRCODE = 'undefined_object', HINT = 'mailboat status lists the subscriptions.';
  END IF;
  RETURN s;
END $$;

-- Half of the pause is fixed and half random, so that what failed together does not come back together.
CREATE FUNCTION outbox.next_attempt(s outbox.subscription, retry_count int) RETURNS timestamptz
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT now() + make_interval(secs =>
    least(extract(epoch FROM s.retry_delay)::float8 * power(2, least(next_attempt.retry_count, 60)),
          extract(epoch FROM s.retry_delay_max)::float8) * (0.5 + random() / 2))
$$;

-- Records what a replica reports, any number of times. A completed task that is reported again (by an older copy of
-- the replica's file, put back) begins anew; any other stays as it is.
CREATE FUNCTION outbox.reject(subscription text, event_ids bigint[], txids xid8[], errors text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(reject.subscription);
BEGIN
  WITH recorded AS (
    INSERT INTO outbox.rejection AS x (subscription, event_id, txid, last_error, next_attempt_at)
    SELECT DISTINCT ON (i.event_id) s.name, i.event_id, i.txid, i.error, outbox.next_attempt(s, 0)
    FROM unnest(reject.event_ids, reject.txids, reject.errors) WITH ORDINALITY i(event_id, txid, error, position)
    ORDER BY i.event_id, i.position DESC
    ON CONFLICT ON CONSTRAINT rejection_pkey DO UPDATE
    SET txid = excluded.txid, status = 'retrying', retry_count = 0, last_error = excluded.last_error,
        next_attempt_at = excluded.next_attempt_at, first_failed_at = now(), failed_at = NULL, completed_at = NULL,
        superseded = false
    WHERE x.status = 'completed'
    RETURNING x.event_id, x.last_error)
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  SELECT s.name, r.event_id, 'rejected', r.last_error FROM recorded r ORDER BY r.event_id;
END $$;

-- How a subscription retries. NULL: as before. Tasks that wait already keep the time of their next attempt.
CREATE FUNCTION outbox.configure(subscription text, max_attempts int DEFAULT NULL, retry_delay interval DEFAULT NULL,
                                 retry_delay_max interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(configure.subscription);
BEGIN
  s.max_attempts := coalesce(configure.max_attempts, s.max_attempts);
  s.retry_delay := coalesce(configure.retry_delay, s.retry_delay);
  s.retry_delay_max := coalesce(configure.retry_delay_max, s.retry_delay_max);
  IF s.max_attempts < 1 THEN
    RAISE EXCEPTION 'max_attempts cannot be %', s.max_attempts
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use 1 or more.';
  END IF;
  IF s.retry_delay <= '0' OR s.retry_delay_max < s.retry_delay OR s.retry_delay_max > '1 year' THEN
    RAISE EXCEPTION 'retries cannot wait from % up to %', s.retry_delay, s.retry_delay_max
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'retry_delay must be above 0, and retry_delay_max between it and a year.';
  END IF;
  UPDATE outbox.subscription x
  SET max_attempts = s.max_attempts, retry_delay = s.retry_delay, retry_delay_max = s.retry_delay_max
  WHERE x.name = s.name;
END $$;

REVOKE ALL ON FUNCTION outbox.subscription_named, outbox.next_attempt, outbox.reject, outbox.configure FROM PUBLIC;
