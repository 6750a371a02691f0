-- name: insert_adapt
insert into screening_adapt (type_id, application, scene, status, version, changed_at, operator, is_auto)
values (%(type_id)s, %(application)s, %(scene)s, 'active', 1, %(now)s, %(operator)s, false)
on conflict on constraint screening_adapt_once do nothing
returning adapt_id;

-- name: adapt_of
select adapt_id from screening_adapt
where type_id = %(type_id)s and application = %(application)s and scene = %(scene)s;

-- name: insert_version
insert into screening_adapt_version
    (adapt_id, version, type_id, type_version, document, cause, saved_at, operator)
values
    (%(adapt_id)s, %(version)s, %(type_id)s, %(type_version)s, %(document)s, 'manual', %(now)s, %(operator)s);

-- name: move_head
update screening_adapt set version = %(version)s, changed_at = %(now)s, operator = %(operator)s, is_auto = false
where adapt_id = %(adapt_id)s;

-- name: share_type
-- An edit of the type waits until the adapt is saved, and the other way round.
select type_id from screening_type where type_id = %(type_id)s for share;

-- name: lock_adapt
select adapt_id from screening_adapt where adapt_id = %(adapt_id)s for update;

-- name: show_adapt
select adapt_id, head.type_id, screening_type.name as type_name, category, application, scene, status, head.version,
    type_version, document, head.changed_at, head.operator, is_auto
from screening_adapt as head
join screening_adapt_version using (adapt_id, version)
join screening_type on screening_type.type_id = head.type_id
where adapt_id = %(adapt_id)s;

-- name: show_version
select version, type_version, document, cause, saved_at, operator from screening_adapt_version
where adapt_id = %(adapt_id)s and version = %(version)s;

-- name: set_status
update screening_adapt set status = %(status)s, changed_at = %(now)s, operator = %(operator)s, is_auto = false
where adapt_id = %(adapt_id)s;

-- name: insert_event
insert into screening_adapt_event (adapt_id, kind, detail, at, operator)
values (%(adapt_id)s, %(kind)s, %(detail)s, %(now)s, %(operator)s);

-- name: list_adapts
select adapt_id, head.type_id, screening_type.name as type_name, category, application, scene, status, head.version,
    type_version, document, head.changed_at, head.operator, is_auto
from screening_adapt as head
join screening_adapt_version using (adapt_id, version)
join screening_type on screening_type.type_id = head.type_id
where head.type_id = %(type_id)s
    and (%(application)s::text is null or application = %(application)s)
    and (%(scene)s::text is null or scene = %(scene)s)
    and (%(status)s::text is null or status = %(status)s)
    and (%(operator)s::text is null or head.operator = %(operator)s)
    and (%(after_at)s::timestamptz is null or (head.changed_at, adapt_id) < (%(after_at)s, %(after_id)s::integer))
order by head.changed_at desc, adapt_id desc
limit %(rows)s;

-- name: list_operators
select distinct operator from screening_adapt where type_id = %(type_id)s order by operator;

-- name: offered_types
select type_id, name from screening_type
where exists (
    select from screening_adapt
    where screening_adapt.type_id = screening_type.type_id
        and application = %(application)s and scene = %(scene)s and status = 'active'
)
order by name;

-- name: list_history
-- Versions, each with the document before it, and what was done beside them, the newest first.
select at, kind, version, type_version, document, detail, operator, is_auto, event_id, earlier, earlier_type_version
from (
    select own.saved_at as at, 'version' as kind, own.version, own.type_version, own.document, null::jsonb as detail,
        own.operator, own.cause = 'auto' as is_auto, own.version as place, 0::bigint as event_id,
        earlier.document as earlier, earlier.type_version as earlier_type_version
    from screening_adapt_version as own
    left join screening_adapt_version as earlier
        on earlier.adapt_id = own.adapt_id and earlier.version = own.version - 1
    where own.adapt_id = %(adapt_id)s and (%(only)s::bigint is null or own.version = %(only)s)
    union all
    select at, kind, null, null, null, detail, operator, false, 0, event_id, null, null
    from screening_adapt_event where adapt_id = %(adapt_id)s and %(only)s::bigint is null
) as entry
where %(before_at)s::timestamptz is null
    or (at, place, event_id) < (%(before_at)s, %(before_version)s::bigint, %(before_event)s::bigint)
order by at desc, place desc, event_id desc
limit %(rows)s;
