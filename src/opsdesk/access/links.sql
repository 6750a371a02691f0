-- name: end_other_links
update person_link set used_at = %(now)s where person_id = %(person_id)s and used_at is null;

-- name: insert_link
insert into person_link (id, person_id, purpose, code_sha256, created_at, expires_at)
values (%(id)s, %(person_id)s, %(purpose)s, %(code_sha256)s, %(now)s, %(expires_at)s);

-- name: lock_link
-- Of two who use one code at once, the second finds it used.
select id, person_id
from person_link
where code_sha256 = %(code_sha256)s and used_at is null and expires_at > %(now)s
for update;

-- name: use_link
update person_link set used_at = %(now)s where id = %(id)s;

-- name: set_password
update person set password_hash = %(hash)s, password_set_at = %(now)s where id = %(id)s;

-- name: end_sessions
update person_session set ended_at = %(now)s where person_id = %(person_id)s and ended_at is null;
