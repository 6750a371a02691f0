-- name: insert_answer
-- The lock on the ticket keeps everything else unique; one person's key may come with two tickets at the same moment.
insert into ticket_answer (
    ticket_id, number, actor, person, roles, answers, reason_code, snapshot, shown_sha256, key, answered_at
) values (
    %(ticket_id)s, %(number)s, %(actor)s, %(person)s, %(roles)s, %(answers)s::json, %(reason_code)s, %(snapshot)s,
    %(shown_sha256)s, %(key)s, %(now)s
)
on conflict on constraint ticket_answer_once_per_key do nothing
returning number;

-- name: mark_answered
-- The ticket is nobody's again; it waits for another person, unless it is decided with this answer.
update ticket
set claimed_by = null, claimed_until = null, assigned_by = null, is_answered = true, reviewer = %(actor)s,
    row_version = row_version + 1
where id = %(id)s;
