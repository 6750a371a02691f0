-- name: add_hop
INSERT INTO hop (trace_id, at, source, target, kind, label)
VALUES (:trace_id, :at, :source, :target, :kind, :label);

-- name: hops
SELECT trace_id, at, seq, source, target, kind, label
FROM (
    SELECT trace_id, at, seq, source, target, kind, label
    FROM hop
    WHERE :trace_id IS NULL OR trace_id = :trace_id
    ORDER BY seq DESC
    LIMIT :rows_max
)
ORDER BY seq;

-- name: forget_hops
DELETE FROM hop;
