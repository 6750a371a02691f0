-- name: read_order
select order_id, benefit_code, customer_id, channel, service, provider, points, settle_fen, aum_day, aum_fen, status, redeemed_at,
    expire_at, booked_at, completed_at, reported_at, settle_month, is_late, closed_at, returned, forfeited
from benefit_order where order_id = %(order_id)s;

-- name: find_code
select order_id, benefit_code, customer_id, channel, service, provider, points, settle_fen, aum_day, aum_fen, status, redeemed_at,
    expire_at, booked_at, completed_at, reported_at, settle_month, is_late, closed_at, returned, forfeited
from benefit_order where benefit_code = %(benefit_code)s;

-- name: list_orders
-- Ids sort by the time that they were made at.
select order_id, benefit_code, customer_id, channel, service, provider, points, settle_fen, aum_day, aum_fen, status, redeemed_at,
    expire_at, booked_at, completed_at, reported_at, settle_month, is_late, closed_at, returned, forfeited
from benefit_order
where (%(after)s::uuid is null or order_id < %(after)s::uuid)
    and (%(customer_id)s::text is null or customer_id = %(customer_id)s::text)
    and (%(status)s::smallint is null or status = %(status)s::smallint)
    and (%(service)s::text is null or service = %(service)s::text)
    and (%(provider)s::text is null or provider = %(provider)s::text)
    and (%(channel)s::text is null or channel = %(channel)s::text)
    and (%(redeemed_from)s::timestamptz is null or redeemed_at >= %(redeemed_from)s::timestamptz)
    and (%(redeemed_until)s::timestamptz is null or redeemed_at < %(redeemed_until)s::timestamptz)
order by order_id desc limit %(limit)s;

-- name: list_events
select event_id, order_id, was, status, effective_at, recorded_at, actor, trace_id, path
from benefit_event where order_id = %(order_id)s order by event_id;

-- name: lock_order
-- Nothing is read by it: a statement that waited for the lock has a snapshot from before.
select from benefit_order where order_id = %(order_id)s for no key update;

-- name: lock_code
select from benefit_order where benefit_code = %(benefit_code)s for no key update;

-- name: take_step
with stepped as (
    update benefit_order set
        status = %(status)s,
        booked_at = coalesce(%(booked_at)s::timestamptz, booked_at),
        completed_at = %(completed_at)s,
        reported_at = %(reported_at)s,
        settle_month = %(settle_month)s,
        is_late = %(is_late)s,
        closed_at = %(closed_at)s,
        returned = %(returned)s,
        forfeited = %(forfeited)s
    where order_id = %(order_id)s and status = %(was)s
    returning order_id, benefit_code, customer_id, channel, service, provider, points, settle_fen, aum_day, aum_fen, status,
        redeemed_at, expire_at, booked_at, completed_at, reported_at, settle_month, is_late, closed_at, returned, forfeited
), told as (
    insert into benefit_event (order_id, was, status, effective_at, recorded_at, actor, trace_id, path)
    select order_id, %(was)s, status, %(effective_at)s, %(now)s, %(actor)s, %(trace_id)s, %(path)s from stepped
)
select * from stepped;

-- name: put_back_stock
-- The rows are locked in the order of their names, after everything else that is locked.
with back as (
    select service, count(*) as pieces from unnest(%(services)s::text[]) as each (service) group by service
), locked as materialized (
    select service from benefit_service where service in (select service from back) and stock is not null
    order by service for no key update
)
update benefit_service set stock = stock + pieces from back join locked using (service)
where benefit_service.service = back.service;
