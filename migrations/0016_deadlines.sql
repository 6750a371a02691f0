-- Deadlines in working time: a ticket's due time moves, its clock can stand, and it is escalated before it is due.

alter table ticket add column priority smallint not null default 0 check (priority between 0 and 9);
-- Since when the clock stands, because the customer is waited for; the ticket is due at no time meanwhile.
alter table ticket add column stands_since timestamptz;
alter table ticket add constraint ticket_stands_check check (stands_since is null or due_at is null);

-- Whom a ticket is for and when it is due may change; its history says how.
drop trigger ticket_content_is_fixed on ticket;
create trigger ticket_content_is_fixed
before update of id, source, subject, node, iteration, generation, title, purpose, shown, shown_sha256, shown_personal,
    asked, required_approvers, requested_by, content_sha256, opened_at, reasons
on ticket for each row execute function refuse_to_change_evidence();

alter table ticket_event drop constraint ticket_event_kind_check;
alter table ticket_event add constraint ticket_event_kind_check check (kind in
    ('opened', 'claimed', 'released', 'answered', 'decided', 'closed', 'amended', 'escalated', 'clock_stopped',
     'clock_started')) not valid;

-- The queue: what has priority first, then what is due, then what is oldest.
create index ticket_queue_by_priority on ticket
    (status, (-priority), coalesce(due_at, '9999-12-31 00:00:00+00'), opened_at, id);
drop index ticket_queue;
