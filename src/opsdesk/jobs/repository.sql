-- Parameters are $1, $2 …, because these go through PgQueuer's driver.

-- name: begin
-- $1 id, $2 worker, $3 business time now. The owner is compared: a worker that was taken for dead must not begin
-- what another one has. A job that is not due is not begun: execute_after can be a guess that the clock made wrong.
UPDATE pgqueuer
SET attempts = attempts + 1, dedupe_key = NULL, updated = now()
WHERE id = $1::bigint
  AND status = 'picked'
  AND queue_manager_id = $2::uuid
  AND coalesce((headers ->> 'run_at')::timestamptz <= $3::timestamptz, true)
RETURNING attempts

-- name: put_back
-- $1 id, $2 worker, $3 business time now. For a job that was not begun: nothing about it changes.
WITH put_back AS (
    UPDATE pgqueuer
    SET status = 'queued',
        execute_after = now() + coalesce((headers ->> 'run_at')::timestamptz - $3::timestamptz, '0'::interval),
        queue_manager_id = NULL,
        slot = NULL
    WHERE id = $1::bigint AND status = 'picked' AND queue_manager_id = $2::uuid
    RETURNING id
)
SELECT pg_notify('ch_pgqueuer', json_build_object(
    'channel', 'ch_pgqueuer', 'operation', 'update', 'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event'
)::text)
FROM put_back

-- name: give_back
-- $1 id, $2 worker, $3 attempts, $4 business time, $5 delay, $6 whether to take the key again.
-- If a job with the same key waits already, the two become one, due at the earlier time.
WITH own AS (
    SELECT id, headers ->> 'key' AS key
    FROM pgqueuer
    WHERE id = $1::bigint AND status = 'picked' AND queue_manager_id = $2::uuid
    FOR UPDATE
), twin AS (
    UPDATE pgqueuer AS other
    SET execute_after = LEAST(other.execute_after, now() + $5::interval),
        attempts = GREATEST(other.attempts, $3::int),
        headers = CASE
            WHEN (other.headers ->> 'run_at')::timestamptz > $4::timestamptz
            THEN other.headers || jsonb_build_object('run_at', $4::timestamptz)
            ELSE other.headers
        END
    FROM own
    WHERE $6::boolean AND other.dedupe_key = own.key AND other.status = 'queued'
    RETURNING other.id
), merged AS (
    DELETE FROM pgqueuer USING own WHERE pgqueuer.id = own.id AND EXISTS (SELECT FROM twin)
), given_back AS (
    UPDATE pgqueuer AS job
    SET status = 'queued',
        execute_after = now() + $5::interval,
        attempts = $3::int,
        updated = now(),
        queue_manager_id = NULL,
        slot = NULL,
        dedupe_key = CASE WHEN $6::boolean THEN own.key END,
        -- PgQueuer writes the JSON value null where a job has no headers.
        headers = coalesce(nullif(job.headers, 'null'), '{}') || jsonb_build_object('run_at', $4::timestamptz)
    FROM own
    WHERE job.id = own.id AND NOT EXISTS (SELECT FROM twin)
)
-- PgQueuer's trigger tells workers of inserts and deletes only, so that an update has to do it itself.
SELECT pg_notify('ch_pgqueuer', json_build_object(
    'channel', 'ch_pgqueuer', 'operation', 'update', 'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event'
)::text)
FROM own

-- name: follow_clock
-- $1 is the business time now. Differences under a second are those between clocks, not of a clock that was moved.
-- SKIP LOCKED: a job that is being picked or merged just now is checked against the clock before it begins.
WITH moved AS (
    UPDATE pgqueuer
    SET execute_after = now() + ((headers ->> 'run_at')::timestamptz - $1::timestamptz)
    WHERE id IN (
        SELECT id
        FROM pgqueuer
        WHERE status = 'queued'
          AND headers ? 'run_at'
          AND abs(extract(epoch FROM
                (execute_after - now()) - ((headers ->> 'run_at')::timestamptz - $1::timestamptz))) > 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id
)
SELECT pg_notify('ch_pgqueuer', json_build_object(
    'channel', 'ch_pgqueuer', 'operation', 'update', 'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event'
)::text)
FROM (SELECT FROM moved LIMIT 1) AS any_moved

-- name: scheduled
SELECT DISTINCT entrypoint FROM pgqueuer WHERE entrypoint = ANY ($1::text[]) AND status IN ('queued', 'picked')

-- name: purge_log
DELETE FROM pgqueuer_log AS entry
WHERE entry.created < now() - $1::interval
  AND NOT EXISTS (SELECT FROM pgqueuer AS job WHERE job.id = entry.job_id)
