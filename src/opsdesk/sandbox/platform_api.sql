-- name: add_customer
INSERT INTO customer (customer_id, name, email, phone, registration_timestamp)
VALUES (:customer_id, :name, :email, :phone, :registration_timestamp);

-- name: customer
SELECT name, email FROM customer WHERE customer_id = :customer_id;
