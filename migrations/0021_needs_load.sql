-- A subscription whose replica cannot go on from its cursor: its next session loads every table in place.

ALTER TABLE outbox.subscription
  ADD load_reason      text,
  ADD load_required_at timestamptz,
  ADD reset_cursor     boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN outbox.subscription.state IS 'needs_load: until the first acknowledgement of the session that reloads';
COMMENT ON COLUMN outbox.subscription.load_reason IS 'why the tables are to be loaded, for the operator';
COMMENT ON COLUMN outbox.subscription.load_required_at IS 'names the request: a later one is not fulfilled with it';
COMMENT ON COLUMN outbox.subscription.reset_cursor IS 'that load takes the replica for one of another history';

-- `reset_cursor`: whatever the replica knows by ids is forgotten, so that also one is taken whose cursor does not fit
-- this source. Once required, it stays so until the load has begun.
CREATE FUNCTION outbox.require_load(subscription text, reason text, reset_cursor boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s outbox.subscription := outbox.subscription_named(require_load.subscription);
BEGIN
  UPDATE outbox.subscription x
  SET state = 'needs_load', load_reason = coalesce(nullif(require_load.reason, ''), 'it was asked for'), load_required_at = clock_timestamp(),
      reset_cursor = x.reset_cursor OR require_load.reset_cursor
  WHERE x.name = s.name;
  PERFORM outbox.wake_producer();
END $$;
REVOKE ALL ON FUNCTION outbox.require_load FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT UPDATE (load_reason, load_required_at, reset_cursor) ON outbox.subscription TO outbox_producer;
  END IF;
END $$;
