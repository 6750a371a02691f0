-- name: postings
-- The balance is summed over all of the customer's postings, by their index: what a filter leaves out has moved it too.
-- Postings that move a wallet are written under its lock, so their ids are in the order in which they moved it, and what
-- is told of one is never told otherwise.
with moved as (
    select posting_id, order_id, lot_id, points, effective_at, recorded_at, kind,
        case when credit = 2 then points when debit = 2 then -points else 0 end as change,
        (sum(case when credit = 2 then points when debit = 2 then -points else 0 end) over of_wallet)::bigint as balance
    from points_posting where customer_id = %(customer_id)s window of_wallet as (order by /* always */ posting_id)
)
select posting_id, kind, points, change, balance, lot_id, expires_at, order_id, effective_at, recorded_at
from moved join points_lot using (lot_id)
where (%(after)s::bigint is null or posting_id < %(after)s::bigint)
    and (%(kinds)s::smallint[] is null or kind = any(%(kinds)s::smallint[]))
    and (%(since)s::timestamptz is null or recorded_at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or recorded_at < %(until)s::timestamptz)
order by posting_id desc limit %(rows)s;

-- name: is_known
select exists (select from points_wallet where customer_id = %(customer_id)s);
