-- Every statement that moves points is one of several in a transaction whose first has locked the wallets: what it reads
-- is read by a snapshot that was taken when the lock was there (a statement that waits for a lock keeps its snapshot).

-- name: lock_wallets
select customer_id from points_wallet where customer_id = any(%(customers)s) order by customer_id for no key update;

-- name: open_wallet
insert into points_wallet (customer_id, balance) values (%(customer_id)s, 0) on conflict do nothing;

-- name: granted_before
select lot_id, customer_id, granted, remaining, granted_at, expires_at from points_lot where grant_key = %(grant_key)s;

-- name: grant
with lot as (
    insert into points_lot (customer_id, grant_key, granted, remaining, granted_at, expires_at)
    values (%(customer_id)s, %(grant_key)s, %(points)s, %(points)s, %(now)s, %(expires_at)s)
    returning lot_id, customer_id, granted, remaining, granted_at, expires_at
), wallet as (
    update points_wallet set balance = balance + %(points)s where customer_id = %(customer_id)s
), posting as (
    insert into points_posting (kind, debit, credit, customer_id, lot_id, points, effective_at, recorded_at)
    select 1, 1, 2, customer_id, lot_id, granted, %(now)s, %(now)s from lot
)
select lot_id, customer_id, granted, remaining, granted_at, expires_at from lot;

-- name: hold
-- Requests and lots of a customer are laid end to end, each from where the one before it ends: a request takes of a lot
-- what the two share. `is_held` is false for the first request of a customer that the lots do not reach to; for those
-- behind it nothing is said, as they would have been asked with that one out of the way.
with wanted as materialized (
    select order_id, customer_id, points, place, (sum(points) over of_customer)::bigint as upto
    from unnest(%(orders)s::uuid[], %(customers)s::text[], %(points)s::bigint[]) with ordinality
        as wanted (order_id, customer_id, points, place)
    window of_customer as (partition by customer_id order by place)
), lot as materialized (
    select customer_id, lot_id, expires_at, remaining,
        (sum(remaining) over (partition by customer_id order by expires_at, lot_id))::bigint as upto
    from points_lot
    where customer_id = any(%(customers)s) and expires_at > %(at)s and remaining > 0
), wallet as materialized (
    select customer_id, max(upto) as total from lot group by customer_id
), judged as materialized (
    select wanted.*, wanted.upto <= coalesce(total, 0) as is_held,
        row_number() over (partition by wanted.customer_id, wanted.upto <= coalesce(total, 0) order by place) as nth
    from wanted left join wallet using (customer_id)
), part as materialized (
    select order_id, judged.customer_id, lot_id, expires_at,
        least(judged.upto, lot.upto) - greatest(judged.upto - judged.points, lot.upto - remaining) as points
    from judged join lot on lot.customer_id = judged.customer_id
        and lot.upto > judged.upto - judged.points and lot.upto - remaining < judged.upto
    where is_held
), taken as (
    update points_lot set remaining = points_lot.remaining - used.points
    from (select lot_id, sum(points)::bigint as points from part group by lot_id) as used
    where points_lot.lot_id = used.lot_id
), charged as (
    update points_wallet set balance = balance - used.points
    from (select customer_id, sum(points)::bigint as points from part group by customer_id) as used
    where points_wallet.customer_id = used.customer_id
), posted as (
    insert into points_posting (kind, debit, credit, customer_id, lot_id, order_id, points, effective_at, recorded_at)
    select 2, 2, 3, customer_id, lot_id, order_id, points, %(at)s, %(at)s from part order by order_id, expires_at, lot_id
)
select judged.order_id, is_held, lot_id, part.points, expires_at
from judged left join part using (order_id)
where is_held or nth = 1
order by place, expires_at, lot_id;

-- name: customers_of
select distinct customer_id from points_posting where order_id = any(%(orders)s) and kind = 2;

-- name: release
-- A lot that is past its date by the moment that counts, keeps nothing of what comes back. One that has passed it since
-- gets it back, and is to be swept again. Nothing is moved unless each of the orders holds something. What there is of an
-- order and a lot is read together: what was let go of has a second posting.
with held as materialized (
    select order_id, customer_id, lot_id, sum(points)::bigint as points, counts_at as effective_at
    from unnest(%(orders)b::uuid[], %(moments)b::timestamptz[]) as release (order_id, counts_at)
    join points_posting using (order_id)
    group by order_id, customer_id, lot_id, counts_at having bool_and(kind = 2)
), found as materialized (
    select order_id, held.customer_id, lot_id, points, expires_at, effective_at, expires_at > effective_at as is_returned
    from held join points_lot using (lot_id)
), released as materialized (
    select * from found where (select count(distinct order_id) from found) = cardinality(%(orders)b::uuid[])
), back as (
    update points_lot set remaining = points_lot.remaining + returned.points, is_swept = false
    from (select lot_id, sum(points)::bigint as points from released where is_returned group by lot_id) as returned
    where points_lot.lot_id = returned.lot_id
), credited as (
    update points_wallet set balance = balance + returned.points
    from (select customer_id, sum(points)::bigint as points from released where is_returned group by customer_id) as returned
    where points_wallet.customer_id = returned.customer_id
), posted as (
    insert into points_posting (kind, debit, credit, customer_id, lot_id, order_id, points, effective_at, recorded_at)
    select case when is_returned then 3 else 4 end, 3, case when is_returned then 2 else 5 end,
        customer_id, lot_id, order_id, points, effective_at, %(now)s
    from released order by order_id, expires_at, lot_id
)
select order_id, coalesce(sum(points) filter (where is_returned), 0)::bigint,
    coalesce(sum(points) filter (where not is_returned), 0)::bigint
from found group by order_id;

-- name: spend
insert into points_posting (kind, debit, credit, customer_id, lot_id, order_id, points, effective_at, recorded_at)
select 5, 3, 4, customer_id, lot_id, order_id, points, %(effective_at)s, %(now)s
from points_posting as held
where order_id = %(order_id)s and kind = 2 and not exists (
    select from points_posting as gone
    where gone.order_id = held.order_id and gone.lot_id = held.lot_id and gone.kind <> 2
)
order by posting_id;

-- name: customers_to_sweep
select distinct customer_id from (
    select customer_id from points_lot where not is_swept and expires_at <= %(now)s order by expires_at, lot_id limit %(lots)s
) as due;

-- name: sweep
with due as materialized (
    select lot_id, customer_id, remaining, expires_at from points_lot
    where customer_id = any(%(customers)s) and not is_swept and expires_at <= %(now)s
), emptied as (
    update points_lot set remaining = 0, is_swept = true from due where points_lot.lot_id = due.lot_id
), charged as (
    update points_wallet set balance = balance - swept.points
    from (select customer_id, sum(remaining)::bigint as points from due where remaining > 0 group by customer_id) as swept
    where points_wallet.customer_id = swept.customer_id
), posted as (
    insert into points_posting (kind, debit, credit, customer_id, lot_id, points, effective_at, recorded_at)
    select 6, 2, 5, customer_id, lot_id, remaining, expires_at, %(now)s from due where remaining > 0 order by expires_at, lot_id
)
select count(*), coalesce(sum(remaining), 0)::bigint from due;

-- name: lots
select lot_id, customer_id, granted, remaining, granted_at, expires_at from points_lot
where customer_id = %(customer_id)s and expires_at > %(now)s and remaining > 0
order by expires_at, lot_id;

-- name: held
select coalesce(sum(case when credit = 3 then points else -points end), 0)::bigint from points_posting
where customer_id = %(customer_id)s and 3 in (debit, credit);

-- name: available
select customer_id, sum(remaining)::bigint from points_lot
where customer_id = any(%(customers)s) and expires_at > %(now)s and remaining > 0
group by customer_id;

-- name: held_for
select lot_id, points, expires_at from points_posting as held join points_lot using (lot_id)
where order_id = %(order_id)s and kind = 2 and not exists (
    select from points_posting as gone
    where gone.order_id = held.order_id and gone.lot_id = held.lot_id and gone.kind <> 2
)
order by expires_at, lot_id;
