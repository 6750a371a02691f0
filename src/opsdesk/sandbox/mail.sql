-- name: add_mail
INSERT INTO mail (at, sender, recipient, subject, body, raw)
VALUES (:at, :sender, :recipient, :subject, :body, :raw);

-- name: mail_to
SELECT mail_id, at, sender, recipient, subject, body
FROM mail
WHERE :recipient IS NULL OR recipient = :recipient
ORDER BY mail_id DESC
LIMIT :rows_max;
