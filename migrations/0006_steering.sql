-- Runs are paused, nodes skipped and run again; runs are found by whom they are about; versions name who stored them.

alter table flow_run drop constraint flow_run_status_check, drop constraint flow_run_check;
alter table flow_run add constraint flow_run_status_check check (status in
    ('running', 'waiting', 'blocked', 'paused', 'completed', 'stopped', 'timed_out', 'cancelled')) not valid;
alter table flow_run add constraint flow_run_open_check check
    ((ended_at is null) = (status in ('running', 'waiting', 'blocked', 'paused'))) not valid;

alter table flow_inbox drop constraint flow_inbox_kind_check;
alter table flow_inbox add constraint flow_inbox_kind_check check (kind in
    ('callback', 'decision', 'signal', 'cancel', 'retry', 'pause', 'resume', 'skip', 'rerun')) not valid;

-- Whom a run is about: the values that it was started with or that came out of it under names such as `email`, in one
-- spelling, as the first 64 bits of their SHA-256: half the bytes of a text, and looked up whole, never by a part.
-- Without a foreign key, as the journal is, and without a primary key: the same value twice finds the same run.
create table flow_subject (
    digest bigint not null,
    run_id uuid not null
);
create index flow_subject_digest on flow_subject (digest);

-- Lists of runs: the newest of each status, of all procedures or of one.
create index flow_run_by_status on flow_run (status, started_at, run_id);
create index flow_run_by_procedure on flow_run (procedure_id, status, started_at, run_id);
-- The open ones by what they wait for, such as a person; those that ended by the node where they did.
create index flow_run_by_wake on flow_run (split_part(wake_name, ':', 1), started_at, run_id)
    where ended_at is null and owner is null;
create index flow_run_by_outcome on flow_run (outcome_node, started_at, run_id) where outcome_node is not null;

-- Null: stored before this was kept.
alter table flow_definition add column stored_by text;
