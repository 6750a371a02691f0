-- name: close
-- The lock of the periods is held: nothing comes into these months any more. Those before the month are closed with it, from
-- the one behind the last that was closed, or the first that something is settled in.
with month as materialized (
    select each::date as month
    from generate_series(
        coalesce(
            (select max(month) + interval '1 month' from benefit_period),
            least((select min(settle_month) from benefit_order where status = 300), %(month)s::date)
        )::date,
        %(month)s::date,
        interval '1 month'
    ) as each
), closed as (
    insert into benefit_period (month, closed_at) select month, %(now)s from month on conflict do nothing returning month
), due as (
    insert into benefit_settlement_due (month, provider)
    select closed.month, benefit_provider.provider from closed cross join benefit_provider
)
select month from closed order by month;

-- name: closed_at
select closed_at from benefit_period where month = %(month)s;

-- name: lock_period
select frozen_at from benefit_period where month = %(month)s for no key update;

-- name: freeze_customers
-- The hash is HMAC-SHA256, of which the first half is kept: the key comes as its two paddings. A character that would break
-- the lines of a file is masked too, and so is a number that is none.
insert into benefit_settlement_customer (month, provider, customer_id, customer_hash, masked_name, masked_mobile)
select %(month)s, settled.provider, settled.customer_id,
    left(encode(sha256(key.outer_pad || sha256(key.inner_pad || convert_to(settled.customer_id, 'UTF8'))), 'hex'), 32),
    case when name ~ '^[^[:cntrl:][:space:]|\\]' then left(name, 1) else '?' end
        || repeat('*', greatest(char_length(name) - 1, 1)),
    case when mobile ~ '^[+]?[0-9]{8,20}$' then left(ltrim(mobile, '+'), 3) || '****' || right(mobile, 4) else '000****0000' end
from (
    select provider, customer_id from benefit_order where status = 300 and settle_month = %(month)s
    union
    select benefit_dispute.provider, customer_id
    from benefit_dispute join benefit_order using (order_id)
    where benefit_dispute.settle_month = %(month)s
) as settled
join unnest(%(providers)s::text[], %(inner)s::bytea[], %(outer)s::bytea[]) as key (provider, inner_pad, outer_pad)
    on key.provider = settled.provider
left join benefit_customer using (customer_id);

-- name: note_frozen
update benefit_period set frozen_at = %(now)s where month = %(month)s;

-- name: providers_of
select provider from benefit_settlement_due where month = %(month)s order by provider;

-- name: unfinished
select distinct month from benefit_settlement_due left join benefit_settlement_file using (month, provider)
where month <= %(until)s and name is null
order by month;

-- name: missing_files
-- A month that nobody has closed counts if there were orders before its end. Order ids sort by the time that they were made at.
select provider, month from benefit_settlement_due left join benefit_settlement_file using (month, provider)
where month <= %(until)s and name is null
union all
select provider, %(until)s::date from benefit_provider
where not exists (select from benefit_period where month >= %(until)s)
    and (select redeemed_at from benefit_order order by order_id limit 1) < %(ended_at)s
order by month, provider;

-- name: list_periods
with period as (
    select month, closed_at from benefit_period
    union all
    select distinct settle_month, null::timestamptz from benefit_order
    where status = 300 and settle_month > coalesce((select max(month) from benefit_period), '-infinity')
)
select month, closed_at, count(name) as files, coalesce(sum(rows), 0)::bigint as rows, coalesce(sum(total_fen), 0)::bigint as total_fen
from period left join benefit_settlement_file using (month)
where %(before)s::date is null or month < %(before)s
group by month, closed_at
order by month desc limit %(limit)s;
