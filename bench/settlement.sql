-- name: catalogue
with provider as (
    insert into benefit_provider (provider, name_zh, name_en) values ('airport', '机场', 'Airport') returning provider
), list as (
    insert into benefit_customer_list (day, customers, loaded_at) values ('2025-11-01', %(customers)s, '2025-11-01 08:00+08')
)
insert into benefit_service (service, provider, name_zh, name_en, points, settle_fen)
select 'lounge', 'airport', '贵宾厅', 'Lounge', 100, 15000 where %(orders)s > 0;

-- name: customers
insert into benefit_customer (customer_id, name, mobile, aum_fen, aum_day)
select 'C-' || number, '王小明', (13800000000 + number)::text, 60000000, '2025-11-01'
from generate_series(1, %(customers)s) as number where %(orders)s > 0;

-- name: orders
insert into benefit_order (order_id, benefit_code, customer_id, channel, service, provider, points, settle_fen, aum_day, aum_fen,
    status, redeemed_at, expire_at, booked_at, completed_at, reported_at, settle_month, is_late, closed_at)
select gen_random_uuid(), lpad(translate(upper(to_hex(number::bigint * 7919)), 'ILOU', '0000'), 16, '0'),
    'C-' || 1 + number %% %(customers)s, 'mobile', 'lounge', 'airport', 100, 15000, '2025-11-01', 60000000, 300,
    '2025-11-15 10:00+08', '2026-02-13 10:00+08', '2025-11-16 10:00+08', at, at, '2025-12-01', false, at
from (
    select number, timestamptz '2025-12-01 00:00+08' + (number - 1) * (interval '31 days' / %(orders)s) as at
    from generate_series(1, %(orders)s) as number
) as completed;
