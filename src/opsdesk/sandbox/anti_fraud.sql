-- name: add
INSERT INTO sent_application (at, flow_no, form, body, status, answer)
VALUES (:at, :flow_no, :form, :body, :status, :answer);

-- name: sent
SELECT at, flow_no, form, body, status, answer FROM sent_application ORDER BY sent_id DESC LIMIT :rows;

-- name: forget
DELETE FROM sent_application;
