-- name: set_script
INSERT INTO script (host, path, name, behaviour, remaining, detail)
VALUES (:host, :path, :name, :behaviour, :remaining, :detail)
ON CONFLICT (host, path, name)
DO UPDATE SET behaviour = excluded.behaviour, remaining = excluded.remaining, detail = excluded.detail;

-- name: remove_script
DELETE FROM script WHERE host = :host AND path = :path AND name = :name;

-- name: script_for
-- A script for the customer comes before one for everybody.
SELECT name, behaviour, detail
FROM script
WHERE host = :host AND path = :path AND name IN (:name, '*') AND (remaining IS NULL OR remaining > 0)
ORDER BY name = '*'
LIMIT 1;

-- name: use_script
UPDATE script SET remaining = remaining - 1 WHERE host = :host AND path = :path AND name = :name;
