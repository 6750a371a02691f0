-- name: keep_secret
update person set totp_secret = %(secret)s, totp_confirmed_at = null, totp_step = null where id = %(id)s;

-- name: secret
select totp_secret, totp_step from person where id = %(id)s;

-- name: confirm
update person set totp_confirmed_at = %(now)s, totp_step = %(step)s where id = %(id)s;

-- name: take_step
update person set totp_step = %(step)s where id = %(id)s;

-- name: remove
update person set totp_secret = null, totp_confirmed_at = null, totp_step = null where id = %(id)s;

-- name: remove_recovery_codes
delete from person_recovery_code where person_id = %(person_id)s;

-- name: insert_recovery_codes
insert into person_recovery_code (person_id, code_sha256)
select %(person_id)s, code_sha256 from unnest(%(codes)s::bytea[]) as code_sha256;

-- name: take_recovery_code
update person_recovery_code
set used_at = %(now)s
where person_id = %(person_id)s and code_sha256 = %(code_sha256)s and used_at is null;

-- name: count_recovery_codes
select count(*) from person_recovery_code where person_id = %(person_id)s and used_at is null;

-- name: lock_secrets
select id, totp_secret from person where totp_secret is not null order by id for update;

-- name: reseal
update person set totp_secret = %(secret)s where id = %(id)s;
