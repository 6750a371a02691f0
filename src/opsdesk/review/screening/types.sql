-- name: insert_type
insert into screening_type (name, name_key, category, version, changed_at, operator)
values (%(name)s, %(name_key)s, %(category)s, 1, %(now)s, %(operator)s)
on conflict (name_key) do nothing
returning type_id;

-- name: type_by_name
select type_id from screening_type where name_key = %(name_key)s;

-- name: insert_version
insert into screening_type_version
    (type_id, version, description, document, document_sha256, restored_from, saved_at, operator)
values
    (%(type_id)s, %(version)s, %(description)s, %(document)s, %(document_sha256)s, %(restored_from)s, %(now)s, %(operator)s);

-- name: move_head
update screening_type set version = %(version)s, changed_at = %(now)s, operator = %(operator)s
where type_id = %(type_id)s;

-- name: lock_type
select type_id from screening_type where type_id = %(type_id)s for update;

-- name: show_type
select type_id, name, category, head.version, description, document, document_sha256, changed_at, head.operator
from screening_type as head
join screening_type_version using (type_id, version)
where type_id = %(type_id)s;

-- name: list_types
select type_id, name, category, head.version, description, changed_at, head.operator
from screening_type as head
join screening_type_version using (type_id, version)
where (%(category)s::text is null or category = %(category)s)
    and (%(name)s::text is null or strpos(name_key, %(name)s) > 0)
    and (%(operator)s::text is null or head.operator = %(operator)s)
    and (%(after_at)s::timestamptz is null or case when %(oldest_first)s
        then (changed_at, type_id) > (%(after_at)s, %(after_id)s::integer)
        else (changed_at, type_id) < (%(after_at)s, %(after_id)s::integer) end)
order by
    case when %(oldest_first)s then changed_at end asc, case when not %(oldest_first)s then changed_at end desc,
    case when %(oldest_first)s then type_id end asc, case when not %(oldest_first)s then type_id end desc
limit %(rows)s;

-- name: list_operators
select distinct operator from screening_type order by operator;

-- name: type_names
select type_id, name from screening_type
where %(part)s::text is null or strpos(name_key, %(part)s) > 0
order by
    case when %(oldest_first)s then changed_at end asc, case when not %(oldest_first)s then changed_at end desc,
    case when %(oldest_first)s then type_id end asc, case when not %(oldest_first)s then type_id end desc
limit %(rows)s;

-- name: list_versions
-- With what there was before each of them: versions have no gaps.
select head.version, head.description, head.document, head.document_sha256, head.restored_from, head.saved_at, head.operator,
    earlier.description as earlier_description, earlier.document as earlier
from screening_type_version as head
left join screening_type_version as earlier on earlier.type_id = head.type_id and earlier.version = head.version - 1
where head.type_id = %(type_id)s and (%(before)s::bigint is null or head.version < %(before)s)
    and (%(only)s::bigint is null or head.version = %(only)s)
order by head.version desc limit %(rows)s;

-- name: every_key
select distinct key ->> 'id', key ->> 'name'
from screening_type_version, jsonb_array_elements(document -> 'modules') as module,
    jsonb_array_elements(module -> 'keys') as key
where type_id = %(type_id)s;

-- name: show_version
select version, description, document, document_sha256, restored_from, saved_at, operator
from screening_type_version where type_id = %(type_id)s and version = %(version)s;

-- name: lock_adapts
select adapt_id, head.version, document
from screening_adapt as head
join screening_adapt_version using (adapt_id, version)
where head.type_id = %(type_id)s order by adapt_id for update of head;

-- name: insert_adapt_versions
insert into screening_adapt_version
    (adapt_id, version, type_id, type_version, document, cause, saved_at, operator)
select adapt_id, version, %(type_id)s, %(type_version)s, document, 'auto', %(now)s, %(operator)s
from unnest(%(adapt_ids)s::integer[], %(versions)s::integer[], %(documents)s::jsonb[])
    as composed (adapt_id, version, document);

-- name: move_adapts
update screening_adapt set version = version + 1, changed_at = %(now)s, operator = %(operator)s, is_auto = true
where type_id = %(type_id)s;
