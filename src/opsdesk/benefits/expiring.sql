-- name: claim
-- The service is named where its pieces are counted. Whatever is locked has a snapshot of its own: a row that changed
-- meanwhile is looked at again.
select order_id, expire_at, customer_id, case when stock is not null then service end
from benefit_order join benefit_service using (service)
where status = 100 and expire_at <= %(now)s
order by expire_at, order_id limit %(limit)s
for no key update of benefit_order skip locked;

-- name: expire
with expired as (
    update benefit_order
    set status = 500, closed_at = expire_at, returned = ended.returned, forfeited = ended.forfeited
    from unnest(%(orders)b::uuid[], %(returned)b::bigint[], %(forfeited)b::bigint[]) as ended (order_id, returned, forfeited)
    where benefit_order.order_id = ended.order_id and status = 100
    returning benefit_order.order_id, closed_at
)
insert into benefit_event (order_id, was, status, effective_at, recorded_at, actor, trace_id)
select order_id, 100, 500, closed_at, %(now)s, %(actor)s, %(trace_id)s from expired order by order_id;

-- name: count_due
select count(*) from benefit_order where status = 100 and expire_at <= %(now)s;
