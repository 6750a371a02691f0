-- name: insert_key
insert into api_key (id, name, secret_sha256, scopes, roles, created_at, expires_at, person_id, made_by)
values (%(id)s, %(name)s, %(secret_sha256)s, %(scopes)s, %(roles)s, %(now)s, %(expires_at)s, %(person_id)s, %(made_by)s);

-- name: key_for_authentication
select id, name, secret_sha256, scopes, roles, expires_at, revoked_at, last_used_at, person_id, made_by
from api_key
where id = %(id)s;

-- name: note_use
-- SKIP LOCKED: a request that finds another one noting the use leaves it to that one and does not wait for its end.
update api_key
set last_used_at = %(now)s
where id = (
    select id
    from api_key
    where id = %(id)s and (last_used_at is null or last_used_at <= %(stale_before)s)
    for no key update skip locked
);

-- name: revoke_key
update api_key
set revoked_at = %(now)s
where id = %(id)s and revoked_at is null
returning id, name, scopes, roles, created_at, expires_at, revoked_at, last_used_at,
    (select email from person where person.id = person_id) as person;

-- name: show_key
select id, name, scopes, roles, created_at, expires_at, revoked_at, last_used_at,
    (select email from person where person.id = person_id) as person
from api_key
where id = %(id)s;

-- name: list_keys
select id, name, scopes, roles, created_at, expires_at, revoked_at, last_used_at,
    (select email from person where person.id = person_id) as person
from api_key
where %(person_id)s::uuid is null or person_id = %(person_id)s
order by created_at desc, id desc
limit %(limit)s;
