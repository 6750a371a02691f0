-- name: given
select scope, key, digest, code, answer, order_id from benefit_answer
where (scope, key) in (select * from unnest(%(scopes)s::text[], %(keys)s::text[]));

-- name: keep
-- In the order of the keys, so that two that keep several never wait for each other in a circle.
insert into benefit_answer (scope, key, digest, code, order_id, answer, answered_at, trace_id, path)
select scope, key, digest, code, order_id, body, %(now)s, trace_id, path
from unnest(
    %(scopes)s::text[], %(keys)s::text[], %(digests)s::bytea[], %(codes)s::text[], %(orders)s::uuid[], %(bodies)s::jsonb[],
    %(traces)s::text[], %(paths)s::text[]
) as answered (scope, key, digest, code, order_id, body, trace_id, path)
order by scope, key
on conflict do nothing;
