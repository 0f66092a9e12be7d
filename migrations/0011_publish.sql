-- Application events: the only function of this schema that applications may call.

CREATE FUNCTION outbox.publish(topic text, payload json, op "char" DEFAULT 'U') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  event_id bigint;
BEGIN
  IF publish.op IS NULL OR publish.op NOT IN ('U', 'D') THEN
    RAISE EXCEPTION 'an application event cannot have op "%"', publish.op
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use U (there is such a thing now) or D (there is no more).';
  END IF;
  IF coalesce(publish.topic, '') = '' OR publish.payload IS NULL THEN
    RAISE EXCEPTION 'an application event needs a topic and a payload' USING ERRCODE = 'null_value_not_allowed',
      HINT = 'For example: SELECT outbox.publish(''create_user_analytics'', ''{"id": 1}'')';
  END IF;
  IF EXISTS (SELECT FROM outbox.tracked t WHERE t.topic = publish.topic) THEN
    RAISE EXCEPTION 'topic "%" belongs to a tracked table, whose events only the table itself writes', publish.topic
      USING ERRCODE = 'insufficient_privilege', HINT = 'Publish under another topic.';
  END IF;
  PERFORM outbox.wake_producer();
  INSERT INTO outbox.event (topic, op, payload) VALUES (publish.topic, publish.op, publish.payload)
  RETURNING id INTO event_id;
  RETURN event_id;
END $$;
