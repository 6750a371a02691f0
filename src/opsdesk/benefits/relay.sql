-- name: take_turn
-- Nobody waits for whoever tells at this moment.
select is_the_one from benefit_relay for update skip locked;

-- name: steps
select event.event_id, order_id, was, status, effective_at, recorded_at, actor, trace_id, path
from benefit_event as event, benefit_relay as told
where event.event_id > told.event_id and event.event_id <= %(upto)s
order by event.event_id limit %(limit)s;

-- name: remember
update benefit_relay set event_id = %(event_id)s;
