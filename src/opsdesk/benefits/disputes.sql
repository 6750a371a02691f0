-- name: open_dispute
insert into benefit_dispute (dispute_id, order_id, provider, completed_at, opened_at)
values (%(dispute_id)s, %(order_id)s, %(provider)s, %(completed_at)s, %(now)s)
on conflict (order_id) do nothing;

-- name: list_disputes
-- Ids sort by the time that they were made at.
select dispute_id, order_id, provider, completed_at, opened_at, proposal, reason, proposed_by, proposed_at, decided_by, decided_at,
    settle_month
from benefit_dispute
where (%(after)s::uuid is null or dispute_id < %(after)s::uuid)
    and (%(is_open)s::boolean is null or (decided_at is null) = %(is_open)s::boolean)
order by dispute_id desc limit %(limit)s;

-- name: read_dispute
select dispute_id, order_id, provider, completed_at, opened_at, proposal, reason, proposed_by, proposed_at, decided_by, decided_at,
    settle_month
from benefit_dispute where dispute_id = %(dispute_id)s;

-- name: dispute_of
select dispute_id, order_id, provider, completed_at, opened_at, proposal, reason, proposed_by, proposed_at, decided_by, decided_at,
    settle_month
from benefit_dispute where order_id = %(order_id)s;

-- name: lock_dispute
select from benefit_dispute where dispute_id = %(dispute_id)s for no key update;

-- name: propose
update benefit_dispute set proposal = %(proposal)s, reason = %(reason)s, proposed_by = %(actor)s, proposed_at = %(now)s
where dispute_id = %(dispute_id)s and decided_at is null;

-- name: decide
update benefit_dispute set decided_by = %(actor)s, decided_at = %(now)s, settle_month = %(month)s
where dispute_id = %(dispute_id)s and decided_at is null;
