-- name: lock_open_run
-- Shared: arrivals do not wait for each other; the ending of the run waits for them, or they see that it has ended.
select status, definition_id from flow_run where run_id = %(run_id)s for share;

-- name: insert_arrival
insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)
values (
    %(run_id)s, %(kind)s, %(key)s, %(digest)s, %(node)s, %(iteration)s, %(payload)s, %(actor)s, %(now)s
)
on conflict (run_id, key) do nothing
returning inbox_id;

-- name: find_arrival
select digest from flow_inbox where run_id = %(run_id)s and key = %(key)s;

-- name: notify
select pg_notify('opsdesk_flow', %(run_id)s::text);
