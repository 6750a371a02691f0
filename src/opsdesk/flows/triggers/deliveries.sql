-- name: insert
-- Waits for another with this key that has not committed yet, and does nothing after it.
insert into flow_delivery (trigger_id, definition_id, key, digest, state, at, by, reason, missed, content)
values (
    %(trigger_id)s, %(definition_id)s, %(key)s, %(digest)s, %(state)s, %(at)s, %(by)s, %(reason)s, %(missed)s, %(content)s
)
on conflict (trigger_id, key) do nothing
returning delivery_id;

-- name: outcome
update flow_delivery set state = %(state)s, run_id = %(run_id)s, reason = %(reason)s, definition_id = %(definition_id)s
where delivery_id = %(delivery_id)s;

-- name: show
select delivery_id, trigger_id, key, flow_delivery.digest, state, at, by, run_id, reason, missed, content,
    flow_delivery.definition_id
from flow_delivery

-- name: by_key
where trigger_id = %(trigger_id)s and key = %(key)s

-- name: by_id
where trigger_id = %(trigger_id)s and delivery_id = %(delivery_id)s

-- name: for_update
for update

-- name: page
where trigger_id = %(trigger_id)s and delivery_id < %(before)s and (%(state)s::text is null or state = %(state)s)
order by delivery_id desc
limit %(limit)s
