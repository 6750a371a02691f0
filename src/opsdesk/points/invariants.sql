-- Each gives what contradicts itself, some of it: nothing where all is well. They read one snapshot and lock nothing.

-- name: I1
-- The wallet account is what the wallets hold together, and all accounts come to nothing.
with side as (
    select credit as account, points from points_posting
    union all
    select debit, -points from points_posting
), account as (
    select account, sum(points) as points from side group by account
)
select 'wallets: ' || coalesce((select points from account where account = 2), 0) || ' by the postings, '
    || (select coalesce(sum(balance), 0) from points_wallet) || ' by the wallets'
where coalesce((select points from account where account = 2), 0) <> (select coalesce(sum(balance), 0) from points_wallet)
union all
select 'all accounts: ' || sum(points) from account having sum(points) <> 0;

-- name: I2
-- What is left of a lot is its grant without what was held and swept, and with what came back.
select 'lot ' || lot_id from points_lot left join (
    select lot_id, sum(case when credit = 2 then points when debit = 2 then -points else 0 end) as points,
        sum(points) filter (where kind = 1) as granted
    from points_posting group by lot_id
) as posted using (lot_id)
where remaining is distinct from posted.points or points_lot.granted is distinct from posted.granted
limit 100;

-- name: I3
-- A wallet holds what its lots hold.
select 'customer ' || customer_id from points_wallet left join (
    select customer_id, sum(remaining) as points from points_lot group by customer_id
) as lots using (customer_id)
where balance <> coalesce(points, 0)
limit 100;

-- name: I4
-- No lot holds less than nothing or more than was granted, and one that was swept holds nothing.
select 'lot ' || lot_id from points_lot where remaining < 0 or remaining > granted or (is_swept and remaining > 0) limit 100;

-- name: I6
-- What was let go of was held, by the same order, of the same lot, as much of it, and once.
select 'posting ' || gone.posting_id from points_posting as gone
where kind in (3, 4, 5) and (
    select count(*) from points_posting as held
    where held.order_id = gone.order_id and held.lot_id = gone.lot_id and held.points = gone.points and held.kind = 2
        and held.customer_id = gone.customer_id
) <> 1
limit 100;

-- name: I7
-- Nothing is held of a lot or comes back to it from its date on, and nothing is forfeited before.
select 'posting ' || posting_id from points_posting join points_lot using (lot_id)
where (kind in (2, 3) and effective_at >= expires_at) or (kind in (4, 6) and effective_at < expires_at)
    or points_posting.customer_id <> points_lot.customer_id
limit 100;
