-- name: know_subjects
insert into sign_in_attempt (subject, failures, at)
select subject, 0, %(now)s from unnest(%(subjects)s::text[]) as subject order by subject
on conflict (subject) do nothing;

-- name: lock_subjects
-- In one order for everybody. Of many attempts at once, each sees those that were let through before it.
select subject, failures, at from sign_in_attempt where subject = any (%(subjects)s) order by subject for update;

-- name: count_failure
update sign_in_attempt set failures = %(failures)s, at = %(now)s where subject = %(subject)s;

-- name: take_back
update sign_in_attempt set failures = greatest(failures - 1, 0)
where subject in (select subject from sign_in_attempt where subject = any (%(subjects)s) order by subject for update);

-- name: forget_subjects
delete from sign_in_attempt where subject = any (%(subjects)s);

-- name: forget_old
delete from sign_in_attempt
where subject in (select subject from sign_in_attempt where at < %(before)s for update skip locked);
