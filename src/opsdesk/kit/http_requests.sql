-- name: began_at
select now();
