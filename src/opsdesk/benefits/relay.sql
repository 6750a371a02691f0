-- name: take_turn
select is_the_one from benefit_relay for update skip locked;

-- name: steps
select event.event_id, order_id, was, status, effective_at, recorded_at, actor, trace_id, path
from benefit_event as event, benefit_relay as told
where (event.xid, event.event_id) > (told.xid, told.event_id) and event.xid < pg_snapshot_xmin(pg_current_snapshot())
order by event.xid, event.event_id limit %(limit)s;

-- name: remember
update benefit_relay set xid = event.xid, event_id = event.event_id from benefit_event as event
where event.event_id = %(event_id)s;
