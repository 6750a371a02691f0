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
