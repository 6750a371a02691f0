-- The two lists of screening tickets, and the queue that the next one is taken from: an index for each filter, in order.

alter table ticket
    -- Whether somebody has answered what it shows now: an open one waits for another person then.
    add column is_answered boolean not null default false,
    -- Who works on it, or was the last to.
    add column reviewer text;

create index ticket_list on ticket (bucket, opened_at, id) where bucket is not null;
create index ticket_list_by_type on ticket (bucket, type_id, opened_at, id) where bucket is not null;
create index ticket_list_by_application on ticket (bucket, application, opened_at, id) where bucket is not null;
create index ticket_list_by_scene on ticket (bucket, application, scene, opened_at, id) where bucket is not null;
create index ticket_list_by_status on ticket (bucket, status, opened_at, id) where bucket is not null;
create index ticket_list_of_open on ticket (bucket, is_answered, opened_at, id)
    where bucket is not null and status = 'open';
create index ticket_list_of_claimed on ticket (bucket, claimed_until) where bucket is not null and claimed_by is not null;
create index ticket_list_by_result on ticket (bucket, result, opened_at, id)
    where bucket is not null and result is not null;
create index ticket_list_by_reviewer on ticket (bucket, reviewer, opened_at, id)
    where bucket is not null and reviewer is not null;
create index ticket_list_by_user on ticket (user_id) where bucket is not null;
create index ticket_list_by_flow on ticket (subject) where bucket is not null;
create index ticket_take_next on ticket
    (bucket, (-priority), coalesce(due_at, '9999-12-31 00:00:00+00'), opened_at, id)
    where bucket is not null and status = 'open';

alter table ticket_event drop constraint ticket_event_kind_check;
alter table ticket_event add constraint ticket_event_kind_check check (kind in
    ('opened', 'claimed', 'released', 'answered', 'decided', 'closed', 'amended', 'escalated', 'clock_stopped',
     'clock_started', 'second_asked', 'revealed', 'skipped')) not valid;
