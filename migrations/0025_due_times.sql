-- Screening tickets are due when their type says, and are escalated before: as it said when they were made.
alter table ticket
    add column escalate_at timestamptz,
    add column escalate_priority smallint check (escalate_priority between 1 and 9),
    add column escalate_role text check (escalate_role <> '');
alter table ticket add constraint ticket_escalation_check check (
    escalate_at is null or num_nulls(escalate_priority, escalate_role) < 2
) not valid;
create index ticket_escalation on ticket (escalate_at) where status = 'open' and escalate_at is not null;

-- What the queue board counts: what was answered since a moment.
create index ticket_answer_by_time on ticket_answer (answered_at);
