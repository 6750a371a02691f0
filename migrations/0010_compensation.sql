-- What a run has done is undone before it ends otherwise than completed: it is open until then.

alter table flow_run drop constraint flow_run_status_check, drop constraint flow_run_open_check;
alter table flow_run add constraint flow_run_status_check check (status in
    ('running', 'waiting', 'blocked', 'paused', 'compensating',
     'completed', 'stopped', 'timed_out', 'cancelled')) not valid;
alter table flow_run add constraint flow_run_open_check check
    ((ended_at is null) = (status in ('running', 'waiting', 'blocked', 'paused', 'compensating'))) not valid;
