-- name: answered
select job_run_id, orders, returned, forfeited, remaining from benefit_job_call where caller = %(caller)s and key = %(key)s;

-- name: under_way
select job_run_id from benefit_job_run where kind = %(kind)s and ended_at is null;

-- name: begin
-- Where another one began it in between, that one is gone on with.
insert into benefit_job_run (kind, begun_at, begun_by, worked_at, worked_by, remaining)
values (%(kind)s, %(now)s, %(actor)s, %(now)s, %(actor)s, %(remaining)s)
on conflict (kind) where ended_at is null do update set worked_by = excluded.worked_by
returning job_run_id;

-- name: add
-- The last that a batch locks. What the clocks of several nodes say may cross.
update benefit_job_run set
    worked_at = greatest(worked_at, %(now)s), worked_by = %(actor)s,
    orders = orders + %(orders)s, returned = returned + %(returned)s, forfeited = forfeited + %(forfeited)s,
    remaining = greatest(remaining - %(orders)s, 0)
where job_run_id = %(job_run_id)s;

-- name: look
-- What others have claimed and not committed yet is due as well: whoever sees nothing due ends it.
update benefit_job_run set
    worked_at = greatest(worked_at, %(now)s), remaining = %(remaining)s,
    ended_at = case when %(remaining)s = 0 then greatest(worked_at, %(now)s) end
where job_run_id = %(job_run_id)s and ended_at is null;

-- name: answer
insert into benefit_job_call (caller, key, job_run_id, orders, returned, forfeited, remaining, answered_at)
values (%(caller)s, %(key)s, %(job_run_id)s, %(orders)s, %(returned)s, %(forfeited)s, %(remaining)s, %(now)s)
on conflict do nothing;

-- name: list_runs
select job_run_id, kind, begun_at, begun_by, worked_at, worked_by, orders, returned, forfeited, remaining, ended_at
from benefit_job_run
where %(after)s::integer is null or job_run_id < %(after)s::integer
order by job_run_id desc limit %(rows)s;
