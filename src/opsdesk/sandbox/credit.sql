-- name: keep
INSERT INTO review_result (delivery, at, flow_no, body, times) VALUES (:delivery, :at, :flow_no, :body, 1)
ON CONFLICT (delivery) DO NOTHING;

-- name: again
UPDATE review_result SET times = times + 1 WHERE delivery = :delivery;

-- name: results
SELECT delivery, at, flow_no, body, times FROM review_result
WHERE :flow_no IS NULL OR flow_no = :flow_no
ORDER BY at DESC, delivery;

-- name: forget
DELETE FROM review_result;
