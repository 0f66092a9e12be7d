-- What became of retries, and what an operator decides about tasks. All lock rows in the order of their ids, so that
-- none of them waits for another that waits for it.

CREATE FUNCTION outbox.complete(r outbox.rejection, superseded boolean, file text, retry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.rejection x
  SET status = 'completed', completed_at = now(), superseded = complete.superseded, next_attempt_at = NULL,
      completed_file = complete.file, completed_retry = complete.retry
  WHERE x.subscription = r.subscription AND x.event_id = r.event_id;
  INSERT INTO outbox.rejection_history (subscription, event_id, what)
  VALUES (r.subscription, r.event_id, CASE WHEN complete.superseded THEN 'superseded' ELSE 'completed' END);
END $$;

CREATE FUNCTION outbox.mark_failed(r outbox.rejection) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  topic text;
  payload json;
BEGIN
  UPDATE outbox.rejection x SET status = 'failed', failed_at = now(), next_attempt_at = NULL
  WHERE x.subscription = r.subscription AND x.event_id = r.event_id;
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  VALUES (r.subscription, r.event_id, 'failed', r.last_error);
  SELECT e.topic, e.payload INTO topic, payload FROM outbox.event e WHERE e.txid = r.txid AND e.id = r.event_id;
  PERFORM outbox.compensate(r, topic, payload);
END $$;

CREATE FUNCTION outbox.count_failure(r outbox.rejection, s outbox.subscription, result text, error text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.rejection x
  SET retry_count = x.retry_count + 1, last_error = count_failure.error,
      next_attempt_at = outbox.next_attempt(s, x.retry_count + 1)
  WHERE x.subscription = r.subscription AND x.event_id = r.event_id RETURNING * INTO r;
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  VALUES (r.subscription, r.event_id, 'retry failed', r.last_error);
  IF r.retry_count >= s.max_attempts OR count_failure.result = 'lost' THEN
    PERFORM outbox.mark_failed(r);
  END IF;
END $$;

-- `results`: applied, superseded, rejected, or lost (the event can no longer be sent: no use in trying again). An event
-- without a task is passed over. What was applied in the end is completed, whatever has been decided meanwhile. `file`
-- and `retry` tell which state of the replica has it: see reopen_tasks().
CREATE FUNCTION outbox.record_retries(subscription text, event_ids bigint[], results text[], errors text[],
                                      file text DEFAULT NULL, retry bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(record_retries.subscription);
  outcome record;
  r outbox.rejection;
BEGIN
  FOR outcome IN SELECT o.event_id, o.result, o.error
                 FROM unnest(record_retries.event_ids, record_retries.results, record_retries.errors)
                      o(event_id, result, error) ORDER BY o.event_id LOOP
    SELECT * INTO r FROM outbox.rejection x
    WHERE x.subscription = s.name AND x.event_id = outcome.event_id AND x.status <> 'completed' FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    CASE
      WHEN outcome.result IN ('applied', 'superseded') THEN
        PERFORM outbox.complete(r, outcome.result = 'superseded', record_retries.file, record_retries.retry);
      WHEN outcome.result IN ('rejected', 'lost') THEN
        IF r.status = 'retrying' THEN
          PERFORM outbox.count_failure(r, s, outcome.result, coalesce(outcome.error, ''));
        END IF;
      ELSE
        RAISE EXCEPTION 'a retry cannot end as %', coalesce(quote_literal(outcome.result), 'NULL')
          USING ERRCODE = 'invalid_parameter_value', HINT = 'Use applied, superseded, rejected or lost.';
    END CASE;
  END LOOP;
END $$;

-- A replica has come back with a copy of its file that has had only so many retries: an older copy was put back, or a
-- power cut has taken the last commits. What later retries completed is not in it and has to come once more.
CREATE FUNCTION outbox.reopen_tasks(subscription text, file text, retries bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reopened bigint;
BEGIN
  WITH lost AS (
    SELECT x.event_id FROM outbox.rejection x
    WHERE x.subscription = reopen_tasks.subscription AND x.status = 'completed'
      AND x.completed_file = reopen_tasks.file AND x.completed_retry > reopen_tasks.retries
    ORDER BY x.event_id FOR UPDATE),
  reopened AS (
    UPDATE outbox.rejection x
    SET status = 'retrying', retry_count = 0, next_attempt_at = now(), completed_at = NULL, superseded = false,
        completed_file = NULL, completed_retry = NULL
    FROM lost l WHERE x.subscription = reopen_tasks.subscription AND x.event_id = l.event_id
    RETURNING x.event_id)
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  SELECT reopen_tasks.subscription, r.event_id, 'rejected', 'the replica is older than the retry that completed it'
  FROM reopened r ORDER BY r.event_id;
  GET DIAGNOSTICS reopened = ROW_COUNT;
  RETURN reopened;
END $$;

-- Tries tasks again at once, counting from 0. Those whose failure has been compensated are left alone unless
-- `compensated_too`: the source has been put right, and compensation runs only once. Returns how many it was.
CREATE FUNCTION outbox.retry_failed(subscription text, event_ids bigint[], decided_by text,
                                    compensated_too boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(retry_failed.subscription);
  decided bigint;
BEGIN
  WITH chosen AS (
    SELECT x.event_id FROM outbox.rejection x
    WHERE x.subscription = s.name AND x.event_id = ANY (retry_failed.event_ids) AND x.status <> 'completed'
      AND (x.compensated_at IS NULL OR retry_failed.compensated_too)
    ORDER BY x.event_id FOR UPDATE),
  retried AS (
    UPDATE outbox.rejection x
    SET status = 'retrying', retry_count = 0, next_attempt_at = now(), failed_at = NULL,
        decided_by = coalesce(retry_failed.decided_by, session_user), decided_at = now()
    FROM chosen c WHERE x.subscription = s.name AND x.event_id = c.event_id
    RETURNING x.event_id, x.decided_by)
  INSERT INTO outbox.rejection_history (subscription, event_id, what, decided_by)
  SELECT s.name, r.event_id, 'retry requested', r.decided_by FROM retried r ORDER BY r.event_id;
  GET DIAGNOSTICS decided = ROW_COUNT;
  PERFORM outbox.wake_producer();
  RETURN decided;
END $$;

-- Gives tasks up. The replica stays without these events; discarding never compensates. Returns how many it was.
CREATE FUNCTION outbox.discard_failed(subscription text, event_ids bigint[], decided_by text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(discard_failed.subscription);
  decided bigint;
BEGIN
  WITH chosen AS (
    SELECT x.event_id FROM outbox.rejection x
    WHERE x.subscription = s.name AND x.event_id = ANY (discard_failed.event_ids)
      AND x.status IN ('retrying', 'failed') ORDER BY x.event_id FOR UPDATE),
  discarded AS (
    UPDATE outbox.rejection x
    SET status = 'discarded', next_attempt_at = NULL,
        decided_by = coalesce(discard_failed.decided_by, session_user), decided_at = now()
    FROM chosen c WHERE x.subscription = s.name AND x.event_id = c.event_id
    RETURNING x.event_id, x.decided_by)
  INSERT INTO outbox.rejection_history (subscription, event_id, what, decided_by)
  SELECT s.name, d.event_id, 'discarded', d.decided_by FROM discarded d ORDER BY d.event_id;
  GET DIAGNOSTICS decided = ROW_COUNT;
  RETURN decided;
END $$;

REVOKE ALL ON FUNCTION outbox.complete, outbox.mark_failed, outbox.count_failure, outbox.record_retries, outbox.reopen_tasks,
  outbox.retry_failed, outbox.discard_failed FROM PUBLIC;
