-- name: by_path
where path = %(path)s
