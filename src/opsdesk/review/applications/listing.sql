-- name: show
-- An application with its ticket as it stands, and what the judgement that counts comes to.
select came.flow_no, came.application, came.scene, came.user_id, came.answer, came.group_id, came.revision,
    strategy_group.name as group_name, came.rule, came.methods, came.received_at, came.actor, came.content,
    came.ticket_id, ticket.title as type_name, ticket.type_version, ticket.adapt_version, ticket.status, ticket.result,
    ticket.claimed_by, ticket.claimed_until, ticket.closed_at, judged.codes,
    sent.state as delivery,
    (
        select count(*) from ticket_answer
        where ticket_answer.ticket_id = ticket.id and ticket_answer.snapshot = ticket.snapshot
    ) as answers_given
from screening_application as came
left join strategy_group on strategy_group.group_id = came.group_id
left join ticket on ticket.id = came.ticket_id
left join screening_result as sent on sent.ticket_id = came.ticket_id
left join lateral (
    select codes from screening_decision
    where screening_decision.ticket_id = ticket.id and screening_decision.verdict = ticket.result
    order by number desc limit 1
) as judged on true

-- name: by_flow
where came.flow_no = %(flow_no)s

-- Conditions of lists; `listing.py` puts together those that are asked for, and has each list planned by its values.

-- name: of_list
where true

-- name: of_application
and came.application = %(application)s

-- name: of_scene
and came.scene = %(scene)s

-- name: answered
and came.answer = %(answer)s

-- name: with_result
and ticket.result = %(result)s

-- name: delivered_so
and sent.state = %(delivery)s

-- name: of_user
and came.user_id = %(user_id)s

-- name: of_flow
and came.flow_no = %(flow_no)s

-- name: about
and (came.user_id = %(number)s or came.flow_no = %(number)s)

-- name: came_since
and came.received_at >= %(since)s

-- name: came_before
and came.received_at < %(until)s

-- name: page
and (came.received_at, came.flow_no) < (%(after_at)s, %(after_flow)s)
order by came.received_at desc, came.flow_no desc
limit %(rows)s;

-- name: of_ticket
-- The number of the application that a ticket was made for; other tickets have none.
select flow_no from screening_application where ticket_id = %(ticket_id)s;
