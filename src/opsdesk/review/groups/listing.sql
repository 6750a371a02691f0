-- name: list_groups
select group_id, application, scene, name, place, is_active, head.revision, live_revision, document,
    changed_at, head.operator
from strategy_group as head
join strategy_group_revision using (group_id, revision)
where (%(application)s::text is null or application = %(application)s)
    and (%(scene)s::text is null or scene = %(scene)s)
    and (%(is_active)s::boolean is null or is_active = %(is_active)s)
    and (%(operator)s::text is null or head.operator = %(operator)s)
    and (%(name)s::text is null or strpos(name_key, %(name)s) > 0)
    and (%(adapt_id)s::integer is null or exists (
        select from strategy_group_adapt as used
        where used.adapt_id = %(adapt_id)s and used.group_id = head.group_id
            and (used.revision = head.revision or used.revision = head.live_revision)))
    and (%(after_at)s::timestamptz is null or (changed_at, group_id) < (%(after_at)s, %(after_id)s::integer))
order by changed_at desc, group_id desc
limit %(rows)s;

-- name: list_operators
select distinct operator from strategy_group order by operator;

-- name: list_history
-- Revisions and what was done beside them, the newest first.
select kind, at, operator, revision, restored_from, document, detail
from (
    select 'saved' as kind, saved_at as at, operator, revision, restored_from, document, null::jsonb as detail,
        0 as place
    from strategy_group_revision where group_id = %(group_id)s
    union all
    select kind, at, operator, revision, null, null, detail, event_id
    from strategy_group_event where group_id = %(group_id)s
) as entry
order by at desc, place desc, revision desc
limit %(rows)s;

-- name: adapts_of
select adapt_id, type_id, screening_type.name as type_name, screening_adapt.status, screening_adapt.version,
    bool_or(used.revision = head.revision) as is_saved,
    coalesce(bool_or(used.revision = head.live_revision), false) as is_live
from strategy_group as head
join strategy_group_adapt as used on used.group_id = head.group_id
    and (used.revision = head.revision or used.revision = head.live_revision)
join screening_adapt using (adapt_id)
join screening_type using (type_id)
where head.group_id = %(group_id)s
group by adapt_id, type_id, screening_type.name, screening_adapt.status, screening_adapt.version
order by screening_type.name, adapt_id;

-- name: type_names
select type_id, name from screening_type;

-- name: count_answers
select rule, answer, count(*) as applications
from (
    select rule, answer from screening_application
    where group_id = %(group_id)s order by received_at desc limit %(rows)s
) as recent
group by rule, answer
order by applications desc, rule;
