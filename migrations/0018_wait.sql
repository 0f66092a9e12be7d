-- Read your writes: an application waits until a replica has what it has committed.

-- Whether the replica is known to have every event of the subscription's topics that `wanted` sees. The snapshots are
-- not compared themselves: writing progress down takes a transaction id, too, and would keep them apart for ever.
CREATE FUNCTION outbox.has_applied(s outbox.subscription, wanted pg_snapshot) RETURNS boolean
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
        AND (s.topics IS NULL OR e.topic = ANY (s.topics)));
END $$;

-- Returns true once the subscription's replica has everything that was committed before the call (or has refused it,
-- which makes it a task), and false when it has not within `timeout`.
--
-- While it waits it holds a lock that the producer looks for, so that an acknowledgement is written down at once and
-- not within about a second. The lock belongs to a subtransaction that is always rolled back: so it goes however the
-- wait ends, even if the caller's transaction stays open. It is only tried: nobody can hold up a caller beyond `timeout`.
-- Index scans only: stale statistics must not turn a look into a scan of the log.
CREATE FUNCTION outbox.wait_for(subscription text, timeout interval DEFAULT '10 s') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_bitmapscan = off AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(wait_for.subscription);
  wanted pg_snapshot := pg_current_snapshot();
  deadline timestamptz := clock_timestamp() + wait_for.timeout;
  looked_at pg_snapshot;
  applied boolean := false;
  announced boolean := false;
  pause float8 := 0.001;
BEGIN
  IF wait_for.timeout IS NULL OR wait_for.timeout < '0' THEN
    RAISE EXCEPTION 'wait_for cannot wait for %', coalesce(wait_for.timeout::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use 0 or more, for example ''10 s''.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'wait_for cannot tell on a standby what has been committed'
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call it on the primary.';
  END IF;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'wait_for would never see the replica move in a transaction that is %',
      upper(current_setting('transaction_isolation'))
      USING ERRCODE = 'invalid_transaction_state',
            HINT = 'Commit, and call it in a READ COMMITTED transaction or outside of one.';
  END IF;
  IF EXISTS (SELECT FROM outbox.event e WHERE e.txid = pg_current_xact_id_if_assigned()) THEN
    RAISE EXCEPTION 'wait_for would wait for changes that this transaction has not committed'
      USING ERRCODE = 'invalid_transaction_state', HINT = 'Commit first, then call it.';
  END IF;
  BEGIN
    LOOP
      s := outbox.subscription_named(wait_for.subscription);
      IF looked_at::text IS DISTINCT FROM s.snapshot::text THEN
        looked_at := s.snapshot;
        applied := outbox.has_applied(s, wanted);
      END IF;
      EXIT WHEN applied AND s.acked_at IS NOT NULL AND s.state = 'active' AND s.load IS NULL AND s.trouble IS NULL;
      IF clock_timestamp() >= deadline THEN
        applied := false;
        EXIT;
      END IF;
      announced := announced OR pg_try_advisory_xact_lock_shared(1835162486, s.id);
      PERFORM pg_sleep(least(pause, extract(epoch FROM deadline - clock_timestamp())));
      pause := least(pause * 1.5, 0.01);
    END LOOP;
    RAISE SQLSTATE 'MBW01';
  EXCEPTION WHEN SQLSTATE 'MBW01' THEN
    RETURN applied;
  END;
END $$;

REVOKE ALL ON FUNCTION outbox.has_applied, outbox.wait_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox.wait_for TO PUBLIC;
