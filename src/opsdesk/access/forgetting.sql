-- name: forget_sessions
delete from person_session
where id in (
    select id from person_session where least(ended_at, expires_at) < %(before)s for update skip locked
);

-- name: forget_links
delete from person_link
where id in (
    select id from person_link where least(used_at, expires_at) < %(before)s for update skip locked
);
