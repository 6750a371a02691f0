-- name: remember_verification
INSERT INTO verification (customer_id, email, callback_url)
VALUES (:customer_id, :email, :callback_url)
ON CONFLICT (customer_id, email) DO UPDATE SET callback_url = coalesce(excluded.callback_url, callback_url);

-- name: add_link
INSERT INTO verification_link (token, customer_id, email, sent_at) VALUES (:token, :customer_id, :email, :sent_at);

-- name: by_token
SELECT verification.customer_id, verification.email, callback_url, confirmed_at, called_back_at
FROM verification_link
JOIN verification ON verification.customer_id = verification_link.customer_id
                 AND verification.email = verification_link.email
WHERE token = :token;

-- name: verification
SELECT customer_id, email, callback_url, confirmed_at, called_back_at
FROM verification
WHERE customer_id = :customer_id AND email = :email;

-- name: confirm
UPDATE verification SET confirmed_at = :at
WHERE customer_id = :customer_id AND email = :email AND confirmed_at IS NULL;

-- name: called_back
UPDATE verification SET called_back_at = :at WHERE customer_id = :customer_id AND email = :email;

-- name: owed
SELECT customer_id, email, callback_url, confirmed_at, called_back_at
FROM verification
WHERE confirmed_at IS NOT NULL AND called_back_at IS NULL AND callback_url IS NOT NULL;
