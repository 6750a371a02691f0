-- name: insert_person
insert into person (id, email, name, roles, language, time_zone, theme, created_at)
values (%(id)s, %(email)s, %(name)s, %(roles)s, %(language)s, %(time_zone)s, %(theme)s, %(now)s);

-- name: show_person
select id, email, name, roles, language, time_zone, theme, password_hash is not null as has_password,
    totp_confirmed_at is not null as has_second_factor, oidc_subject is not null as has_provider,
    created_at, disabled_at,
    (select max(last_seen_at) from person_session where person_id = person.id) as last_seen_at
from person
where id = %(id)s;

-- name: find_person
select id, email, name, roles, language, time_zone, theme, password_hash is not null as has_password,
    totp_confirmed_at is not null as has_second_factor, oidc_subject is not null as has_provider,
    created_at, disabled_at,
    (select max(last_seen_at) from person_session where person_id = person.id) as last_seen_at
from person
where email = %(email)s;

-- name: list_people
select id, email, name, roles, language, time_zone, theme, password_hash is not null as has_password,
    totp_confirmed_at is not null as has_second_factor, oidc_subject is not null as has_provider,
    created_at, disabled_at,
    (select max(last_seen_at) from person_session where person_id = person.id) as last_seen_at
from person
where (%(search)s::text is null or strpos(lower(email || ' ' || name), lower(%(search)s)) > 0)
    and (%(role)s::text is null or %(role)s = any (roles))
    and (%(disabled)s::boolean is null or (disabled_at is not null) = %(disabled)s)
    and (%(after)s::text is null or email > %(after)s)
order by email
limit %(rows)s;

-- name: people_in_roles
select id, email, name, roles, language, time_zone, theme, password_hash is not null as has_password,
    totp_confirmed_at is not null as has_second_factor, oidc_subject is not null as has_provider,
    created_at, disabled_at, null::timestamptz as last_seen_at
from person
where roles && %(roles)s and disabled_at is null
order by email
limit %(rows)s;

-- name: lock_person
select id from person where id = %(id)s for update;

-- name: lock_with_admins
-- In one statement and in the order of ids, so that two admins who take the role from each other at once do not wait for
-- each other in a circle. Who is an admin is read in the next statement, which sees what was waited for.
select id from person where id = %(id)s or ('admin' = any (roles) and disabled_at is null) order by id for update;

-- name: admins
select id from person where 'admin' = any (roles) and disabled_at is null limit 2;

-- name: change_roles
update person set roles = %(roles)s where id = %(id)s;

-- name: disable_person
update person set disabled_at = coalesce(disabled_at, %(now)s) where id = %(id)s;

-- name: enable_person
update person set disabled_at = null where id = %(id)s;

-- name: end_sessions
update person_session set ended_at = %(now)s where person_id = %(id)s and ended_at is null;

-- name: set_preferences
update person
set name = %(name)s, language = %(language)s, time_zone = %(time_zone)s, theme = %(theme)s
where id = %(id)s;
