-- What a file is made of. All of these are read in one snapshot of a month that is closed.

-- name: snapshot
set transaction isolation level repeatable read, read only;

-- name: totals
select count(*), coalesce(sum(settle_fen), 0)::bigint from (
    select settle_fen from benefit_order
    where status = 300 and provider = %(provider)s and settle_month = %(month)s
    union all
    select benefit_order.settle_fen from benefit_dispute join benefit_order using (order_id)
    where benefit_dispute.provider = %(provider)s and benefit_dispute.settle_month = %(month)s
) as line;

-- name: lines
-- Moments are cut, not rounded: what happened in a month does not move out of it.
copy (
    select 'D', kind, benefit_code, service,
        to_char(completed_at at time zone 'Asia/Shanghai', 'YYYYMMDDHH24MISS'),
        settle_fen, customer_hash, masked_name, masked_mobile
    from (
        select case when completed_at < %(begin)s then 'S' else 'N' end as kind,
            benefit_code, service, completed_at, settle_fen, customer_id
        from benefit_order
        where status = 300 and provider = %(provider)s and settle_month = %(month)s
        union all
        select 'A', benefit_code, service, benefit_dispute.completed_at, settle_fen, customer_id
        from benefit_dispute join benefit_order using (order_id)
        where benefit_dispute.provider = %(provider)s and benefit_dispute.settle_month = %(month)s
    ) as line
    join benefit_settlement_customer as customer
        on customer.month = %(month)s and customer.provider = %(provider)s and customer.customer_id = line.customer_id
    order by completed_at, benefit_code
) to stdout with (delimiter '|', encoding 'UTF8');
