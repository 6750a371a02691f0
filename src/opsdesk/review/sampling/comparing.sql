-- name: list_judged
select
    sampled_id, sample_id, sampled.ticket_id, sampled.type_id, screening_type.name as type_name,
    sampled.reviewer, sampled.verdict as first_verdict, judgement.verdict as second_verdict,
    judgement.person as judge, judgement.judged_at
from blind_judgement as judgement
join sampled_ticket as sampled using (sampled_id)
join screening_type on screening_type.type_id = sampled.type_id
where sample_id = %(sample_id)s
    and (not %(overturned)s or sampled.verdict <> judgement.verdict)
    and (%(after_id)s::integer is null or sampled_id > %(after_id)s)
order by sampled_id
limit %(rows)s;

-- name: show_both
select
    sampled_id, sample_id, sampled.ticket_id, sampled.type_id, screening_type.name as type_name, sampled.number,
    sampled.reviewer, answer.answered_at as decided_at,
    judgement.verdict, judgement.rejection_version, judgement.reasons, judgement.codes, judgement.remark,
    judgement.actor as judge_actor, judgement.person as judge, judgement.judged_at
from sampled_ticket as sampled
join screening_type on screening_type.type_id = sampled.type_id
join ticket_answer as answer on answer.ticket_id = sampled.ticket_id and answer.number = sampled.number
left join blind_judgement as judgement using (sampled_id)
where sampled_id = %(sampled_id)s;
