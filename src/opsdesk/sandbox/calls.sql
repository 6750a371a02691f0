-- name: add_call
INSERT INTO call (at, scheme, participant, method, path, idempotency_key, customer_id, with_token)
VALUES (:at, :scheme, :participant, :method, :path, :idempotency_key, :customer_id, :with_token);

-- name: end_call
UPDATE call SET status = :status, performed = :performed, bytes_sent = :bytes_sent, ended_at = :ended_at
WHERE call_id = :call_id;

-- name: calls_before
SELECT count(*) AS calls
FROM call
WHERE participant = :participant AND path = :path AND customer_id = :customer_id AND call_id < :call_id;

-- name: calls
SELECT participant, method, path, scheme, idempotency_key, customer_id,
       count(*) AS count, sum(ended_at IS NULL) AS under_way, sum(performed) AS performed, max(with_token) AS with_token,
       group_concat(coalesce(status, 'none')) AS statuses, max(bytes_sent) AS bytes_sent_max,
       min(at) AS first_at, max(at) AS last_at
FROM call
WHERE (:participant IS NULL OR participant = :participant)
  AND (:path IS NULL OR path = :path)
  AND (:customer_id IS NULL OR customer_id = :customer_id)
GROUP BY participant, method, path, scheme, idempotency_key, customer_id
ORDER BY min(call_id);

-- name: remembered
SELECT fingerprint, status, body
FROM remembered_answer
WHERE host = :host AND path = :path AND idempotency_key = :idempotency_key;

-- name: remember
INSERT INTO remembered_answer (host, path, idempotency_key, fingerprint, status, body)
VALUES (:host, :path, :idempotency_key, :fingerprint, :status, :body);

-- name: reset
DELETE FROM customer;
DELETE FROM remembered_answer;
DELETE FROM call;
DELETE FROM verification;
DELETE FROM verification_link;
DELETE FROM mail;
DELETE FROM script;
DELETE FROM csm_assignment;
