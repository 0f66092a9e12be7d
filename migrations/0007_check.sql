-- What outbox.track refuses, each with a sentence and what to do about it.

CREATE FUNCTION outbox.check_relation(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  topic text := outbox.topic_of(check_relation.relation);
  c pg_class;
BEGIN
  SELECT * INTO c FROM pg_class WHERE oid = check_relation.relation;
  IF c.relkind NOT IN ('r', 'p') OR c.relpersistence = 't' THEN
    RAISE EXCEPTION '% is not an ordinary table', topic USING ERRCODE = 'wrong_object_type',
      HINT = 'Tables and partitioned tables can be tracked; views, foreign and temporary tables cannot.';
  END IF;
  IF c.relnamespace IN ('outbox'::regnamespace, 'pg_catalog'::regnamespace, 'information_schema'::regnamespace) THEN
    RAISE EXCEPTION '% belongs to PostgreSQL or to mailboat itself', topic USING ERRCODE = 'wrong_object_type',
      HINT = 'Track tables of your application.';
  END IF;
  IF NOT pg_has_role(c.relowner, 'USAGE') THEN
    RAISE EXCEPTION 'must be owner of table % to track it', topic USING ERRCODE = 'insufficient_privilege',
      HINT = 'Run this as its owner or as a superuser.';
  END IF;
  IF c.relispartition AND EXISTS (SELECT FROM outbox.tracked t
                                  JOIN pg_partition_ancestors(c.oid) a ON a = t.relation) THEN
    RAISE EXCEPTION '% is a partition of a table that is tracked already', topic USING ERRCODE = 'wrong_object_type',
      HINT = 'Its changes are in the log under the parent''s name.';
  END IF;
  IF c.relkind = 'p' AND EXISTS (SELECT FROM outbox.tracked t JOIN pg_partition_tree(c.oid) p ON p.relid = t.relation
                                 WHERE t.relation <> c.oid) THEN
    RAISE EXCEPTION 'a partition of % is tracked by itself', topic USING ERRCODE = 'wrong_object_type',
      HINT = 'Untrack the partition first.';
  END IF;
  IF c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) THEN
    RAISE EXCEPTION 'tables inherit from %, and their rows would appear in it uncaptured', topic
      USING ERRCODE = 'wrong_object_type', HINT = 'Track the inheriting tables, or use declarative partitioning.';
  END IF;
  IF c.relpersistence = 'u' THEN
    RAISE WARNING 'table % is UNLOGGED: PostgreSQL empties it after a crash, and no event tells of that', topic
      USING HINT = 'ALTER TABLE ... SET LOGGED, or load it again after a crash.';
  END IF;
END $$;

CREATE FUNCTION outbox.check_capture(relation regclass, capture text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF check_capture.capture NOT IN ('row', 'statement') THEN
    RAISE EXCEPTION 'there is no capture mode "%"', check_capture.capture USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use row or statement.';
  END IF;
  IF check_capture.capture = 'statement'
     AND (outbox.is_partitioned(check_capture.relation)
          OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = check_capture.relation)) THEN
    RAISE EXCEPTION 'statement capture of % would miss statements that name a partition or a parent table',
      outbox.topic_of(check_capture.relation)
      USING ERRCODE = 'wrong_object_type', HINT = 'Use row capture, the default.';
  END IF;
END $$;

CREATE FUNCTION outbox.check_columns(relation oid, key text[], exclude text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  topic text := outbox.topic_of(check_columns.relation);
  name text;
BEGIN
  FOREACH name IN ARRAY check_columns.key || check_columns.exclude LOOP
    IF name IS NULL OR name <> ALL (outbox.columns_of(check_columns.relation, '{}')) THEN
      RAISE EXCEPTION 'table % has no column "%"', topic, name USING ERRCODE = 'undefined_column',
        HINT = 'Its columns: ' || array_to_string(outbox.columns_of(check_columns.relation, '{}'), ', ');
    END IF;
    IF name = ANY (check_columns.key) AND name = ANY (check_columns.exclude) THEN
      RAISE EXCEPTION 'key column "%" of table % cannot be excluded', name, topic
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Without its key a row cannot be found in the replica.';
    END IF;
  END LOOP;
END $$;
