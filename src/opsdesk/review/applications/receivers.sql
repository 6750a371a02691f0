-- name: put
insert into result_receiver (application, url, secret, changed_at, operator)
values (%(application)s, %(url)s, %(secret)s, %(now)s, %(operator)s)
on conflict (application) do update
set url = excluded.url, secret = excluded.secret, changed_at = excluded.changed_at, operator = excluded.operator;

-- name: list
select application, url, secret, changed_at, operator from result_receiver order by application;

-- name: find
select application, url, secret, changed_at, operator from result_receiver where application = %(application)s;

-- name: remove
delete from result_receiver where application = %(application)s;
