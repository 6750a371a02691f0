-- name: put_customer
INSERT INTO bank_customer (customer_id, name, mobile)
VALUES (:customer_id, :name, :mobile)
ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name, mobile = excluded.mobile;

-- name: one_customer
SELECT customer_id, name, mobile FROM bank_customer WHERE customer_id = :customer_id;

-- name: all_customers
SELECT customer_id, name, mobile
FROM bank_customer
WHERE instr(customer_id, :like) > 0 OR instr(name, :like) > 0 OR instr(mobile, :like) > 0
ORDER BY customer_id
LIMIT :rows_max;

-- name: forget_customers
DELETE FROM bank_customer;
