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
-- spelling. Looked up whole, never by a part. Without a foreign key, as the journal is.
create table flow_subject (
    value text collate "C" not null check (value <> ''),
    run_id uuid not null,
    primary key (value, run_id)
);

-- Lists of runs: the newest of each status, of all procedures or of one.
create index flow_run_by_status on flow_run (status, started_at, run_id);
create index flow_run_by_procedure on flow_run (procedure_id, status, started_at, run_id);

-- Null: stored before this was kept.
alter table flow_definition add column stored_by text;
