-- Tracked tables, and what the log says about their shape.

CREATE TABLE outbox.tracked (
  id              int GENERATED ALWAYS AS IDENTITY UNIQUE,
  topic           text PRIMARY KEY,
  relation        regclass NOT NULL UNIQUE,
  key             text[] NOT NULL,
  exclude         text[] NOT NULL,
  capture         text NOT NULL CHECK (capture IN ('row', 'statement')),
  tracked_at      timestamptz NOT NULL DEFAULT now(),
  key_numbers     smallint[] NOT NULL,
  exclude_numbers smallint[] NOT NULL,
  numbers_of      oid NOT NULL,
  rewritten       boolean NOT NULL DEFAULT false,
  blind           boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN outbox.tracked.id IS 'names the capture functions; unlike an oid it survives dump and reload';
COMMENT ON COLUMN outbox.tracked.key_numbers IS 'attnum of each key column, which a rename does not change';
COMMENT ON COLUMN outbox.tracked.numbers_of IS 'the oid that the numbers belong to: a reloaded table has others';
COMMENT ON COLUMN outbox.tracked.rewritten IS 'the running ALTER TABLE has rewritten rows';
COMMENT ON COLUMN outbox.tracked.blind IS 'capture knows only that rows change: payloads are NULL until tracked again';

-- Every R event again, for good: a producer can describe the relations as of any snapshot.
CREATE TABLE outbox.relation (
  topic       text NOT NULL,
  event_id    bigint NOT NULL,
  txid        xid8 NOT NULL,
  description json NOT NULL,
  PRIMARY KEY (topic, event_id)
);

CREATE FUNCTION outbox.topic_of(relation oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.nspname || '.' || c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = topic_of.relation
$$;

-- The type as a replica needs to know it: domains (also as array elements) resolved to what they are made of.
CREATE FUNCTION outbox.base_type(type oid, typmod int) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t pg_type;
  element pg_type;
BEGIN
  SELECT * INTO t FROM pg_type WHERE oid = base_type.type;
  IF t.typtype = 'd' THEN
    RETURN outbox.base_type(t.typbasetype, CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE base_type.typmod END);
  END IF;
  SELECT * INTO element FROM pg_type WHERE oid = t.typelem AND typarray = t.oid;
  IF element.typtype = 'd' THEN
    RETURN outbox.base_type(element.oid, -1) || '[]';
  END IF;
  RETURN format_type(base_type.type, base_type.typmod);
END $$;

-- Live columns in table order.
CREATE FUNCTION outbox.columns_of(relation oid, exclude text[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}')
  FROM pg_attribute a
  WHERE a.attrelid = columns_of.relation AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname::text <> ALL (columns_of.exclude)
$$;

CREATE FUNCTION outbox.numbers_of(relation oid, names text[]) RETURNS smallint[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(a.attnum ORDER BY n.position), '{}')
  FROM unnest(numbers_of.names) WITH ORDINALITY n(name, position)
  JOIN pg_attribute a ON a.attrelid = numbers_of.relation AND a.attname = n.name::name
                     AND a.attnum > 0 AND NOT a.attisdropped
$$;

CREATE FUNCTION outbox.names_of(relation oid, numbers smallint[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(a.attname::text ORDER BY n.position), '{}')
  FROM unnest(names_of.numbers) WITH ORDINALITY n(number, position)
  JOIN pg_attribute a ON a.attrelid = names_of.relation AND a.attnum = n.number AND NOT a.attisdropped
$$;

-- The payload of an R event, still without "load".
CREATE FUNCTION outbox.describe(relation oid, key text[], exclude text[]) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object(
    'schema', n.nspname, 'table', c.relname, 'key', describe.key,
    'columns', (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'number', a.attnum,
                                                    'type', outbox.base_type(a.atttypid, a.atttypmod))
                                 ORDER BY a.attnum)
                FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  AND a.attname::text <> ALL (describe.exclude)))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = describe.relation
$$;

CREATE FUNCTION outbox.last_description(topic text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.description::jsonb - '{load,renamed_from}'::text[]
  FROM outbox.relation r WHERE r.topic = last_description.topic ORDER BY r.event_id DESC LIMIT 1
$$;

CREATE FUNCTION outbox.write_relation(topic text, description jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH written AS (
    INSERT INTO outbox.event (topic, op, payload)
    VALUES (write_relation.topic, 'R', write_relation.description::json) RETURNING id, txid)
  INSERT INTO outbox.relation (topic, event_id, txid, description)
  SELECT write_relation.topic, id, txid, write_relation.description::json FROM written;
  SELECT outbox.wake_producer();
$$;
