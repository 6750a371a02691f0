-- name: add_message
INSERT INTO short_message (at, customer_id, mobile, text, url)
VALUES (:at, :customer_id, :mobile, :text, :url);

-- name: messages_to
SELECT message_id, at, customer_id, mobile, text, url
FROM short_message
WHERE :customer_id IS NULL OR customer_id = :customer_id
ORDER BY message_id DESC
LIMIT :rows_max;

-- name: forget_messages
DELETE FROM short_message;
