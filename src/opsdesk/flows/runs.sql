-- name: insert_run
insert into flow_run (
    run_id, definition_id, procedure_id, status, actor, start_key, start_digest, started_at, wake_at, wake_name
) values (
    %(run_id)s, %(definition_id)s, %(procedure_id)s, 'running', %(actor)s, %(start_key)s, %(start_digest)s,
    %(now)s, %(now)s, 'worker: start'
)
on conflict (start_key) where start_key is not null do nothing
returning run_id;

-- name: insert_start
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
values (%(run_id)s, 1, 1, %(now)s, 'run_started', '', %(payload)s);

-- name: insert_subjects
insert into flow_subject (digest, run_id) select unnest(%(subjects)s::bigint[]), %(run_id)s;

-- name: find_start
select run_id, start_digest from flow_run where start_key = %(start_key)s;

-- name: notify
select pg_notify('opsdesk_flow', %(run_id)s::text);

-- name: show_run
select run_id, procedure_id, flow_definition.digest, status, actor, started_at, ended_at, wake_at, wake_name,
    owner is not null as owned, outcome_node, outcome_reason, flow_run.definition_id
from flow_run join flow_definition using (definition_id, procedure_id)
where run_id = %(run_id)s;

-- name: run_version
select status, wake_at, wake_name, owner is not null,
    (select max(seq) from flow_journal where flow_journal.run_id = flow_run.run_id),
    (select max(inbox_id) from flow_inbox where flow_inbox.run_id = flow_run.run_id)
from flow_run where run_id = %(run_id)s;

-- name: first_facts
select run_id, payload from flow_journal where run_id = any(%(run_ids)s) and seq = 1;

-- name: has_arrivals
select exists (select from flow_inbox where run_id = %(run_id)s and taken_at is null);

-- name: find_runs
-- Reads every identifier: for the command line, where somebody typed a part of one.
select run_id from flow_run
where starts_with(replace(run_id::text, '-', ''), %(part)s)
    or right(replace(run_id::text, '-', ''), length(%(part)s::text)) = %(part)s
order by run_id desc limit %(limit)s;

-- name: read_journal
select seq, fact, at, node, iteration, payload from flow_journal
where run_id = %(run_id)s and seq > %(after)s order by seq limit %(limit)s;

-- name: stalled_runs
-- Open runs that nobody will wake: no worker holds them and nothing is named, or what was named is overdue, or the
-- worker that holds them is dead and nobody has taken over, or an arrival has not been taken in, or they wait for an
-- outage that is over, or where no worker tries whether it is.
select run_id, procedure_id, status, wake_at, wake_name,
    case
        when owner is null and wake_name is null then 'no wake-up'
        when owner is null and wake_at < %(overdue)s then 'wake-up overdue'
        when owner is not null and owner not in (
            select worker_id from flow_worker where lease_until > clock_timestamp() - make_interval(secs => %(grace_s)s)
        ) then 'worker gone'
        when owner is null and starts_with(wake_name, 'outage: ') and not exists (
            select from flow_inbox
            where flow_inbox.run_id = flow_run.run_id and taken_at is null and at < %(overdue)s
        ) then 'outage over'
        else 'arrival not taken in'
    end as reason
from flow_run
where ended_at is null and (
    (owner is null and wake_name is null)
    or (owner is null and wake_at < %(overdue)s)
    or (owner is not null and owner not in (
        select worker_id from flow_worker where lease_until > clock_timestamp() - make_interval(secs => %(grace_s)s)
    ))
    or exists (
        select from flow_inbox
        where flow_inbox.run_id = flow_run.run_id and taken_at is null and at < %(overdue)s
    )
    or (
        owner is null and split_part(wake_name, ':', 1) = 'outage'
        and not exists (select from flow_inbox where flow_inbox.run_id = flow_run.run_id and taken_at is null)
        and not exists (
            select from flow_parked join flow_circuit using (endpoint)
            where flow_parked.run_id = flow_run.run_id and (
                state = 'held' or canary_run is not null or coalesce(probe_at, released_at, %(overdue)s) >= %(overdue)s
            )
        )
    )
)
order by run_id limit %(limit)s;

-- name: count_open_runs
select status, count(*) from flow_run where ended_at is null group by status;

-- name: workers_and_due
-- Whether a worker lives is told by the database's own clock, as its lease is.
select
    (select count(*) from flow_worker where lease_until > clock_timestamp()),
    (select min(wake_at) from flow_run where wake_at is not null and owner is null and wake_at <= %(now)s);

-- name: migrations_after
select seq, fact, at, node, iteration, payload from flow_journal
where run_id = %(run_id)s and seq > %(after)s and fact = 'run_migrated' order by seq;
