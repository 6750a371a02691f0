-- name: insert_session
insert into person_session
    (id, person_id, token_sha256, method, verified_at, created_at, last_seen_at, expires_at, user_agent, address)
values
    (%(id)s, %(person_id)s, %(token_sha256)s, %(method)s, %(verified_at)s, %(now)s, %(now)s, %(expires_at)s,
     %(user_agent)s, %(address)s);

-- name: session_by_token
select id, person_id, method, verified_at, created_at, last_seen_at, expires_at, ended_at, user_agent, address
from person_session
where token_sha256 = %(token_sha256)s;

-- name: note_seen
-- SKIP LOCKED: of several requests of one page, one notes the use and the others do not wait for it.
update person_session
set last_seen_at = %(now)s
where id = (
    select id
    from person_session
    where id = %(id)s and last_seen_at <= %(stale_before)s
    for no key update skip locked
);

-- name: list_sessions
select id, person_id, method, verified_at, created_at, last_seen_at, expires_at, ended_at, user_agent, address
from person_session
where person_id = %(person_id)s and ended_at is null and verified_at is not null
    and expires_at > %(now)s and last_seen_at > %(seen_after)s
order by last_seen_at desc, id
limit %(rows)s;

-- name: lock_session
select id, person_id, method, verified_at, created_at, last_seen_at, expires_at, ended_at, user_agent, address
from person_session
where id = %(id)s and person_id = %(person_id)s
for update;

-- name: end_session
update person_session set ended_at = %(now)s where id = %(id)s;

-- name: end_session_by_token
update person_session
set ended_at = %(now)s
where token_sha256 = %(token_sha256)s and ended_at is null
returning id, person_id;

-- name: end_all_sessions
update person_session
set ended_at = %(now)s
where person_id = %(person_id)s and ended_at is null and id is distinct from %(but)s::uuid
returning id;
