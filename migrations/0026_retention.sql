-- Retention: what nobody needs any more leaves the log, a whole partition at a time.
--
-- The log stands in partitions by ranges of ids: some that are full, the one that is written to, one or two that are made
-- ahead, and the tail, which is so wide that ids never come to its end. Whoever writes more in one transaction than was
-- made ahead, or writes while no producer is there to make more, ends in the tail. When it is in use, partitions are made
-- behind it, and ids leave it: they go on behind its end ("era"). The DEFAULT partition stays empty.
--
-- Truncating locks one partition that nobody writes to. Making and dropping partitions locks the whole log: a statement
-- that knows the partitions of before would fail on an id that belongs to a new one, so no transaction that has written may
-- be in flight. Both give up after `lock_timeout` rather than let an application wait, and are tried again.

ALTER TABLE outbox.subscription ADD released boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN outbox.subscription.released IS
  'it was cut off: until its next session it keeps nothing in the log';

CREATE INDEX rejection_open ON outbox.rejection (event_id) WHERE status IN ('retrying', 'failed');

-- What has been committed when. The latest that is old enough is taken for one more subscription, so that an event
-- stays for so long after its commit, however long its transaction took.
CREATE TABLE outbox.moment (
  at       timestamptz PRIMARY KEY,
  snapshot pg_snapshot NOT NULL
);

-- What has left the log: a cursor that covers all these snapshots has had it. As few rows as will do, usually one.
CREATE TABLE outbox.truncated (
  snapshot   pg_snapshot NOT NULL,
  through_id bigint NOT NULL,
  at         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN outbox.truncated.through_id IS 'some events up to this one are gone';

-- All but the DEFAULT partition, in order. `from_id` 0: everything below `to_id`.
CREATE FUNCTION outbox.partitions(OUT relation regclass, OUT from_id bigint, OUT to_id bigint) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.oid::regclass, coalesce(bound[1], '0')::bigint, bound[2]::bigint
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                  $re$FROM \((?:MINVALUE|'?(\d+)'?)\) TO \('?(\d+)'?\)$re$) bound
  WHERE i.inhparent = 'outbox.event'::regclass AND bound IS NOT NULL ORDER BY 2
$$;

CREATE FUNCTION outbox.last_id() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN q.is_called THEN q.last_value ELSE q.last_value - 1 END FROM outbox.event_id q
$$;

-- Whether everything that `other` covers is covered by `snapshot`.
CREATE FUNCTION outbox.covers(snapshot pg_snapshot, other pg_snapshot) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT NOT EXISTS (SELECT FROM pg_snapshot_xip(covers.snapshot) x WHERE pg_visible_in_snapshot(x, covers.other))
     AND greatest(pg_snapshot_xmax(covers.other)::text::bigint - pg_snapshot_xmax(covers.snapshot)::text::bigint, 0)
         = (SELECT count(*) FROM pg_snapshot_xip(covers.other) x WHERE x >= pg_snapshot_xmax(covers.snapshot))
$$;

-- What all of them cover, and nothing else.
CREATE FUNCTION outbox.common_part(snapshots pg_snapshot[]) RETURNS pg_snapshot
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH its AS (SELECT min(pg_snapshot_xmax(s)::text::bigint) AS xmax FROM unnest(common_part.snapshots) s),
  running AS (SELECT DISTINCT x::text::bigint AS txid
              FROM unnest(common_part.snapshots) s CROSS JOIN LATERAL pg_snapshot_xip(s) x, its
              WHERE x::text::bigint < its.xmax)
  SELECT concat_ws(':', coalesce((SELECT min(r.txid) FROM running r), its.xmax), its.xmax,
                   coalesce((SELECT string_agg(r.txid::text, ',' ORDER BY r.txid) FROM running r), ''))::pg_snapshot
  FROM its
$$;

-- Two questions, as in has_applied().
CREATE FUNCTION outbox.has_beyond(partition regclass, snapshot pg_snapshot) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  found boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %1$s WHERE txid >= $1) OR EXISTS (SELECT FROM %1$s WHERE txid = ANY ($2))',
                 has_beyond.partition) INTO found
  USING pg_snapshot_xmax(has_beyond.snapshot), ARRAY(SELECT pg_snapshot_xip(has_beyond.snapshot));
  RETURN found;
END $$;

CREATE FUNCTION outbox.is_empty(partition regclass) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found boolean := false;
BEGIN
  IF pg_relation_size(is_empty.partition) > 0 THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', is_empty.partition) INTO found;
  END IF;
  RETURN NOT found;
END $$;

-- Who needs events of a partition, and for what: `cursor`, because they have not been acknowledged; `task`, because one
-- is to be tried again or decided about; `replay`.
CREATE FUNCTION outbox.holders(partition regclass, from_id bigint, to_id bigint, OUT subscription text, OUT what text)
RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.name, 'cursor' FROM outbox.subscription s
  WHERE NOT s.released AND outbox.has_beyond(holders.partition, s.snapshot)
  UNION ALL
  SELECT DISTINCT r.subscription, 'task' FROM outbox.rejection r
  WHERE r.status IN ('retrying', 'failed') AND r.event_id >= holders.from_id AND r.event_id < holders.to_id
  UNION ALL
  SELECT DISTINCT o.subscription, 'replay' FROM outbox.operation o JOIN outbox.replay r ON r.operation = o.id
  WHERE o.status IN ('requested', 'running') AND greatest(r.last_id + 1, r.from_id) < holders.to_id
    AND coalesce(r.through_id, r.to_id, holders.from_id) >= holders.from_id
$$;

-- The log as its keeper and an operator see it: partitions with their sizes, the DEFAULT partition last, without bounds.
CREATE FUNCTION outbox.log_partitions(OUT name text, OUT from_id bigint, OUT to_id bigint, OUT bytes bigint,
                                      OUT empty boolean) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
  SELECT p.relation::text, p.from_id, p.to_id, pg_total_relation_size(p.relation), outbox.is_empty(p.relation)
  FROM (SELECT * FROM outbox.partitions() UNION ALL SELECT 'outbox.event_default', NULL, NULL) p
$$;

-- Who keeps what is full from leaving, and how many bytes of it.
CREATE FUNCTION outbox.held(OUT subscription text, OUT what text, OUT bytes bigint) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
  SELECT h.subscription, h.what, sum(pg_total_relation_size(p.relation))::bigint
  FROM outbox.partitions() p CROSS JOIN LATERAL outbox.holders(p.relation, p.from_id, p.to_id) h
  WHERE p.to_id <= outbox.last_id() + 1 GROUP BY 1, 2 ORDER BY 1, 2
$$;

-- For keepers: remembers now and then what is committed, and forgets what is older than `retention` needs.
CREATE FUNCTION outbox.note_moment(retention interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO outbox.moment (at, snapshot)
  SELECT clock_timestamp(), pg_current_snapshot()
  WHERE NOT EXISTS (SELECT FROM outbox.moment m WHERE m.at > clock_timestamp() - least(retention / 16, '1 h'))
  ON CONFLICT DO NOTHING;
  DELETE FROM outbox.moment m
  WHERE m.at < (SELECT max(o.at) FROM outbox.moment o WHERE o.at <= clock_timestamp() - retention);
$$;

-- A subscription that may keep no more: what it has not acknowledged goes, and its next session loads every table. The
-- session that it has now ends before it could read on.
CREATE FUNCTION outbox.cut_off(subscription text, reason text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.subscription s SET released = true WHERE s.name = cut_off.subscription;
  PERFORM outbox.require_load(cut_off.subscription, cut_off.reason);
  INSERT INTO outbox.selection AS x (subscription)
  SELECT s.id FROM outbox.subscription s WHERE s.name = cut_off.subscription
  ON CONFLICT ON CONSTRAINT selection_pkey DO UPDATE SET version = x.version + 1;
END $$;

-- The snapshots of those who have had all of a partition; what they have in common tells any cursor whether it has, too.
CREATE FUNCTION outbox.note_truncated(partition regclass, to_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  had pg_snapshot[] := ARRAY(SELECT s.snapshot FROM outbox.subscription s WHERE NOT s.released
                             UNION ALL SELECT m.snapshot FROM outbox.moment m
                             WHERE NOT outbox.has_beyond(note_truncated.partition, m.snapshot));
  gone pg_snapshot := outbox.common_part(had || pg_current_snapshot());
  through bigint := note_truncated.to_id - 1;
BEGIN
  WITH replaced AS (DELETE FROM outbox.truncated t WHERE outbox.covers(gone, t.snapshot) RETURNING t.through_id)
  SELECT greatest(through, max(r.through_id)) INTO through FROM replaced r;
  IF EXISTS (SELECT FROM outbox.truncated t WHERE outbox.covers(t.snapshot, gone)) THEN
    UPDATE outbox.truncated t SET through_id = greatest(t.through_id, through), at = now()
    WHERE outbox.covers(t.snapshot, gone);
  ELSE
    INSERT INTO outbox.truncated (snapshot, through_id) VALUES (gone, through);
  END IF;
END $$;

-- For keepers. Empties the partition that begins at `from_id` if it is full, nobody needs it and `retention` has passed;
-- returns whom it has cut off for that, NULL when it did not. With `cut_off`, a reason, whoever has not acknowledged it is
-- cut off, replays go on without it, and `retention` does not count; only open tasks still keep it.
--
-- Looks twice: first without locks, so that nobody is disturbed in vain, then with them. Under the lock of the partition
-- nobody who has written to it is in flight. Somebody may still be about to, with an id taken long ago: that event comes
-- into the emptied partition, where windows find it as anywhere else. Under those of the other two tables no subscription
-- comes, or goes back to an older copy of its replica, and no task begins.
CREATE FUNCTION outbox.truncate_partition(from_id bigint, retention interval, cut_off text DEFAULT NULL) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
  p record;
  old pg_snapshot;
  holder text;
  holders text[];
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'truncate_partition has to see what others commit meanwhile'
      USING ERRCODE = 'invalid_transaction_state', HINT = 'Call it in a READ COMMITTED transaction.';
  END IF;
  SELECT x.relation, x.from_id, x.to_id INTO p FROM outbox.partitions() x
  WHERE x.from_id = truncate_partition.from_id AND x.to_id <= outbox.last_id() + 1;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT m.snapshot INTO old FROM outbox.moment m
  WHERE m.at <= clock_timestamp() - retention ORDER BY m.at DESC LIMIT 1;
  FOR pass IN 1 .. 2 LOOP
    IF pass = 2 THEN
      LOCK TABLE outbox.subscription, outbox.rejection IN SHARE MODE;
      EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', p.relation);
    END IF;
    IF truncate_partition.cut_off IS NULL AND (old IS NULL OR outbox.has_beyond(p.relation, old))
       OR EXISTS (SELECT FROM outbox.holders(p.relation, p.from_id, p.to_id) h
                  WHERE truncate_partition.cut_off IS NULL OR h.what = 'task') THEN
      RETURN NULL;
    END IF;
  END LOOP;
  holders := ARRAY(SELECT h.subscription FROM outbox.holders(p.relation, p.from_id, p.to_id) h WHERE h.what = 'cursor');
  FOREACH holder IN ARRAY holders LOOP
    PERFORM outbox.cut_off(holder, truncate_partition.cut_off);
  END LOOP;
  PERFORM outbox.note_truncated(p.relation, p.to_id);
  EXECUTE format('TRUNCATE ONLY %s', p.relation);
  RETURN holders;
END $$;

CREATE FUNCTION outbox.partition_name(from_id bigint, to_id bigint) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('outbox.event_%s_%s', greatest(partition_name.from_id, 1), partition_name.to_id - 1)
$$;

CREATE FUNCTION outbox.attach_partition(partition text, from_id bigint, to_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER TABLE outbox.event ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)', attach_partition.partition,
                 CASE attach_partition.from_id WHEN 0 THEN 'MINVALUE' ELSE attach_partition.from_id::text END,
                 attach_partition.to_id);
END $$;

-- Where a tail ends: a multiple of a trillion that is farther than a table can hold events.
CREATE FUNCTION outbox.next_era(id bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (next_era.id / 1000000000000 + 1) * 1000000000000
         + CASE WHEN next_era.id % 1000000000000 > 500000000000 THEN 1000000000000 ELSE 0 END
$$;

-- For keepers, when the DEFAULT partition is in use: it becomes an ordinary one. That its rows are all in the range of
-- that one has to be known without reading them under a lock which stops writers, so it is said first, then checked while
-- writers go on, and arrange_partitions() relies on it. The range ends where no id can come before that table is full.
CREATE FUNCTION outbox.mark_overflow() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30ms' AS $$
BEGIN
  IF EXISTS (SELECT FROM outbox.partitions() p WHERE p.to_id > outbox.last_id()) THEN
    RAISE EXCEPTION 'the DEFAULT partition of the log holds events with ids that do not belong there'
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Somebody has written them by hand: delete them.';
  END IF;
  EXECUTE format('ALTER TABLE outbox.event_default ADD CONSTRAINT overflow CHECK (%sid < %s) NOT VALID',
                 (SELECT 'id >= ' || max(p.to_id) || ' AND ' FROM outbox.partitions() p),
                 outbox.next_era(outbox.last_id()));
END $$;

CREATE FUNCTION outbox.check_overflow() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
BEGIN
  ALTER TABLE outbox.event_default VALIDATE CONSTRAINT overflow;
END $$;

-- NULL: there is none; false: not checked yet.
CREATE FUNCTION outbox.overflow_is_checked() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.convalidated FROM pg_constraint c
  WHERE c.conrelid = to_regclass('outbox.event_default') AND c.conname = 'overflow'
$$;

CREATE FUNCTION outbox.overflow_end() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT substring(pg_get_constraintdef(c.oid) FROM $re$id < '?(\d+)$re$)::bigint FROM pg_constraint c
  WHERE c.conrelid = 'outbox.event_default'::regclass AND c.conname = 'overflow' AND c.convalidated
$$;

CREATE FUNCTION outbox.adopt_overflow(from_id bigint, to_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := outbox.partition_name(adopt_overflow.from_id, adopt_overflow.to_id);
BEGIN
  ALTER TABLE outbox.event DETACH PARTITION outbox.event_default;
  EXECUTE format('ALTER TABLE outbox.event_default RENAME TO %I', split_part(name, '.', 2));
  PERFORM outbox.attach_partition(name, adopt_overflow.from_id, adopt_overflow.to_id);
  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT overflow', name);
  ALTER TABLE outbox.event_next_default RENAME TO event_default;
  ALTER TABLE outbox.event ATTACH PARTITION outbox.event_default DEFAULT;
END $$;

-- For keepers. Makes an ordinary partition of the DEFAULT partition if that has been checked, takes away those of the
-- empty ones `removed` that nobody is going to write to now, and adds others behind the last: each of `sizes` ids, and a
-- tail. All or nothing.
--
-- The lock of the log keeps everybody out, so all that can be is done before it: tables are made, and what is taken away
-- is dropped later. With the lock nothing else is waited for.
CREATE FUNCTION outbox.arrange_partitions(removed bigint[], sizes bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30ms' AS $$
DECLARE
  first_id bigint := coalesce((SELECT max(p.to_id) FROM outbox.partitions() p
                               WHERE p.from_id <> ALL (arrange_partitions.removed)), 0);
  overflow_end bigint := outbox.overflow_end();
  ends bigint[] := '{}';
  next_id bigint := coalesce(overflow_end, first_id);
  size bigint;
  last_id bigint;
  p record;
BEGIN
  FOREACH size IN ARRAY arrange_partitions.sizes LOOP
    ends := ends || coalesce(ends[cardinality(ends)], next_id) + size;
  END LOOP;
  IF cardinality(ends) > 0 THEN
    ends := ends || outbox.next_era(ends[cardinality(ends)]);
  END IF;
  FOR place IN 1 .. cardinality(ends) LOOP
    EXECUTE format('CREATE TABLE %s (LIKE outbox.event INCLUDING ALL)',
                   outbox.partition_name(coalesce(ends[place - 1], next_id), ends[place]));
  END LOOP;
  IF overflow_end IS NOT NULL THEN
    CREATE TABLE outbox.event_next_default (LIKE outbox.event INCLUDING ALL);
  END IF;

  LOCK TABLE ONLY outbox.event IN ACCESS EXCLUSIVE MODE;
  PERFORM set_config('lock_timeout', '1ms', true);
  last_id := outbox.last_id();
  FOR p IN SELECT * FROM outbox.partitions() x WHERE x.from_id = ANY (arrange_partitions.removed) LOOP
    IF p.from_id <= last_id + 1 AND last_id + 1 < p.to_id OR NOT outbox.is_empty(p.relation) THEN
      RAISE EXCEPTION 'partition % of the log is in use', p.relation USING ERRCODE = 'object_in_use';
    END IF;
    EXECUTE format('ALTER TABLE outbox.event DETACH PARTITION %s', p.relation);
  END LOOP;
  IF overflow_end IS NOT NULL THEN
    PERFORM outbox.adopt_overflow(first_id, overflow_end);
  END IF;
  FOR place IN 1 .. cardinality(ends) LOOP
    size := coalesce(ends[place - 1], next_id);
    PERFORM outbox.attach_partition(outbox.partition_name(size, ends[place]), size, ends[place]);
  END LOOP;
END $$;

-- For keepers. Drops what arrange_partitions() has taken away.
CREATE FUNCTION outbox.drop_removed() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
  removed regclass;
BEGIN
  FOR removed IN SELECT c.oid::regclass FROM pg_class c
                 WHERE c.relnamespace = 'outbox'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
                   AND c.relname ~ '^event_\d+_\d+$' LOOP
    IF outbox.is_empty(removed) THEN
      EXECUTE format('DROP TABLE %s', removed);
    END IF;
  END LOOP;
END $$;

-- For keepers, when a tail is written to: ids go on at its end, if there is a partition for them. Under the lock no
-- transaction that has taken an id is in flight.
CREATE FUNCTION outbox.leave_tail() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30ms' AS $$
DECLARE
  last_id bigint;
  tail record;
BEGIN
  LOCK TABLE ONLY outbox.event IN SHARE MODE;
  last_id := outbox.last_id();
  SELECT * INTO tail FROM outbox.partitions() p WHERE p.from_id <= last_id AND last_id < p.to_id - 1;
  IF NOT FOUND OR NOT EXISTS (SELECT FROM outbox.partitions() p WHERE p.from_id = tail.to_id) THEN
    RETURN false;
  END IF;
  PERFORM setval('outbox.event_id', tail.to_id - 1);
  RETURN true;
END $$;

-- For replays, which go through the log by ids: the highest id that no event behind `after` can be below or at. Looks
-- no farther than the end of a partition that nobody writes to any more.
CREATE FUNCTION outbox.skip_gap(after bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_indexscan = off SET lock_timeout = '200ms' AS $$
DECLARE
  p record;
  found boolean := true;
BEGIN
  SELECT * INTO p FROM outbox.partitions() x
  WHERE x.from_id <= skip_gap.after + 1 AND skip_gap.after + 1 < x.to_id AND x.to_id <= outbox.last_id() + 1;
  IF p.relation IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE id > $1)', p.relation) INTO found USING skip_gap.after;
  END IF;
  RETURN CASE WHEN found THEN skip_gap.after ELSE p.to_id - 1 END;
END $$;

-- Since when the log holds everything: the first event behind those that are gone, and when it was written; NULL when
-- there is none.
CREATE OR REPLACE FUNCTION outbox.log_begins(OUT id bigint, OUT created_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
  WITH gone AS (SELECT coalesce(max(t.through_id), -1) AS through_id FROM outbox.truncated t)
  SELECT e.id, e.created_at FROM outbox.event e, gone
  WHERE e.id > gone.through_id
    AND e.id <= (SELECT f.id FROM outbox.event f, gone WHERE f.id > gone.through_id ORDER BY f.txid, f.id LIMIT 1)
  ORDER BY e.id LIMIT 1
$$;

REVOKE ALL ON FUNCTION outbox.partitions, outbox.last_id, outbox.covers, outbox.common_part, outbox.has_beyond,
  outbox.is_empty, outbox.holders, outbox.log_partitions, outbox.held, outbox.note_moment, outbox.cut_off,
  outbox.note_truncated, outbox.truncate_partition, outbox.partition_name,
  outbox.attach_partition, outbox.next_era, outbox.mark_overflow,
  outbox.check_overflow, outbox.overflow_is_checked,
  outbox.overflow_end, outbox.adopt_overflow, outbox.arrange_partitions, outbox.drop_removed, outbox.leave_tail, outbox.skip_gap FROM PUBLIC;

DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT SELECT ON outbox.moment, outbox.truncated TO outbox_producer;
    GRANT UPDATE (released) ON outbox.subscription TO outbox_producer;
    GRANT EXECUTE ON FUNCTION outbox.covers, outbox.last_id, outbox.log_partitions, outbox.held, outbox.note_moment,
      outbox.truncate_partition, outbox.mark_overflow, outbox.check_overflow, outbox.overflow_is_checked,
      outbox.arrange_partitions, outbox.drop_removed, outbox.leave_tail, outbox.skip_gap TO outbox_producer;
  END IF;
END $$;

-- A log that holds events keeps them where they are until a producer has them checked while writers go on.
DO $$
BEGIN
  IF outbox.is_empty('outbox.event_default') THEN
    PERFORM outbox.arrange_partitions('{}', '{500001, 500000}');
  ELSE
    PERFORM outbox.mark_overflow();
  END IF;
END $$;
