-- name: population
-- The last judgement of a ticket is the one that decided it. One more than the limit tells that there are too many.
select ticket.id as ticket_id, deciding.number, ticket.type_id, deciding.verdict,
    coalesce(answer.person, answer.actor) as reviewer
from ticket
join lateral (
    select number, verdict from screening_decision where ticket_id = ticket.id order by number desc limit 1
) as deciding on true
join ticket_answer as answer on answer.ticket_id = ticket.id and answer.number = deciding.number
where bucket is not null and status = 'decided' and application = %(application)s and scene = %(scene)s
    and closed_at >= %(decided_from)s and closed_at < %(decided_to)s
    and (%(type_ids)s::integer[] = '{}' or ticket.type_id = any(%(type_ids)s::integer[]))
order by ticket.id
limit %(rows)s;

-- name: unknown_types
select asked from unnest(%(type_ids)s::integer[]) as asked
where asked not in (select type_id from screening_type) order by asked;

-- name: insert_sample
insert into quality_sample (
    application, scene, decided_from, decided_to, type_ids, wanted, seed, population, population_sha256, drawn,
    drawn_at, operator, key
) values (
    %(application)s, %(scene)s, %(decided_from)s, %(decided_to)s, %(type_ids)s, %(wanted)s, %(seed)s, %(population)s,
    %(population_sha256)s, %(drawn)s, %(now)s, %(operator)s, %(key)s
)
on conflict on constraint quality_sample_once_per_key do nothing
returning sample_id;

-- name: insert_drawn
insert into sampled_ticket (sample_id, place, ticket_id, number, type_id, verdict, reviewer)
select %(sample_id)s, place, ticket_id, number, type_id, verdict, reviewer
from unnest(
    %(ticket_ids)s::uuid[], %(numbers)s::integer[], %(type_ids)s::integer[], %(verdicts)s::text[], %(reviewers)s::text[]
) with ordinality as drawn (ticket_id, number, type_id, verdict, reviewer, place)
order by place;

-- name: sample_of_key
select sample_id from quality_sample where operator = %(operator)s and key = %(key)s;

-- name: list_samples
select
    sample_id, application, scene, decided_from, decided_to, type_ids, wanted, seed, population, population_sha256,
    drawn, drawn_at, operator, judged, agreed
from quality_sample
join lateral (
    select count(judgement.sampled_id) as judged,
        count(*) filter (where judgement.verdict = sampled.verdict) as agreed
    from sampled_ticket as sampled
    left join blind_judgement as judgement using (sampled_id)
    where sampled.sample_id = quality_sample.sample_id
) as standing on true
where (%(only)s::integer is null or sample_id = %(only)s) and (%(after_id)s::integer is null or sample_id < %(after_id)s)
order by sample_id desc
limit %(rows)s;

-- name: drawn_tickets
select ticket_id from sampled_ticket where sample_id = %(sample_id)s order by place;
