-- name: services
select service, provider, points, settle_fen, benefit_service.is_open and benefit_provider.is_open as is_open, stock, quota
from benefit_service join benefit_provider using (provider)
where service = any(%(services)s);

-- name: lock_stock
-- After the wallets, and in the order of their names.
select from benefit_service where service = any(%(services)s) and stock is not null order by service for no key update;

-- name: newest_list
select max(day) from benefit_customer_list where day <= %(today)s;

-- name: aum
select customer_id, aum_fen from benefit_customer where customer_id = any(%(customers)s) and aum_day = %(day)s;

-- name: taken
-- What was cancelled or has expired does not count. The lock of the wallet keeps others of the same customer away.
select customer_id, service, count(*) from benefit_order
where (customer_id, service) in (select * from unnest(%(customers)s::text[], %(services)s::text[])) and status in (100, 200, 300)
group by customer_id, service;

-- name: make_orders
with made as (
    select * from unnest(
        %(orders)s::uuid[], %(codes)s::text[], %(customers)s::text[], %(channels)s::text[], %(services)s::text[],
        %(providers)s::text[], %(points)s::bigint[], %(settle_fen)s::bigint[], %(aum_fen)s::bigint[], %(actors)s::text[],
        %(traces)s::text[], %(paths)s::text[]
    ) as made (order_id, code, customer_id, channel, service, provider, points, settle_fen, aum_fen, actor, trace_id, path)
), ordered as (
    insert into benefit_order (
        order_id, benefit_code, customer_id, channel, service, provider, points, settle_fen, aum_day, aum_fen, status,
        redeemed_at, expire_at
    )
    select order_id, code, customer_id, channel, service, provider, points, settle_fen, %(aum_day)s, aum_fen, 100, %(now)s,
        %(expire_at)s
    from made
)
insert into benefit_event (order_id, status, effective_at, recorded_at, actor, trace_id, path)
select order_id, 100, %(now)s, %(now)s, actor, trace_id, path from made;

-- name: take_stock
update benefit_service set stock = stock - pieces
from (select service, count(*) as pieces from unnest(%(services)s::text[]) as each (service) group by service) as taken
where benefit_service.service = taken.service;
