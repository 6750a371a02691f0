-- An outage is a state: what is known of an endpoint over all workers, and the calls that wait for it.

create table flow_circuit (
    endpoint text primary key check (length(endpoint) between 1 and 300),
    outage_id uuid not null unique,
    state text not null check (state in ('watched', 'open', 'held', 'releasing')),
    failed_runs uuid[] not null,
    first_failed_at timestamptz,
    since timestamptz,
    code text,
    message text,
    held_by text,
    held_because text,
    pause_s double precision not null,
    probe_at timestamptz,
    probes integer not null,
    canary_run uuid,
    canary_node text,
    canary_at timestamptz,
    released_at timestamptz,
    check ((state = 'watched') = (since is null)),
    check ((state = 'held') = (held_by is not null)),
    check (state <> 'open' or probe_at is not null),
    check ((canary_run is null) = (canary_node is null) and (canary_run is null) = (canary_at is null)),
    check (canary_run is null or state = 'open')
);

-- The foreign key to the circuit: no call waits for an outage that nobody looks after.
create table flow_parked (
    run_id uuid not null references flow_run,
    node text not null,
    iteration integer not null,
    endpoint text not null references flow_circuit,
    since timestamptz not null,
    customers bigint[] not null,
    primary key (run_id, node)
);
create index flow_parked_queue on flow_parked (endpoint, since, run_id);

alter table flow_inbox drop constraint flow_inbox_kind_check;
alter table flow_inbox add constraint flow_inbox_kind_check check (kind in
    ('callback', 'decision', 'signal', 'cancel', 'retry', 'pause', 'resume', 'skip', 'rerun', 'event', 'amend', 'correct',
     'child', 'release'))
    not valid;
