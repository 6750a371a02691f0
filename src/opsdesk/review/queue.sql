-- name: list_tickets
-- The filters stand in count_tickets as well. The index ticket_queue_by_priority gives the order when a status is asked for.
select
    id, source, subject, node, title, role, required_approvers,
    (
        select count(*) from ticket_answer
        where ticket_answer.ticket_id = ticket.id and ticket_answer.snapshot = ticket.snapshot
    ) as answers_given,
    due_at, requested_by, opened_at, status, claimed_by, claimed_until, assigned_by, closed_at, priority,
    stands_since,
    application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version, result, pictures_waiting
from ticket
where (%(status)s::text is null or status = %(status)s)
    and (%(role)s::text is null or role = %(role)s or role is null)
    and (%(claimed_by)s::text is null or (claimed_by = %(claimed_by)s and claimed_until > %(now)s))
    and (%(overdue)s::boolean is null or (status = 'open' and coalesce(due_at < %(now)s, false)) = %(overdue)s)
    and (%(due_before)s::timestamptz is null or due_at < %(due_before)s)
    and (%(search)s::text is null
        or strpos(lower(concat_ws(' ', title, purpose, subject, node)), lower(%(search)s)) > 0)
    and (%(after_due)s::timestamptz is null
        or (-priority, coalesce(due_at, '9999-12-31 00:00:00+00'), opened_at, id)
            > (%(after_priority)s::integer, %(after_due)s, %(after_opened)s::timestamptz, %(after_id)s::uuid))
order by -priority, coalesce(due_at, '9999-12-31 00:00:00+00'), opened_at, id
limit %(rows)s;

-- name: find_tickets
-- Reads every identifier: for the command line, where somebody typed a part of one.
select id from ticket
where starts_with(replace(id::text, '-', ''), %(part)s)
    or right(replace(id::text, '-', ''), length(%(part)s::text)) = %(part)s
order by id desc limit %(limit)s;

-- name: count_tickets
select status, count(*)
from ticket
where (%(role)s::text is null or role = %(role)s or role is null)
    and (%(claimed_by)s::text is null or (claimed_by = %(claimed_by)s and claimed_until > %(now)s))
    and (%(overdue)s::boolean is null or (status = 'open' and coalesce(due_at < %(now)s, false)) = %(overdue)s)
    and (%(due_before)s::timestamptz is null or due_at < %(due_before)s)
    and (%(search)s::text is null
        or strpos(lower(concat_ws(' ', title, purpose, subject, node)), lower(%(search)s)) > 0)
group by status;

-- name: count_open
select count(*), count(*) filter (where due_at < %(now)s) from ticket where status = 'open';

-- name: answered_among
-- Answers on data that was amended since do not count: whoever gave them is asked again.
select distinct ticket_answer.ticket_id
from ticket_answer
join ticket on ticket.id = ticket_answer.ticket_id and ticket.snapshot = ticket_answer.snapshot
where ticket_answer.ticket_id = any(%(ids)s)
    and (ticket_answer.actor = any(%(people)s) or ticket_answer.person = any(%(people)s));
