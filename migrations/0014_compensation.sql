-- Compensation: what is to be done in this database when a replica gives an event up for good.

CREATE TABLE outbox.compensation (
  topic    text PRIMARY KEY,
  function regprocedure NOT NULL
);

-- `function` takes (subscription text, event_id bigint, payload json, error text) and runs once for each task of the
-- topic that is marked failed, in the same transaction as the marking. It runs with the rights of outbox_producer
-- unless it is SECURITY DEFINER, and with the search_path of its own SET clause. NULL: none any more.
CREATE FUNCTION outbox.on_failed(topic text, function regprocedure) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p pg_proc;
BEGIN
  IF coalesce(on_failed.topic, '') = '' THEN
    RAISE EXCEPTION 'on_failed needs a topic' USING ERRCODE = 'null_value_not_allowed',
      HINT = 'For example: SELECT outbox.on_failed(''create_user_analytics'', ''undo(text,bigint,json,text)'')';
  END IF;
  IF on_failed.function IS NULL THEN
    DELETE FROM outbox.compensation c WHERE c.topic = on_failed.topic;
    RETURN;
  END IF;
  SELECT * INTO p FROM pg_proc WHERE oid = on_failed.function;
  IF NOT FOUND OR p.prokind <> 'f' OR p.proretset
     OR oidvectortypes(p.proargtypes) <> 'text, bigint, json, text' THEN
    RAISE EXCEPTION '% cannot be called when a task fails', on_failed.function USING ERRCODE = 'undefined_function',
      HINT = 'Name a function that takes (subscription text, event_id bigint, payload json, error text).';
  END IF;
  IF NOT coalesce(p.proconfig::text LIKE '%search\_path=%', false) THEN
    RAISE WARNING '% has no search_path of its own and will find only tables that it names with their schema',
      on_failed.function
      USING HINT = format('ALTER FUNCTION %s SET search_path = public, pg_temp', on_failed.function);
  END IF;
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO outbox_producer', p.pronamespace::regnamespace);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO outbox_producer', on_failed.function);
  END IF;
  INSERT INTO outbox.compensation AS c (topic, function) VALUES (on_failed.topic, on_failed.function)
  ON CONFLICT ON CONSTRAINT compensation_pkey DO UPDATE SET function = excluded.function;
END $$;

-- Calls the topic's function for a task that has just been marked failed. What the function has done stays or goes as a
-- whole: constraints that may be checked later are checked before it counts as done, because a failure at the commit
-- would undo the marking, too. They are put off at first, also for the second task of a transaction.
CREATE FUNCTION outbox.compensate(r outbox.rejection, topic text, payload json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen regprocedure;
  failure text;
BEGIN
  SELECT c.function INTO chosen FROM outbox.compensation c WHERE c.topic = compensate.topic;
  IF NOT FOUND OR r.compensated_at IS NOT NULL THEN
    RETURN;
  END IF;
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_proc p WHERE p.oid = chosen) THEN
      RAISE EXCEPTION 'the function that on_failed names for topic "%" has been dropped', compensate.topic;
    END IF;
    SET CONSTRAINTS ALL DEFERRED;
    EXECUTE format('SELECT %s($1, $2, $3, $4)', chosen::oid::regproc)
      USING r.subscription, r.event_id, compensate.payload, r.last_error;
    SET CONSTRAINTS ALL IMMEDIATE;
  EXCEPTION WHEN OTHERS OR assert_failure THEN
    failure := SQLERRM;
  END;
  UPDATE outbox.rejection x
  SET compensated_at = CASE WHEN failure IS NULL THEN now() END, compensation_error = failure
  WHERE x.subscription = r.subscription AND x.event_id = r.event_id;
  INSERT INTO outbox.rejection_history (subscription, event_id, what, detail)
  VALUES (r.subscription, r.event_id, CASE WHEN failure IS NULL THEN 'compensated' ELSE 'compensation failed' END,
          coalesce(failure, chosen::text));
END $$;

REVOKE ALL ON FUNCTION outbox.on_failed, outbox.compensate FROM PUBLIC;
