-- name: share
select pg_advisory_xact_lock_shared(%(key)s);

-- name: take
select pg_advisory_xact_lock(%(key)s);

-- name: first_open
-- Months are closed one after the other, so that the one behind the last closed one is open.
select greatest(%(month)s::date, coalesce((max(month) + interval '1 month')::date, %(month)s::date)) from benefit_period;
