-- The log: an append-only table of events. Nothing in it is ever updated in order to be delivered.

CREATE SCHEMA outbox;
COMMENT ON SCHEMA outbox IS 'mailboat: the log of changes and the state of its subscriptions';

CREATE TABLE outbox.migration (
  version    int PRIMARY KEY,
  name       text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- CACHE 1: within a session's cached range a later change of a row could get a lower id than an earlier one.
CREATE SEQUENCE outbox.event_id AS bigint CACHE 1;

CREATE TABLE outbox.event (
  id         bigint NOT NULL DEFAULT nextval('outbox.event_id'),
  txid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
  topic      text NOT NULL,
  op         "char" NOT NULL CHECK (op IN ('I', 'U', 'D', 'T', 'R')),
  payload    json,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (txid, id)
) PARTITION BY RANGE (id);
ALTER SEQUENCE outbox.event_id OWNED BY outbox.event.id;
COMMENT ON COLUMN outbox.event.op IS 'I insert, U update, D delete (payload: the key), T truncate, R relation';

-- Inserts always find a partition: the source's applications must never fail because mailboat is down.
CREATE TABLE outbox.event_default PARTITION OF outbox.event DEFAULT;

-- Wakes a sleeping producer without NOTIFY's price in a busy system. A producer sleeps only while it holds this
-- lock exclusively, so whoever gets the shared lock knows that a producer is awake, or absent. The lock lives until
-- the transaction ends, which is after its commit has become visible: no wake-up can be missed. A transaction that
-- notified cannot be PREPAREd, so where that is in use the producer polls instead.
CREATE FUNCTION outbox.wake_producer() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(1835162484, 1)
     AND current_setting('max_prepared_transactions') = '0' THEN
    PERFORM pg_notify('outbox_wakeup', '');
  END IF;
END $$;
