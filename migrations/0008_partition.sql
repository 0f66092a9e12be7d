-- Partitions of a tracked table. Row triggers are cloned to them by PostgreSQL; what it does not do for us is here:
-- a partition truncated by itself, and partitions that come and go with rows in them.

CREATE FUNCTION outbox.leaf_trigger(id int) RETURNS name
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ('outbox_capture_leaf_' || id)::name
$$;

-- TRUNCATE of the parent fires its own trigger first and then each partition's: after a T nothing is left to say.
CREATE FUNCTION outbox.capture_leaf_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last_op "char";
BEGIN
  SELECT e.op INTO last_op FROM outbox.event e JOIN outbox.tracked t ON t.topic = e.topic
  WHERE e.txid = pg_current_xact_id() AND t.id = TG_ARGV[0]::int ORDER BY e.id DESC LIMIT 1;
  IF last_op IS DISTINCT FROM 'T' THEN
    EXECUTE format('SELECT outbox.%I($1, ''D'')', 'capture_' || TG_ARGV[0] || '_rows') USING TG_RELID::regclass;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION outbox.add_leaf(t outbox.tracked, leaf regclass, with_rows boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT
                  EXECUTE FUNCTION outbox.capture_leaf_truncate(%L)', outbox.leaf_trigger(t.id), leaf, t.id);
  PERFORM outbox.grant_reading(leaf, t.exclude, 'outbox_capture');
  IF with_rows THEN
    EXECUTE format('SELECT outbox.%I($1, ''U'')', 'capture_' || t.id || '_rows') USING leaf;
  END IF;
END $$;

CREATE FUNCTION outbox.remove_leaf(t outbox.tracked, leaf regclass, with_rows boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF with_rows THEN
    EXECUTE format('SELECT outbox.%I($1, ''D'')', 'capture_' || t.id || '_rows') USING leaf;
  END IF;
  EXECUTE format('DROP TRIGGER %I ON %s', outbox.leaf_trigger(t.id), leaf);
  PERFORM outbox.revoke_reading(leaf, 'outbox_capture');
END $$;

-- Which partitions are ours is remembered by the trigger on them. `with_rows`: log the rows of those that came or went.
CREATE FUNCTION outbox.refresh_leaves(t outbox.tracked, with_rows boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf regclass;
  owner name;
BEGIN
  IF NOT outbox.is_partitioned(t.relation) THEN
    RETURN;
  END IF;
  FOR leaf IN
    SELECT g.tgrelid FROM pg_trigger g
    WHERE g.tgname = outbox.leaf_trigger(t.id)
      AND g.tgrelid NOT IN (SELECT p.relid FROM pg_partition_tree(t.relation) p)
  LOOP
    PERFORM outbox.remove_leaf(t, leaf, with_rows);
  END LOOP;
  FOR leaf IN
    SELECT p.relid FROM pg_partition_tree(t.relation) p JOIN pg_class c ON c.oid = p.relid
    WHERE p.isleaf AND c.relkind = 'r'
      AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = p.relid AND g.tgname = outbox.leaf_trigger(t.id))
  LOOP
    PERFORM outbox.add_leaf(t, leaf, with_rows);
  END LOOP;
  -- PostgreSQL clones the row trigger in the name of whoever creates a partition.
  SELECT r.rolname INTO owner FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = t.relation;
  IF NOT has_function_privilege(owner, format('outbox.%I()', 'capture_' || t.id), 'EXECUTE') THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION outbox.%I() TO %I', 'capture_' || t.id, owner);
  END IF;
END $$;

CREATE FUNCTION outbox.remove_leaves(t outbox.tracked) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf regclass;
BEGIN
  FOR leaf IN SELECT g.tgrelid FROM pg_trigger g WHERE g.tgname = outbox.leaf_trigger(t.id) LOOP
    PERFORM outbox.remove_leaf(t, leaf, with_rows => false);
  END LOOP;
END $$;
