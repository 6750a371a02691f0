-- name: put_application
insert into application (application, name, created_at) values (%(application)s, %(name)s, %(now)s)
on conflict (application) do update set name = excluded.name;

-- name: list_applications
select application, name from application
where %(after)s::text[] is null or application > (%(after)s::text[])[1]
order by application limit %(rows)s;

-- name: put_scene
insert into scene (application, scene, name, bucket) values (%(application)s, %(scene)s, %(name)s, %(bucket)s)
on conflict (application, scene) do update set name = excluded.name, bucket = excluded.bucket;

-- name: list_scenes
select application, scene, name, bucket, message from scene
where (%(application)s::text is null or application = %(application)s)
    and (%(after)s::text[] is null or (application, scene) > ((%(after)s::text[])[1], (%(after)s::text[])[2]))
order by application, scene limit %(rows)s;

-- name: show_scene
select application, scene, name, bucket, message from scene
where application = %(application)s and scene = %(scene)s;

-- name: lock_scene
select application, scene, name, bucket, message from scene
where application = %(application)s and scene = %(scene)s for update;

-- name: put_method
insert into screening_method (application, scene, method, name, with_screening, verifications)
values (%(application)s, %(scene)s, %(method)s, %(name)s, %(with_screening)s, %(verifications)s)
on conflict (application, scene, method) do update
set name = excluded.name, with_screening = excluded.with_screening, verifications = excluded.verifications;

-- name: list_methods
select application, scene, method, name, with_screening, verifications from screening_method
where (%(application)s::text is null or application = %(application)s)
    and (%(scene)s::text is null or scene = %(scene)s)
    and (%(after)s::text[] is null
        or (application, scene, method) > ((%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3]))
order by application, scene, method limit %(rows)s;

-- name: put_reject_code
insert into reject_code (code, category, description, is_active, changed_at)
values (%(code)s, %(category)s, %(description)s, %(is_active)s, %(now)s)
on conflict (code) do update
set category = excluded.category, description = excluded.description, is_active = excluded.is_active,
    changed_at = excluded.changed_at;

-- name: list_reject_codes
select code, category, description, is_active from reject_code
where (%(category)s::text is null or category = %(category)s)
    and (%(active)s::boolean is null or is_active = %(active)s)
    and (%(after)s::text[] is null or code > (%(after)s::text[])[1])
order by code limit %(rows)s;

-- name: show_reject_code
select code, category, description, is_active from reject_code where code = %(code)s;

-- name: hold_reject_codes
-- Whoever changes one waits for those who save a type with it, and then sees that type; and the other way round.
select code, category, description, is_active from reject_code order by code for share;

-- name: lock_reject_codes
select code from reject_code order by code for no key update;
