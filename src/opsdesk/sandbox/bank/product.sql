-- name: put_product
INSERT INTO product (participant, url, key) VALUES (:participant, :url, :key);

-- name: find_product
-- A participant's own key comes before the one for everybody.
SELECT url, key
FROM product
WHERE participant IN (:participant, '*') OR :participant = '*'
ORDER BY participant = '*'
LIMIT 1;

-- name: forget_product
DELETE FROM product;
