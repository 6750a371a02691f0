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

-- name: page
where (%(application)s::text is null or came.application = %(application)s)
    and (%(scene)s::text is null or came.scene = %(scene)s)
    and (%(answer)s::text is null or came.answer = %(answer)s)
    and (%(result)s::text is null or ticket.result = %(result)s)
    and (%(delivery)s::text is null or sent.state = %(delivery)s)
    and (%(user_id)s::text is null or came.user_id = %(user_id)s)
    and (%(flow_no)s::text is null or came.flow_no = %(flow_no)s)
    and (%(since)s::timestamptz is null or came.received_at >= %(since)s)
    and (%(until)s::timestamptz is null or came.received_at < %(until)s)
    and (
        %(after_at)s::timestamptz is null
        or (came.received_at, came.flow_no) < (%(after_at)s, %(after_flow)s)
    )
order by came.received_at desc, came.flow_no desc
limit %(rows)s
