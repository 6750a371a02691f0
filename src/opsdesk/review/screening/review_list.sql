-- Parts of statements: which screening tickets, and in which order. They are put together by `review_list.py` and not
-- prepared, so that the plan follows the values: an index fits each of the conditions.

-- name: pick
select id, coalesce(shown -> 'base' ->> 'flow_no', subject) as flow_no, type_id, screening_type.name as type_name,
    application, scene, user_id, opened_at, status, result, claimed_by, claimed_until, assigned_by, is_answered, reviewer, due_at,
    priority, pictures_waiting
from (
    select id as picked_id from ticket where bucket = %(bucket)s

-- name: count
-- No further than the limit: nobody reads more than that off a list.
select count(*) from (
    select from ticket where bucket = %(bucket)s

-- name: of_types
and type_id = any(%(type_ids)s)

-- name: of_application
and application = %(application)s

-- name: of_scene
and scene = %(scene)s

-- name: with_result
and result = %(result)s

-- name: by_reviewer
and reviewer = %(reviewer)s

-- name: about
and (user_id = %(number)s or subject = %(number)s)

-- name: opened_from
and opened_at >= %(opened_from)s

-- name: opened_to
and opened_at < %(opened_to)s

-- name: pending
and status = 'open' and not is_answered and (claimed_until is null or claimed_until <= %(now)s)

-- name: in_review
and status = 'open' and claimed_by is not null and claimed_until > %(now)s

-- name: awaiting_second
and status = 'open' and is_answered and (claimed_until is null or claimed_until <= %(now)s)

-- name: completed
and status = 'decided'

-- name: cancelled
and status in ('cancelled', 'answered_elsewhere')

-- name: expired
and status = 'expired'

-- name: newest
    and (opened_at, id) < (%(after_at)s, %(after_id)s)
    order by opened_at desc, id desc limit %(rows)s
) as page join ticket on id = picked_id join screening_type using (type_id)
order by opened_at desc, id desc;

-- name: oldest
    and (opened_at, id) > (%(after_at)s, %(after_id)s)
    order by opened_at, id limit %(rows)s
) as page join ticket on id = picked_id join screening_type using (type_id)
order by opened_at, id;

-- name: no_further_than
    limit %(limit)s
) as counted;

-- name: type_ids
-- One that is called exactly so, else all that have it in their name.
select type_id from screening_type
where case when exists (select from screening_type where name_key = %(part)s)
    then name_key = %(part)s else strpos(name_key, %(part)s) > 0 end;

-- name: reviewers
-- By jumps from one to the next in the index, however many tickets each has.
with recursive found as (
    (select reviewer from ticket where bucket = %(bucket)s and reviewer is not null order by reviewer limit 1)
    union all
    select (
        select reviewer from ticket
        where bucket = %(bucket)s and reviewer is not null and reviewer > found.reviewer order by reviewer limit 1
    )
    from found where found.reviewer is not null
)
select reviewer from found where reviewer is not null limit %(rows)s;
