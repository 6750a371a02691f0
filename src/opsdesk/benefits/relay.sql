-- name: last_id
-- Given to a step so far, whether or not that has been committed.
select coalesce(pg_sequence_last_value(pg_get_serial_sequence('benefit_event', 'event_id')::regclass), 0);

-- name: writing
-- Whoever writes in this database now: a transaction holds a lock on its own number from when it has one until others see
-- what it did. Who takes a step has locked the order or the wallet before, and so has a number before the step has an id.
select transactionid::text from pg_locks left join pg_stat_activity using (pid)
where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted
    and (datname = current_database() or datname is null) and pid is distinct from pg_backend_pid();

-- name: have_ended
select not exists (
    select from pg_locks
    where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted and transactionid::text = any(%(transactions)s)
);

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
