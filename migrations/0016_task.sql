-- What an operator sees: each event of each subscription with its status.

-- In parts of which each knows its status: asking for failed tasks does not read the whole log. A rejected event may
-- have left the log; a description of a table is still known then.
CREATE VIEW outbox.task AS
SELECT r.subscription, r.event_id AS id, coalesce(e.topic, d.topic) AS topic,
       coalesce(e.op, CASE WHEN d.topic IS NOT NULL THEN 'R'::"char" END) AS op,
       CASE WHEN e.id IS NULL THEN d.description ELSE e.payload END AS payload, r.status, r.retry_count, r.last_error,
       e.created_at, r.next_attempt_at, r.first_failed_at, r.failed_at
FROM outbox.rejection r
LEFT JOIN outbox.event e ON e.txid = r.txid AND e.id = r.event_id
LEFT JOIN outbox.relation d ON d.txid = r.txid AND d.event_id = r.event_id AND e.id IS NULL
UNION ALL
SELECT s.name, e.id, e.topic, e.op, e.payload, 'completed', 0, NULL, e.created_at, NULL, NULL, NULL
FROM outbox.subscription s JOIN outbox.event e ON s.topics IS NULL OR e.topic = ANY (s.topics)
WHERE pg_visible_in_snapshot(e.txid, s.snapshot)
  AND NOT EXISTS (SELECT FROM outbox.rejection r
                  WHERE r.subscription = s.name AND r.event_id = e.id AND r.txid = e.txid)
UNION ALL
SELECT s.name, e.id, e.topic, e.op, e.payload, 'pending', 0, NULL, e.created_at, NULL, NULL, NULL
FROM outbox.subscription s JOIN outbox.event e ON s.topics IS NULL OR e.topic = ANY (s.topics)
WHERE (e.txid >= pg_snapshot_xmax(s.snapshot) OR e.txid = ANY (ARRAY(SELECT pg_snapshot_xip(s.snapshot))))
  AND NOT EXISTS (SELECT FROM outbox.rejection r
                  WHERE r.subscription = s.name AND r.event_id = e.id AND r.txid = e.txid);

-- A producer records what replicas report; what operators decide is not its business.
DO $$
BEGIN
  IF to_regrole('outbox_producer') IS NOT NULL THEN
    GRANT SELECT ON outbox.rejection, outbox.rejection_history, outbox.compensation, outbox.task TO outbox_producer;
    GRANT INSERT (subscription, event_id, txid, last_error, next_attempt_at) ON outbox.rejection TO outbox_producer;
    GRANT UPDATE (txid, status, retry_count, last_error, next_attempt_at, first_failed_at, failed_at, completed_at,
                  superseded, completed_file, completed_retry, compensated_at, compensation_error) ON outbox.rejection TO outbox_producer;
    GRANT INSERT (subscription, event_id, what, detail) ON outbox.rejection_history TO outbox_producer;
    GRANT UPDATE (trouble, trouble_since) ON outbox.subscription TO outbox_producer;
    GRANT EXECUTE ON FUNCTION outbox.subscription_named, outbox.next_attempt, outbox.reject, outbox.compensate,
      outbox.complete, outbox.mark_failed, outbox.count_failure, outbox.record_retries, outbox.reopen_tasks
      TO outbox_producer;
  END IF;
END $$;
