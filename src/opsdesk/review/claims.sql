-- name: set_claim
update ticket
set claimed_by = %(actor)s, claimed_until = %(until)s, assigned_by = %(assigned_by)s, reviewer = %(actor)s,
    row_version = row_version + 1
where id = %(id)s;

-- name: end_claim
-- Whoever was the last to answer stays the reviewer; one who only held it does not.
update ticket
set claimed_by = null, claimed_until = null, assigned_by = null, row_version = row_version + 1,
    reviewer = (
        select actor from ticket_answer
        where ticket_answer.ticket_id = ticket.id and ticket_answer.snapshot = ticket.snapshot
        order by number desc limit 1
    )
where id = %(id)s;
