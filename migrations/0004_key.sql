-- Which columns name a row, and whether they can be relied on to do so.

CREATE FUNCTION outbox.primary_key(relation oid) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT outbox.names_of(i.indrelid, (i.indkey::smallint[])[0:i.indnkeyatts - 1])
  FROM pg_index i WHERE i.indrelid = primary_key.relation AND i.indisprimary
$$;

-- A plain unique index on exactly these columns, or NULL. Ones checked only at the end of the statement or
-- transaction do not count: with them the order of changes would not be the order in which keys were free.
CREATE FUNCTION outbox.key_index(relation oid, key text[], immediate boolean DEFAULT true) RETURNS oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT i.indexrelid FROM pg_index i
  WHERE i.indrelid = key_index.relation AND i.indisunique AND i.indisvalid
    AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indimmediate = key_index.immediate
    AND (SELECT array_agg(n ORDER BY n) FROM unnest((i.indkey::smallint[])[0:i.indnkeyatts - 1]) n)
      = (SELECT array_agg(n ORDER BY n) FROM unnest(outbox.numbers_of(key_index.relation, key_index.key)) n)
  ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1
$$;

-- Refuses a key that does not name each row once.
CREATE FUNCTION outbox.check_key(relation oid, key text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  topic text := outbox.topic_of(check_key.relation);
  columns text := array_to_string(check_key.key, ', ');
  nullable text;
BEGIN
  IF coalesce(cardinality(check_key.key), 0) = 0 THEN
    RAISE EXCEPTION 'table % has no primary key', topic USING ERRCODE = 'invalid_table_definition',
      HINT = 'Add a primary key, or name columns that are unique and not null: mailboat track --key a,b';
  END IF;
  SELECT a.attname INTO nullable FROM pg_attribute a
  WHERE a.attrelid = check_key.relation AND a.attname::text = ANY (check_key.key) AND NOT a.attnotnull LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'key column "%" of table % can be null', nullable, topic
      USING ERRCODE = 'invalid_table_definition', HINT = 'ALTER TABLE ... ALTER COLUMN ... SET NOT NULL first.';
  END IF;
  IF outbox.key_index(check_key.relation, check_key.key) IS NOT NULL THEN
    RETURN;
  END IF;
  IF outbox.key_index(check_key.relation, check_key.key, immediate => false) IS NOT NULL THEN
    RAISE EXCEPTION 'the key (%) of table % is DEFERRABLE: events in id order could break it on the way', columns, topic
      USING ERRCODE = 'invalid_table_definition',
            HINT = 'Create a plain unique index on these columns, or make the constraint NOT DEFERRABLE.';
  END IF;
  RAISE EXCEPTION 'the key (%) of table % is not unique', columns, topic
    USING ERRCODE = 'invalid_table_definition',
          HINT = 'Create a unique index on exactly these columns, without WHERE and without expressions.';
END $$;

-- SQL that is true when two records have the same key, by the operators of the key's index. The operators are
-- spelled with their schema: that of an extension's type is not in the search path of a capture function.
CREATE FUNCTION outbox.same_key(relation oid, key text[], one text, other text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(format('%s.%I OPERATOR(%I.%s) %s.%I', one, a.attname, n.nspname, o.oprname, other, a.attname),
                    ' AND ' ORDER BY k.position)
  FROM pg_index i
  CROSS JOIN unnest(i.indkey::smallint[], i.indclass::oid[]) WITH ORDINALITY k(number, class, position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  JOIN pg_opclass c ON c.oid = k.class
  JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
                AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
  JOIN pg_operator o ON o.oid = m.amopopr
  JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE i.indexrelid = outbox.key_index(same_key.relation, same_key.key)
$$;
