-- The invariants of what postings after an id have touched: of them, their lots and their wallets. What nothing has moved
-- since is not looked at, so damage that was done without a posting is found by the whole of them only.

-- name: I1
with side as (
    select credit as account, points from points_posting where posting_id > %(after)s
    union all
    select debit, -points from points_posting where posting_id > %(after)s
    union all
    select account, points from unnest(%(accounts)s::integer[], %(sums)s::bigint[]) as before (account, points)
), account as (
    select account, sum(points) as points from side group by account
)
select 'wallets: ' || coalesce((select points from account where account = 2), 0) || ' by the postings, '
    || (select coalesce(sum(balance), 0) from points_wallet) || ' by the wallets'
where coalesce((select points from account where account = 2), 0) <> (select coalesce(sum(balance), 0) from points_wallet)
union all
select 'all accounts: ' || sum(points) from account having sum(points) <> 0;

-- name: I2
with touched as (
    select distinct lot_id from points_posting where posting_id > %(after)s
), posted as (
    select lot_id, sum(case when credit = 2 then points when debit = 2 then -points else 0 end) as points,
        sum(points) filter (where kind = 1) as granted
    from points_posting join touched using (lot_id) group by lot_id
)
select 'lot ' || lot_id from points_lot join posted using (lot_id)
where remaining is distinct from posted.points or points_lot.granted is distinct from posted.granted
limit 100;

-- name: I3
with touched as (
    select distinct customer_id from points_posting where posting_id > %(after)s
), lots as (
    select customer_id, sum(remaining) as points from points_lot join touched using (customer_id) group by customer_id
)
select 'customer ' || customer_id from points_wallet join touched using (customer_id) left join lots using (customer_id)
where balance <> coalesce(lots.points, 0)
limit 100;

-- name: I4
select 'lot ' || lot_id from points_lot
where lot_id in (select lot_id from points_posting where posting_id > %(after)s)
    and (remaining < 0 or remaining > granted or (is_swept and remaining > 0))
limit 100;

-- name: I6
select 'posting ' || gone.posting_id from points_posting as gone
where posting_id > %(after)s and kind in (3, 4, 5) and (
    select count(*) from points_posting as held
    where held.order_id = gone.order_id and held.lot_id = gone.lot_id and held.points = gone.points and held.kind = 2
        and held.customer_id = gone.customer_id
) <> 1
limit 100;

-- name: I7
select 'posting ' || posting_id from points_posting join points_lot using (lot_id)
where posting_id > %(after)s and (
    (kind in (2, 3) and effective_at >= expires_at) or (kind in (4, 6) and effective_at < expires_at)
    or points_posting.customer_id <> points_lot.customer_id
)
limit 100;
