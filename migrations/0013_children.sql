-- Runs that carry out nodes of other runs.

-- What runs were started by other runs, and for which node of them. The key makes each child once.
create table flow_child (
    child_id uuid primary key references flow_run,
    parent_id uuid not null references flow_run,
    node text not null,
    iteration integer not null,
    -- How often a person had the node executed again before, and which of its own attempts it is.
    retries integer not null,
    attempt integer not null,
    index integer not null check (index >= 0),
    -- It runs that node alone, and not a procedure.
    is_part boolean not null,
    unique (parent_id, node, iteration, retries, attempt, index),
    check (child_id <> parent_id)
);

alter table flow_inbox drop constraint flow_inbox_kind_check;
alter table flow_inbox add constraint flow_inbox_kind_check check (kind in
    ('callback', 'decision', 'signal', 'cancel', 'retry', 'pause', 'resume', 'skip', 'rerun', 'event', 'amend', 'correct',
     'child')) not valid;
