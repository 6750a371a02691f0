-- What starts runs by itself, and everything that came for it.

-- One trigger of a procedure, over all of its versions: `definition_id` is the version that it starts, which only a
-- person changes. `declared` is what that version says of it, so that nothing has to be read for strangers.
create table flow_trigger (
    trigger_id integer generated always as identity primary key,
    procedure_id text not null,
    name text not null,
    kind text not null check (kind in ('cron', 'webhook', 'event')),
    state text not null check (state in ('inactive', 'active', 'paused')),
    definition_id integer references flow_definition,
    declared jsonb not null,
    path text,
    event text,
    due_at timestamptz,
    changed_at timestamptz not null,
    changed_by text not null,
    unique (procedure_id, name),
    check ((state = 'inactive') = (definition_id is null)),
    check ((path is not null) = (kind = 'webhook' and state <> 'inactive')),
    check ((event is not null) = (kind = 'event' and state <> 'inactive')),
    -- No silent stall: an active trigger by the clock has a time at which it is due.
    check ((due_at is not null) = (kind = 'cron' and state = 'active'))
);
-- Two triggers cannot have one path.
create unique index flow_trigger_path on flow_trigger (path) where path is not null;
create index flow_trigger_event on flow_trigger (event) where event is not null;
create index flow_trigger_due on flow_trigger (due_at) where due_at is not null;

-- Everything that came, once for its key, whatever came of it.
create table flow_delivery (
    delivery_id bigint generated always as identity primary key,
    trigger_id integer not null references flow_trigger,
    definition_id integer not null references flow_definition,
    key text not null,
    digest text not null,
    state text not null check (state in ('started', 'refused', 'passed', 'missed')),
    at timestamptz not null,
    by text not null,
    run_id uuid references flow_run,
    reason text not null default '',
    missed integer not null default 0 check (missed >= 0),
    content jsonb not null,
    unique (trigger_id, key),
    check ((run_id is not null) = (state = 'started'))
);
create index flow_delivery_newest on flow_delivery (trigger_id, delivery_id);
create index flow_delivery_state on flow_delivery (trigger_id, state, delivery_id);
create index flow_delivery_run on flow_delivery (run_id) where run_id is not null;
