-- Procedures, their runs, and the journals of the runs.

-- A procedure's text, named by its SHA-256: content-addressed, never changed.
create table flow_definition (
    definition_id integer generated always as identity primary key,
    digest text not null unique check (digest ~ '^[0-9a-f]{64}$'),
    procedure_id text not null,
    name text not null,
    version text not null,
    source text not null,
    file_name text not null,
    created_at timestamptz not null
);
create index flow_definition_procedure on flow_definition (procedure_id, definition_id);

-- A process that executes runs. It owns runs for as long as its lease lasts, by the database's own clock:
-- whether a process lives has nothing to do with business time.
create table flow_worker (
    worker_id uuid primary key,
    name text not null,
    lease_until timestamptz not null
);

-- The header of a run; everything else about it is in its journal.
create table flow_run (
    run_id uuid primary key,
    definition_id integer not null references flow_definition,
    procedure_id text not null,
    status text not null check (status in
        ('running', 'waiting', 'blocked', 'completed', 'stopped', 'timed_out', 'cancelled')),
    actor text not null,
    start_key text,
    start_digest text,
    started_at timestamptz not null,
    ended_at timestamptz,
    owner uuid,
    wake_at timestamptz,
    wake_name text,
    outcome_node text,
    outcome_reason text,
    check ((ended_at is null) = (status in ('running', 'waiting', 'blocked'))),
    check (ended_at is null or (owner is null and wake_at is null)),
    -- No silent stall: an open run is owned, or it names what wakes it.
    check (ended_at is not null or owner is not null or wake_name is not null),
    check ((start_key is null) = (start_digest is null))
);
create unique index flow_run_start_key on flow_run (start_key) where start_key is not null;
create index flow_run_wake on flow_run (wake_at) where wake_at is not null and owner is null;
create index flow_run_owner on flow_run (owner) where owner is not null;

-- Append-only. (run_id, seq) is what makes a fact happen once: of two workers that hold one run, one cannot append.
-- There is no foreign key to flow_run: it would lock the header row at each append, and only the statement that
-- also checks the header writes here.
create table flow_journal (
    run_id uuid not null,
    seq integer not null check (seq > 0),
    iteration integer not null,
    at timestamptz not null,
    fact text not null,
    node text not null,
    payload jsonb not null,
    primary key (run_id, seq)
);

-- What came from outside (a decision, a callback, a signal, a cancellation) and the owner of the run has to take in.
-- Rows stay: they are the evidence of what arrived when, and their key makes each arrival count once.
create table flow_inbox (
    inbox_id bigint generated always as identity primary key,
    run_id uuid not null references flow_run,
    kind text not null check (kind in ('callback', 'decision', 'signal', 'cancel', 'retry')),
    key text not null,
    digest text not null,
    node text not null,
    iteration integer not null,
    payload jsonb not null,
    actor text not null,
    at timestamptz not null,
    taken_at timestamptz,
    unique (run_id, key)
);
create index flow_inbox_waiting on flow_inbox (run_id) where taken_at is null;

-- The last calls under a rate limit, oldest first: as many as the limit allows in its period.
create table flow_rate (
    rate_key text primary key,
    slots timestamptz[] not null
);
