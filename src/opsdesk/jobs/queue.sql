-- name: pull_forward
-- The job with this key was waiting already: the earlier time counts. A job without run_at is due as it is.
-- It may just have been picked: its worker reads the time again before it begins.
UPDATE pgqueuer
SET execute_after = now() + %(delay)s::interval,
    headers = CASE
        WHEN %(run_at)s::timestamptz IS NULL THEN headers - 'run_at'
        ELSE headers || jsonb_build_object('run_at', %(run_at)s::timestamptz)
    END
WHERE id = %(id)s
  AND headers ? 'run_at'
  AND (%(run_at)s::timestamptz IS NULL OR (headers ->> 'run_at')::timestamptz > %(run_at)s::timestamptz)

-- name: held
SELECT job.id, job.entrypoint AS kind, job.payload, job.attempts, job.updated AS held_at, coalesce(log.cause, '') AS cause
FROM pgqueuer AS job
LEFT JOIN LATERAL (
    SELECT entry.traceback ->> 'exception_message' AS cause
    FROM pgqueuer_log AS entry
    WHERE entry.job_id = job.id AND entry.status = 'failed'
    ORDER BY entry.created DESC, entry.id DESC
    LIMIT 1
) AS log ON true
WHERE job.status = 'failed'
ORDER BY job.updated DESC, job.id DESC
LIMIT %(limit)s

-- name: revive
-- PgQueuer's trigger tells workers of inserts and deletes only, so that an update has to do it itself.
WITH revived AS (
    UPDATE pgqueuer
    SET status = 'queued', execute_after = now(), updated = now(), attempts = 0, queue_manager_id = NULL,
        slot = NULL, headers = headers - 'run_at'
    WHERE id = %(id)s AND status = 'failed'
    RETURNING id
)
SELECT pg_notify('ch_pgqueuer', json_build_object(
    'channel', 'ch_pgqueuer', 'operation', 'update', 'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event'
)::text)
FROM revived

-- name: queue_state
SELECT
    count(*) FILTER (WHERE status = 'queued') AS waiting,
    count(*) FILTER (WHERE status = 'picked') AS running,
    count(*) FILTER (WHERE status = 'failed') AS held,
    coalesce(extract(epoch FROM now() - min(execute_after) FILTER (WHERE status = 'queued' AND execute_after <= now())), 0)::float8
        AS oldest_due_s
FROM pgqueuer
