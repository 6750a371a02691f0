-- name: insert_ticket
insert into ticket (
    id, source, subject, node, iteration, generation, title, purpose, role, shown, shown_sha256, shown_personal, asked,
    required_approvers, due_at, requested_by, content_sha256, opened_at, status, reasons
) values (
    %(id)s, %(source)s, %(subject)s, %(node)s, %(iteration)s, %(generation)s, %(title)s, %(purpose)s, %(role)s,
    %(shown)s::json, %(shown_sha256)s, %(shown_personal)s, %(asked)s::json,
    %(required_approvers)s, %(due_at)s, %(requested_by)s, %(content_sha256)s, %(now)s, %(status)s,
    %(reasons)s::json
)
on conflict (source, subject, node, iteration, generation) do nothing
returning id;

-- name: insert_screening_ticket
-- With the event that it was opened, in one statement; nothing where there is one of this name.
with opened as (
    insert into ticket (
        id, source, subject, node, iteration, generation, title, purpose, role, shown, shown_sha256, shown_personal,
        asked, required_approvers, due_at, requested_by, content_sha256, opened_at, status, application, scene, bucket,
        user_id, type_id, type_version, adapt_id, adapt_version, pictures_waiting, escalate_at, escalate_priority,
        escalate_role
    ) values (
        %(id)s, %(source)s, %(subject)s, %(node)s, %(iteration)s, %(generation)s, %(title)s, %(purpose)s, %(role)s,
        %(shown)s::json, %(shown_sha256)s, %(shown_personal)s, %(asked)s::json, %(required_approvers)s, %(due_at)s,
        %(requested_by)s, %(content_sha256)s, %(now)s, 'open', %(application)s, %(scene)s, %(bucket)s, %(user_id)s,
        %(type_id)s, %(type_version)s, %(adapt_id)s, %(adapt_version)s, %(pictures_waiting)s, %(escalate_at)s,
        %(escalate_priority)s, %(escalate_role)s
    )
    on conflict (source, subject, node, iteration, generation) do nothing
    returning id
)
insert into ticket_event (ticket_id, kind, actor, at, reason)
select id, 'opened', %(source)s, %(now)s, '' from opened
returning ticket_id;

-- name: ticket_by_name
-- A statement of its own: the insert above waited for the other's commit and would not have seen what it left.
select id, content_sha256
from ticket
where source = %(source)s and subject = %(subject)s and node = %(node)s
    and iteration = %(iteration)s and generation = %(generation)s;

-- name: lock_ticket
select from ticket where id = %(id)s for update;

-- name: show_ticket
select
    id, source, subject, node, iteration, generation, title, purpose, role,
    coalesce(amended.shown, ticket.shown) as shown,
    coalesce(amended.shown_sha256, ticket.shown_sha256) as shown_sha256,
    coalesce(amended.shown_personal, ticket.shown_personal) as shown_personal,
    asked, required_approvers, due_at, requested_by, opened_at, status, claimed_by, claimed_until, assigned_by, decision,
    closed_at,
    (
        select count(*) from ticket_answer
        where ticket_answer.ticket_id = ticket.id and ticket_answer.snapshot = ticket.snapshot
    ) as answers_given,
    ticket.snapshot, reasons, priority, stands_since, row_version,
    application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version, result, pictures_waiting
from ticket
left join ticket_amendment as amended on amended.ticket_id = ticket.id and amended.snapshot = ticket.snapshot
where id = %(id)s;

-- name: close_ticket
update ticket
set status = %(status)s, decision = %(decision)s::json, result = %(result)s, closed_at = %(now)s, claimed_by = null,
    claimed_until = null, assigned_by = null, row_version = row_version + 1
where id = %(id)s and status = 'open';

-- name: ask_for_people
update ticket set required_approvers = %(people)s, row_version = row_version + 1 where id = %(id)s;

-- name: insert_event
insert into ticket_event (ticket_id, kind, actor, at, reason)
values (%(ticket_id)s, %(kind)s, %(actor)s, %(now)s, %(reason)s);

-- name: events
select kind, actor, at, reason
from ticket_event
where ticket_id = %(id)s
order by id;

-- name: answers
select
    number, actor, coalesce(person, actor) as person, roles, answers, reason_code, snapshot, shown_sha256, key, answered_at
from ticket_answer
where ticket_id = %(id)s
order by number;

-- name: amendments
select snapshot, shown, shown_sha256, shown_personal, changed, actor, person, roles, reason, at
from ticket_amendment
where ticket_id = %(id)s
order by snapshot;
