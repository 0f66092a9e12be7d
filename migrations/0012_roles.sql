-- Who may do what. Roles belong to the whole cluster, so another database may have created them.

DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY '{outbox_producer,outbox_capture}'::text[] LOOP
    IF to_regrole(role_name) IS NULL THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
    END IF;
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the roles outbox_producer and outbox_capture were not created: this needs CREATEROLE'
    USING HINT = 'Without them the producer connects as the role that ran this migration.';
END $$;

-- Not an attribute that every CREATEROLE may give. Capture must find the current row under row level security too.
DO $$
BEGIN
  ALTER ROLE outbox_capture BYPASSRLS;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
  NULL;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA outbox FROM PUBLIC;
GRANT USAGE ON SCHEMA outbox TO PUBLIC;
GRANT EXECUTE ON FUNCTION outbox.publish(text, json, "char") TO PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA outbox TO outbox_producer;
    GRANT SELECT ON ALL TABLES IN SCHEMA outbox TO outbox_producer;
    GRANT SELECT ON SEQUENCE outbox.event_id TO outbox_producer;
    GRANT UPDATE (state, snapshot, acked_event_id, acked_at, load, consumer, consumer_seen_at)
      ON outbox.subscription TO outbox_producer;
  END IF;
  IF to_regrole('outbox_capture') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA outbox TO outbox_capture;
    GRANT INSERT ON outbox.event TO outbox_capture;
    GRANT USAGE ON SEQUENCE outbox.event_id TO outbox_capture;
    GRANT EXECUTE ON FUNCTION outbox.wake_producer() TO outbox_capture;
  END IF;
END $$;
