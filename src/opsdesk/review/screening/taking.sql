-- name: next_assigned
-- What a lead gave to this actor, few of many: the index ticket_claims finds them by who holds them.
select id from ticket
where claimed_by = %(actor)s and claimed_until > %(now)s and assigned_by is not null
    and bucket = %(bucket)s and status = 'open' and pictures_waiting = 0 and id <> all(%(refused)s)
order by -priority, coalesce(due_at, '9999-12-31 00:00:00+00'), opened_at, id
limit 1 for update skip locked;

-- name: next_ticket
-- Of those that wait, as the index ticket_take_next has them, the first that is for this actor and that nobody else is
-- at. Whoever asks at the same moment passes over a row that is locked, so that nobody waits for another; a row that was
-- claimed meanwhile is looked at again when it is locked, and passed over too. What is looked up of each stands outside
-- of the inner select: among its conditions, the planner would take so few for left that it sorts them all.
select ticket.id
from (
    select id, snapshot, -priority as rank, coalesce(due_at, '9999-12-31 00:00:00+00') as due, opened_at
    from ticket
    where bucket = %(bucket)s and status = 'open' and pictures_waiting = 0
        and (claimed_until is null or claimed_until <= %(now)s or claimed_by = %(actor)s)
        and not (is_answered and reviewer in (%(actor)s, %(person)s))
    order by -priority, coalesce(due_at, '9999-12-31 00:00:00+00'), opened_at, id
    limit %(waiting)s
) as waiting
join ticket on ticket.id = waiting.id
where ticket.status = 'open'
    and (ticket.claimed_until is null or ticket.claimed_until <= %(now)s or ticket.claimed_by = %(actor)s)
    and (role is null or role = any(%(roles)s))
    and requested_by not in (%(actor)s, %(person)s)
    and ticket.id <> all(%(refused)s)
    and (
        select count(*) from ticket_answer
        where ticket_answer.ticket_id = waiting.id and ticket_answer.snapshot = waiting.snapshot
            and coalesce(ticket_answer.person, ticket_answer.actor) in (%(actor)s, %(person)s)
    ) = 0
    and (
        select count(*) from ticket_event
        where ticket_event.ticket_id = waiting.id and ticket_event.kind = 'skipped'
            and ticket_event.actor = %(actor)s and ticket_event.at > %(skipped_since)s
    ) = 0
order by waiting.rank, waiting.due, waiting.opened_at, waiting.id
limit 1 for update of ticket skip locked;
