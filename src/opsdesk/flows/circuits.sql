-- name: read_circuits
select endpoint, outage_id, state, failed_runs, first_failed_at, since, code, message, held_by, held_because, pause_s,
    probe_at, probes, canary_run, canary_node, canary_at, released_at
from flow_circuit order by since nulls last, endpoint limit %(limit)s;

-- name: read_circuit
select endpoint, outage_id, state, failed_runs, first_failed_at, since, code, message, held_by, held_because, pause_s,
    probe_at, probes, canary_run, canary_node, canary_at, released_at
from flow_circuit where endpoint = %(endpoint)s;

-- name: add_circuit
insert into flow_circuit (endpoint, outage_id, state, failed_runs, pause_s, probes)
values (%(endpoint)s, %(outage_id)s, 'watched', '{}', 0, 0)
on conflict (endpoint) do nothing;

-- name: lock_circuit
-- No key update: calls that are parked meanwhile refer to the row, and need not wait.
select endpoint, outage_id, state, failed_runs, first_failed_at, since, code, message, held_by, held_because, pause_s,
    probe_at, probes, canary_run, canary_node, canary_at, released_at
from flow_circuit where endpoint = %(endpoint)s for no key update;

-- name: lock_circuit_unless_locked
-- SKIP LOCKED: one worker at a time looks after a circuit, and the others look after others.
select endpoint, outage_id, state, failed_runs, first_failed_at, since, code, message, held_by, held_because, pause_s,
    probe_at, probes, canary_run, canary_node, canary_at, released_at
from flow_circuit where endpoint = %(endpoint)s for no key update skip locked;

-- name: write_circuit
update flow_circuit set
    state = %(state)s, failed_runs = %(failed_runs)s, first_failed_at = %(first_failed_at)s, since = %(since)s,
    code = %(code)s, message = %(message)s, held_by = %(held_by)s, held_because = %(held_because)s,
    pause_s = %(pause_s)s, probe_at = %(probe_at)s, probes = %(probes)s, canary_run = %(canary_run)s,
    canary_node = %(canary_node)s, canary_at = %(canary_at)s, released_at = %(released_at)s
where endpoint = %(endpoint)s;

-- name: forget_failures
delete from flow_circuit where endpoint = %(endpoint)s and state = 'watched';

-- name: end_outage
-- Refused by the foreign key where a call was parked at this moment.
delete from flow_circuit
where endpoint = %(endpoint)s and state = 'releasing'
    and not exists (select from flow_parked where flow_parked.endpoint = flow_circuit.endpoint);

-- name: is_waited_for
select exists (select from flow_parked where endpoint = %(endpoint)s);

-- name: is_canary_lost
-- Nobody makes the call that is to try: its run has ended or is paused, or was let go without a word about it. The run
-- of a worker that died is still owned, until another takes it over and makes the call.
select not exists (
    select from flow_run
    where run_id = %(run_id)s and ended_at is null and status <> 'paused' and (
        owner is not null
        or starts_with(wake_name, 'worker: ') or starts_with(wake_name, 'retry: ')
        or exists (
            select from flow_inbox
            where flow_inbox.run_id = flow_run.run_id and kind = 'release' and taken_at is null
        )
    )
);

-- name: let_through
-- The oldest first: each is told by an arrival, so that it is let through once, whoever holds its run and when. The
-- canary is no paused run, which would try nothing.
with chosen as materialized (
    select flow_parked.run_id, node from flow_parked join flow_run using (run_id)
    where endpoint = %(endpoint)s and (not %(canary)s or (ended_at is null and status <> 'paused'))
    order by since, flow_parked.run_id, node limit %(limit)s
    for update of flow_parked skip locked
), gone as (
    delete from flow_parked using chosen
    where flow_parked.run_id = chosen.run_id and flow_parked.node = chosen.node
    returning flow_parked.run_id, flow_parked.node, iteration
), arrived as (
    insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)
    select gone.run_id, 'release', 'release:' || gen_random_uuid(), '', gone.node, gone.iteration,
        jsonb_build_object('outage', %(endpoint)s::text, 'canary', %(canary)s::boolean), 'system:outages', %(now)s
    from gone join flow_run using (run_id) where ended_at is null
    returning run_id, node
)
select run_id, node, pg_notify('opsdesk_flow', run_id::text) from arrived;

-- name: park
-- Nothing inserted: the outage has ended meanwhile.
insert into flow_parked (run_id, node, iteration, endpoint, since, customers)
select %(run_id)s, %(node)s, %(iteration)s, endpoint, %(since)s, %(customers)s
from flow_circuit where endpoint = %(endpoint)s and state <> 'watched' for key share
on conflict (run_id, node) do update set
    iteration = excluded.iteration, endpoint = excluded.endpoint, since = excluded.since
returning run_id;

-- name: park_no_more
delete from flow_parked where run_id = %(run_id)s and node <> all(%(nodes)s);

-- name: notify
select pg_notify('opsdesk_outage', '');
