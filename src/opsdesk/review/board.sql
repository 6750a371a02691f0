-- name: counts
-- Every open ticket once, told in all the ways in which the board groups it: one snapshot, so that the sums agree.
with standing as (
    select
        type_id, application, scene,
        case
            when claimed_by is not null and claimed_until > %(now)s then 'in_review'
            when exists (
                select from ticket_answer
                where ticket_answer.ticket_id = ticket.id and ticket_answer.snapshot = ticket.snapshot
            ) then 'awaiting_second'
            else 'waiting'
        end as state,
        opened_at,
        coalesce(due_at < %(now)s, false) as is_late
    from ticket
    where status = 'open'
        and (%(bucket)s::text is null or coalesce(bucket, 'procedures') = %(bucket)s)
        and (%(application)s::text is null or application = %(application)s)
        and (%(type_id)s::integer is null or type_id = %(type_id)s)
), counted as (
    select
        case when grouping(type_id) = 0 then 'type' when grouping(scene) = 0 then 'scene' else 'all' end as kind,
        type_id, application, scene,
        count(*) filter (where state = 'waiting') as waiting,
        count(*) filter (where state = 'in_review') as in_review,
        count(*) filter (where state = 'awaiting_second') as awaiting_second,
        count(*) filter (where is_late) as late,
        min(opened_at) as oldest_at
    from standing
    group by grouping sets ((), (type_id), (application, scene))
)
select
    kind, counted.type_id, screening_type.name as type_name, counted.application, application.name as application_name,
    counted.scene, scene.name as scene_name, waiting, in_review, awaiting_second, late, oldest_at
from counted
left join screening_type using (type_id)
left join application on application.application = counted.application
left join scene on scene.application = counted.application and scene.scene = counted.scene
order by late desc, waiting + in_review + awaiting_second desc, type_name, application_name, scene_name;

-- name: reviewers
-- From claiming a ticket to answering it, of what was answered since; and what each of them holds now.
with answered as (
    select answer.actor, extract(epoch from answer.answered_at - begun.at)::double precision as handled_s
    from ticket_answer as answer
    join ticket on ticket.id = answer.ticket_id
    left join lateral (
        select at from ticket_event as event
        where event.ticket_id = answer.ticket_id and event.kind = 'claimed' and event.actor = answer.actor
            and event.at <= answer.answered_at
        order by id desc limit 1
    ) as begun on true
    where answer.answered_at >= %(since)s
        and (%(bucket)s::text is null or coalesce(bucket, 'procedures') = %(bucket)s)
        and (%(application)s::text is null or application = %(application)s)
        and (%(type_id)s::integer is null or type_id = %(type_id)s)
), done as (
    select actor, count(*) as decided, percentile_cont(0.5) within group (order by handled_s) as median_s
    from answered group by actor
), held as (
    select claimed_by as actor, count(*) as in_hand from ticket
    where claimed_by is not null and claimed_until > %(now)s
        and (%(bucket)s::text is null or coalesce(bucket, 'procedures') = %(bucket)s)
        and (%(application)s::text is null or application = %(application)s)
        and (%(type_id)s::integer is null or type_id = %(type_id)s)
    group by claimed_by
)
select coalesce(done.actor, held.actor) as actor, coalesce(decided, 0) as decided, coalesce(in_hand, 0) as in_hand, median_s
from done full join held on held.actor = done.actor
order by decided desc, in_hand desc, actor
limit %(rows)s;
