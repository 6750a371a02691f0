-- name: lock_type
-- As an edit of the type does, before its adapts.
select type_id, version, operator from screening_type where name_key = %(name_key)s for update;

-- name: share_type
-- So that the type and its adapts are of one moment.
select type_id from screening_type where type_id = %(type_id)s for share;

-- name: every_adapt
select adapt_id, head.type_id, screening_type.name as type_name, category, application, scene, status, head.version,
    type_version, document, head.changed_at, head.operator, is_auto
from screening_adapt as head
join screening_adapt_version using (adapt_id, version)
join screening_type on screening_type.type_id = head.type_id
where head.type_id = %(type_id)s
order by application, scene;
