-- Replays: what a producer finds out and writes down about events that are sent again.

-- Reading the log in the order of ids. Ids are in nearly the order of the rows, so that this costs writers next to
-- nothing.
CREATE INDEX event_by_id ON outbox.event USING brin (id) WITH (pages_per_range = 32, autosummarize = on);

ALTER TABLE outbox.replay ADD COLUMN through_id bigint;
COMMENT ON COLUMN outbox.replay.through_id IS 'where it ends: fixed when it starts, so that it does not run after what is written meanwhile';

-- The lowest id that the log still holds, and when that event was written; NULL when the log is empty. The first by
-- transaction is near it.
CREATE FUNCTION outbox.log_begins(OUT id bigint, OUT created_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
  SELECT e.id, e.created_at FROM outbox.event e
  WHERE e.id <= (SELECT f.id FROM outbox.event f ORDER BY f.txid, f.id LIMIT 1) ORDER BY e.id LIMIT 1
$$;

-- Says what of a replay the log does not hold any more; NULL when it holds everything.
CREATE FUNCTION outbox.not_retained(r outbox.replay) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first record;
BEGIN
  SELECT * INTO first FROM outbox.log_begins();
  IF first.id IS NULL THEN
    RETURN 'the log is empty: there is nothing to send again';
  END IF;
  IF first.id > coalesce(r.from_id, 1) AND coalesce(first.created_at > r.since, true) THEN
    RETURN format('the log begins with event %s of %s UTC: what is older was not sent again', first.id,
                  to_char(first.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'));
  END IF;
  RETURN NULL;
END $$;

-- Makes the index know the latest part of the log, which otherwise happens now and then; without it each look of a replay
-- would read that part. It may be put off while the log is being vacuumed.
CREATE FUNCTION outbox.summarize_log() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
  PERFORM brin_summarize_new_values(i.relid) FROM pg_partition_tree('outbox.event_by_id') i WHERE i.isleaf;
EXCEPTION WHEN lock_not_available THEN
  NULL;
END $$;

-- For producers. The subscription's oldest open replay, which runs from now on, and where it goes on: behind event
-- `position`, as far as `through_id`, at `rate` events per second (NULL: without a limit). No row when there is none, or
-- while somebody else is deciding about it.
CREATE FUNCTION outbox.start_replay(subscription text, OUT operation bigint, OUT "position" bigint,
                                    OUT through_id bigint, OUT rate double precision) RETURNS SETOF record
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r outbox.replay;
BEGIN
  SELECT o.id INTO operation FROM outbox.operation o
  WHERE o.subscription = start_replay.subscription AND o.kind = 'replay' AND o.status IN ('requested', 'running')
  ORDER BY o.id LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM FROM outbox.operation o
  WHERE o.id = start_replay.operation AND o.status IN ('requested', 'running') FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE outbox.replay x
  SET through_id = coalesce(x.through_id, greatest(0, least(x.to_id, (SELECT q.last_value FROM outbox.event_id q))))
  WHERE x.operation = start_replay.operation RETURNING x.* INTO r;
  UPDATE outbox.operation o
  SET status = 'running', started_at = coalesce(o.started_at, now()), error = coalesce(o.error, outbox.not_retained(r))
  WHERE o.id = start_replay.operation;
  PERFORM outbox.summarize_log();
  through_id := r.through_id;
  "position" := greatest(r.last_id, r.from_id - 1, (SELECT b.id - 1 FROM outbox.log_begins() b));
  rate := CASE WHEN r.rate < 1e9 THEN r.rate END;
  RETURN NEXT;
END $$;

-- For producers. Counts what became of the events up to `last_id`, also of a replay that has been cancelled meanwhile,
-- and ends it when it is `finished` or with an error. Returns whether the replay goes on. At most 100 errors are kept.
CREATE FUNCTION outbox.record_replay(operation bigint, last_id bigint, applied bigint, superseded bigint,
                                     rejected bigint, event_ids bigint[], errors text[], finished boolean,
                                     error text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  is_open boolean;
BEGIN
  SELECT o.status IN ('requested', 'running') INTO is_open FROM outbox.operation o
  WHERE o.id = record_replay.operation FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE outbox.replay r
  SET last_id = record_replay.last_id, applied = r.applied + record_replay.applied,
      superseded = r.superseded + record_replay.superseded, rejected = r.rejected + record_replay.rejected,
      sent = r.sent + record_replay.applied + record_replay.superseded + record_replay.rejected,
      errors = (SELECT coalesce(jsonb_agg(x.error ORDER BY x.place), '[]')
                FROM (SELECT k.value AS error, k.place FROM jsonb_array_elements(r.errors) WITH ORDINALITY k(value, place)
                      UNION ALL
                      SELECT jsonb_build_object('event_id', n.id, 'error', n.error), 100 + n.place
                      FROM unnest(record_replay.event_ids, record_replay.errors) WITH ORDINALITY n(id, error, place)
                      ORDER BY 2 LIMIT 100) x)
  WHERE r.operation = record_replay.operation AND r.last_id < record_replay.last_id;
  IF is_open AND (record_replay.finished OR record_replay.error IS NOT NULL) THEN
    UPDATE outbox.operation o
    SET status = CASE WHEN record_replay.error IS NULL THEN 'completed' ELSE 'failed' END, finished_at = now(),
        error = coalesce(record_replay.error, o.error)
    WHERE o.id = record_replay.operation;
    RETURN false;
  END IF;
  RETURN is_open;
END $$;

REVOKE ALL ON FUNCTION outbox.log_begins, outbox.not_retained, outbox.summarize_log, outbox.start_replay,
  outbox.record_replay FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT UPDATE (through_id) ON outbox.replay TO outbox_producer;
    GRANT EXECUTE ON FUNCTION outbox.log_begins, outbox.not_retained, outbox.summarize_log, outbox.start_replay,
      outbox.record_replay TO outbox_producer;
  END IF;
END $$;
