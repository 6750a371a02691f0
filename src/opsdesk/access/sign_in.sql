-- name: keep_hash
-- Unless the password was changed meanwhile.
update person set password_hash = %(hash)s where id = %(id)s and password_hash = %(old)s;

-- name: set_password
update person set password_hash = %(hash)s, password_set_at = %(now)s where id = %(id)s;
