-- name: put_order
INSERT INTO provider_order (provider, benefit_code, service, channel, status, settle_fen)
VALUES (:provider, :benefit_code, :service, :channel, :status, :settle_fen)
ON CONFLICT (provider, benefit_code) DO UPDATE SET status = excluded.status

-- name: complete_order
UPDATE provider_order SET status = 300, completed_at = :completed_at
WHERE provider = :provider AND benefit_code = :benefit_code

-- name: set_status
UPDATE provider_order SET status = :status
WHERE provider = :provider AND benefit_code = :benefit_code

-- name: order
SELECT benefit_code, service, channel, status, settle_fen, completed_at FROM provider_order
WHERE provider = :provider AND benefit_code = :benefit_code

-- name: orders
SELECT benefit_code, service, channel, status, settle_fen, completed_at FROM provider_order
WHERE provider = :provider ORDER BY benefit_code LIMIT :rows_max

-- name: completed_orders
SELECT benefit_code, service, channel, status, settle_fen, completed_at FROM provider_order
WHERE provider = :provider AND status = 300 AND substr(completed_at, 1, 6) = :month ORDER BY benefit_code

-- name: forget_orders
DELETE FROM provider_order
