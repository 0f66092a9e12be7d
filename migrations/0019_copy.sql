-- Copies of a replica's file: one that is put back, and one that becomes the replica of another subscription.

-- Both are transactions of this cluster, so that any replica's cursor tells whether they lie before or after it.
ALTER TABLE outbox.subscription ADD created_txid xid8;
ALTER TABLE outbox.subscription ALTER created_txid SET DEFAULT pg_current_xact_id();
COMMENT ON COLUMN outbox.subscription.created_txid IS 'covered by the cursor of every replica that it ever had';
ALTER TABLE outbox.rejection ADD completed_txid xid8;
COMMENT ON COLUMN outbox.rejection.completed_txid IS 'a replica whose cursor covers it has the event';

CREATE OR REPLACE FUNCTION outbox.complete(r outbox.rejection, superseded boolean, file text, retry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.rejection x
  SET status = 'completed', completed_at = now(), superseded = complete.superseded, next_attempt_at = NULL,
      completed_file = complete.file, completed_retry = complete.retry, completed_txid = pg_current_xact_id()
  WHERE x.subscription = r.subscription AND x.event_id = r.event_id;
  INSERT INTO outbox.rejection_history (subscription, event_id, what)
  VALUES (r.subscription, r.event_id, CASE WHEN complete.superseded THEN 'superseded' ELSE 'completed' END);
END $$;

CREATE FUNCTION outbox.is_in_log(txid xid8, event_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM outbox.event e WHERE e.txid = is_in_log.txid AND e.id = is_in_log.event_id)
      OR EXISTS (SELECT FROM outbox.relation d WHERE d.txid = is_in_log.txid AND d.event_id = is_in_log.event_id)
$$;

-- A replica has come back with a copy of its file that stands at `snapshot` and has had only so many retries: an older
-- copy was put back, or a power cut has taken the last commits. What later retries completed is not in it and has to
-- come once more. So has what another file has completed since, which was filled anew meanwhile and is given up now.
DROP FUNCTION outbox.reopen_tasks(text, text, bigint);
CREATE FUNCTION outbox.reopen_tasks(subscription text, file text, retries bigint, snapshot pg_snapshot) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reopened bigint;
BEGIN
  WITH lost AS (
    SELECT x.event_id FROM outbox.rejection x
    WHERE x.subscription = reopen_tasks.subscription AND x.status = 'completed'
      AND CASE WHEN x.completed_file = reopen_tasks.file THEN x.completed_retry > reopen_tasks.retries
               ELSE NOT pg_visible_in_snapshot(x.completed_txid, reopen_tasks.snapshot)
                    AND outbox.is_in_log(x.txid, x.event_id) END
    ORDER BY x.event_id FOR UPDATE),
  reopened AS (
    UPDATE outbox.rejection x
    SET status = 'retrying', retry_count = 0, next_attempt_at = now(), completed_at = NULL, superseded = false,
        completed_file = NULL, completed_retry = NULL, completed_txid = NULL
    FROM lost l WHERE x.subscription = reopen_tasks.subscription AND x.event_id = l.event_id
    RETURNING x.event_id)
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  SELECT reopen_tasks.subscription, r.event_id, 'rejected', 'the replica is older than the retry that completed it'
  FROM reopened r ORDER BY r.event_id;
  GET DIAGNOSTICS reopened = ROW_COUNT;
  RETURN reopened;
END $$;

-- The tasks that a replica of `original` has at `snapshot`, for `name`, with their stories. What the snapshot does not
-- cover comes in a window. Of what it covers, an open task stays what it is. A completed one is in the copy if its
-- completion had been recorded when the snapshot was taken: the replica had applied it before. Otherwise the copy may
-- be from before that retry, and it is tried again: if the copy has it all the same, the version rules see to it that
-- nothing changes. (The count of retries in the file would not do: an older copy that has been put back counts from
-- there again.) An event that the log has lost can no longer be tried, and would only be marked failed.
CREATE FUNCTION outbox.copy_tasks(name text, original text, snapshot pg_snapshot) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  copied bigint;
BEGIN
  INSERT INTO outbox.rejection
    (subscription, event_id, txid, status, retry_count, last_error, next_attempt_at, first_failed_at, failed_at,
     compensated_at, compensation_error, decided_by, decided_at)
  SELECT copy_tasks.name, r.event_id, r.txid, CASE r.status WHEN 'completed' THEN 'retrying' ELSE r.status END,
         CASE r.status WHEN 'completed' THEN 0 ELSE r.retry_count END, r.last_error,
         CASE r.status WHEN 'completed' THEN now() ELSE r.next_attempt_at END, r.first_failed_at, r.failed_at,
         r.compensated_at, r.compensation_error, r.decided_by, r.decided_at
  FROM outbox.rejection r
  WHERE r.subscription = copy_tasks.original AND pg_visible_in_snapshot(r.txid, copy_tasks.snapshot)
    AND (r.status <> 'completed'
         OR (pg_visible_in_snapshot(r.completed_txid, copy_tasks.snapshot) IS NOT TRUE
             AND outbox.is_in_log(r.txid, r.event_id)));
  GET DIAGNOSTICS copied = ROW_COUNT;
  INSERT INTO outbox.rejection_history (subscription, event_id, at, what, detail, decided_by)
  SELECT copy_tasks.name, h.event_id, h.at, h.what, h.detail, h.decided_by
  FROM outbox.rejection_history h
  WHERE h.subscription = copy_tasks.original
    AND h.event_id IN (SELECT r.event_id FROM outbox.rejection r WHERE r.subscription = copy_tasks.name)
  ORDER BY h.id;
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  SELECT copy_tasks.name, r.event_id, 'rejected', 'the copy may be older than the retry that completed it'
  FROM outbox.rejection r JOIN outbox.rejection o ON o.subscription = copy_tasks.original AND o.event_id = r.event_id
  WHERE r.subscription = copy_tasks.name AND o.status = 'completed'
  ORDER BY r.event_id;
  RETURN copied;
END $$;

-- Makes subscription `name` for a copy of the replica of `original` that has come to `snapshot`. Returns how many of its
-- tasks the new one has got.
CREATE FUNCTION outbox.subscribe_copy(name text, original text, snapshot pg_snapshot, last_event_id bigint)
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
  UPDATE outbox.subscription s
  SET max_attempts = o.max_attempts, retry_delay = o.retry_delay, retry_delay_max = o.retry_delay_max, state = o.state,
      snapshot = subscribe_copy.snapshot, acked_event_id = subscribe_copy.last_event_id, acked_at = now(),
      created_txid = o.created_txid
  WHERE s.name = subscribe_copy.name;
  RETURN outbox.copy_tasks(subscribe_copy.name, o.name, subscribe_copy.snapshot);
END $$;

REVOKE ALL ON FUNCTION outbox.is_in_log, outbox.reopen_tasks, outbox.copy_tasks, outbox.subscribe_copy FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT UPDATE (completed_txid) ON outbox.rejection TO outbox_producer;
    GRANT EXECUTE ON FUNCTION outbox.is_in_log, outbox.reopen_tasks TO outbox_producer;
  END IF;
END $$;
