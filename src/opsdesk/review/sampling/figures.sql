-- name: by_reviewer
select reviewer as name, null::integer as type_id, judged, agreed
from (
    select sampled.reviewer, count(*) as judged, count(*) filter (where sampled.verdict = judgement.verdict) as agreed
    from blind_judgement as judgement
    join sampled_ticket as sampled using (sampled_id)
    where (%(sample_id)s::integer is null or sample_id = %(sample_id)s)
        and (%(reviewers)s::text[] is null or reviewer = any(%(reviewers)s::text[]))
    group by sampled.reviewer
) as counted
where (%(after_name)s::text is null or reviewer > %(after_name)s)
order by reviewer
limit %(rows)s;

-- name: by_type
select screening_type.name, type_id, judged, agreed
from (
    select sampled.type_id, count(*) as judged, count(*) filter (where sampled.verdict = judgement.verdict) as agreed
    from blind_judgement as judgement
    join sampled_ticket as sampled using (sampled_id)
    where (%(sample_id)s::integer is null or sample_id = %(sample_id)s)
        and (%(reviewers)s::text[] is null or reviewer = any(%(reviewers)s::text[]))
    group by sampled.type_id
) as counted
join screening_type using (type_id)
where (%(after_name)s::text is null or (screening_type.name, type_id) > (%(after_name)s, %(after_id)s::integer))
order by screening_type.name, type_id
limit %(rows)s;
