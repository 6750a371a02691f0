-- name: escalate
update ticket set role = %(role)s, priority = %(priority)s, row_version = row_version + 1 where id = %(id)s;

-- name: move_clock
update ticket set due_at = %(due_at)s, stands_since = %(stands_since)s, row_version = row_version + 1 where id = %(id)s;
