-- name: account
select id, password_hash, disabled_at from person where email = %(email)s;
