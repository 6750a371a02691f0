-- name: insert_group
insert into strategy_group
    (application, scene, name, name_key, place, is_active, revision, changed_at, operator)
values
    (%(application)s, %(scene)s, %(name)s, %(name_key)s, %(place)s, true, 1, %(now)s, %(operator)s)
on conflict on constraint strategy_group_once do nothing
returning group_id;

-- name: group_of
select group_id from strategy_group
where application = %(application)s and scene = %(scene)s and name_key = %(name_key)s;

-- name: lock_group
select group_id from strategy_group where group_id = %(group_id)s for update;

-- name: show_group
select group_id, application, scene, name, place, is_active, head.revision, live_revision, document,
    changed_at, head.operator
from strategy_group as head
join strategy_group_revision using (group_id, revision)
where group_id = %(group_id)s;

-- name: insert_revision
insert into strategy_group_revision (group_id, revision, document, restored_from, saved_at, operator)
values (%(group_id)s, %(revision)s, %(document)s, %(restored_from)s, %(now)s, %(operator)s);

-- name: insert_references
insert into strategy_group_adapt (group_id, revision, adapt_id)
select %(group_id)s, %(revision)s, unnest(%(adapt_ids)s::integer[]);

-- name: lock_adapts
-- In the order of their ids, as everybody locks them.
select adapt_id, type_id, status from screening_adapt
where application = %(application)s and scene = %(scene)s and type_id = any (%(type_ids)s::integer[])
order by adapt_id for update;

-- name: move_head
update strategy_group set revision = %(revision)s, changed_at = %(now)s, operator = %(operator)s
where group_id = %(group_id)s;

-- name: apply
update strategy_group set live_revision = revision, changed_at = %(now)s, operator = %(operator)s
where group_id = %(group_id)s;

-- name: set_active
update strategy_group set is_active = %(is_active)s, changed_at = %(now)s, operator = %(operator)s
where group_id = %(group_id)s;

-- name: set_place
update strategy_group set place = %(place)s, changed_at = %(now)s, operator = %(operator)s
where group_id = %(group_id)s;

-- name: insert_event
insert into strategy_group_event (group_id, kind, revision, detail, at, operator)
values (%(group_id)s, %(kind)s, %(revision)s, %(detail)s, %(now)s, %(operator)s);

-- name: show_revision
select document from strategy_group_revision where group_id = %(group_id)s and revision = %(revision)s;

-- name: live_groups
select head.group_id, application, scene, name, place, is_active, live.revision, live_revision, live.document,
    changed_at, head.operator
from strategy_group as head
join strategy_group_revision as live on live.group_id = head.group_id and live.revision = head.live_revision
where application = %(application)s and scene = %(scene)s and is_active
order by place, head.group_id;

-- name: referring
select name, application, scene, bool_or(used.revision = head.revision) as is_saved,
    coalesce(bool_or(used.revision = head.live_revision), false) as is_live
from strategy_group as head
join strategy_group_adapt as used on used.group_id = head.group_id
    and (used.revision = head.revision or used.revision = head.live_revision)
where used.adapt_id = %(adapt_id)s
group by head.group_id, name, application, scene
order by name, head.group_id;
