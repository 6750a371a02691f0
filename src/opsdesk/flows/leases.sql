-- name: register_worker
insert into flow_worker (worker_id, name, lease_until)
values (%(worker_id)s, %(name)s, clock_timestamp() + make_interval(secs => %(ttl_s)s));

-- name: extend_lease
-- One statement for all runs of the worker. Nothing updated: the lease had run out, and the runs may be another's.
update flow_worker set lease_until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
where worker_id = %(worker_id)s and lease_until > clock_timestamp()
returning worker_id;

-- name: leave
with gone as (delete from flow_worker where worker_id = %(worker_id)s)
update flow_run set owner = null, wake_at = %(now)s, wake_name = coalesce(wake_name, 'worker: left')
where owner = %(worker_id)s;

-- name: forget_dead_workers
-- Those whose runs have all been taken over.
delete from flow_worker
where lease_until < clock_timestamp() - make_interval(secs => 3600)
    and not exists (select from flow_run where flow_run.owner = flow_worker.worker_id);

-- name: claim_due
-- Runs that nobody holds and whose time has come. SKIP LOCKED: workers never wait for each other. A worker that was
-- frozen and does not know yet that its lease has run out claims nothing, here and below.
with due as materialized (
    select run_id from flow_run
    where owner is null and wake_at <= %(now)s
        and exists (select from flow_worker where worker_id = %(worker_id)s and lease_until > clock_timestamp())
    order by wake_at limit %(limit)s
    for update of flow_run skip locked
)
update flow_run set owner = %(worker_id)s, wake_at = null
from due where flow_run.run_id = due.run_id
returning flow_run.run_id, definition_id, status, false as orphan;

-- name: claim_with_arrivals
-- From the inbox on, which is short: without those of a run that is held, which would otherwise fill the limit.
with arrived as materialized (
    select run_id from flow_run
    where owner is null and ended_at is null and not starts_with(wake_name, 'operator: unreadable')
        and run_id in (select run_id from flow_inbox where taken_at is null)
        and exists (select from flow_worker where worker_id = %(worker_id)s and lease_until > clock_timestamp())
    limit %(limit)s
    for update of flow_run skip locked
)
update flow_run set owner = %(worker_id)s, wake_at = null
from arrived where flow_run.run_id = arrived.run_id
returning flow_run.run_id, definition_id, status, false as orphan;

-- name: claim_orphans
-- Runs of a worker whose lease has run out, or that is not even registered any more.
with orphaned as materialized (
    select run_id from flow_run
    where owner is not null
        and owner not in (select worker_id from flow_worker where lease_until > clock_timestamp())
        and exists (select from flow_worker where worker_id = %(worker_id)s and lease_until > clock_timestamp())
    limit %(limit)s
    for update of flow_run skip locked
)
update flow_run set owner = %(worker_id)s
from orphaned where flow_run.run_id = orphaned.run_id
returning flow_run.run_id, definition_id, status, true as orphan;

-- name: owned
select run_id, definition_id, status, false as orphan from flow_run where owner = %(worker_id)s;

-- name: status_if_owned
select status from flow_run where run_id = %(run_id)s and owner = %(worker_id)s and ended_at is null;

-- name: let_go_unreadable
update flow_run set
    owner = null, status = 'blocked', wake_at = %(wake_at)s, wake_name = 'operator: unreadable (' || %(cause)s || ')'
where run_id = %(run_id)s and owner = %(worker_id)s;

-- name: read_journals
select run_id, fact, at, node, iteration, payload from flow_journal
where run_id = any(%(run_ids)s) order by run_id, seq;

-- name: read_arrivals
select inbox_id, kind, node, iteration, payload, actor, at from flow_inbox
where run_id = %(run_id)s and taken_at is null order by inbox_id;

-- name: lock_run
-- As the change of the header locks it: whoever adds an arrival waits, a foreign key to the run does not.
select from flow_run where run_id = %(run_id)s for no key update;

-- name: arrived_meanwhile
select inbox_id from flow_inbox
where run_id = %(run_id)s and taken_at is null and inbox_id <> all(%(taken)s::bigint[]) limit 1;

-- name: late_arrivals
-- What came in while its run was ending. SKIP LOCKED: each is recorded by one worker.
select flow_inbox.inbox_id, flow_inbox.run_id, kind, node, iteration, payload, flow_inbox.actor, at,
    (select max(seq) from flow_journal where flow_journal.run_id = flow_inbox.run_id) as seq
from flow_inbox join flow_run using (run_id)
where taken_at is null and ended_at is not null
order by inbox_id limit %(limit)s
for update of flow_inbox skip locked;
