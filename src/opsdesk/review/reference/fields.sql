-- name: list_fields
select path, type from pb_field
where application = %(application)s and scene = %(scene)s and place >= %(skipped)s
order by place limit %(limit)s;

-- name: delete_fields
delete from pb_field where application = %(application)s and scene = %(scene)s;

-- name: insert_fields
insert into pb_field (application, scene, path, type, place)
select %(application)s, %(scene)s, path, type, place
from unnest(%(paths)s::text[], %(types)s::text[], %(places)s::integer[]) as field (path, type, place);

-- name: set_message
update scene set message = %(message)s, descriptors = %(descriptors)s
where application = %(application)s and scene = %(scene)s;

-- name: read_descriptors
select message, descriptors from scene where application = %(application)s and scene = %(scene)s;
