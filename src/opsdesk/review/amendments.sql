-- name: insert_amendment
insert into ticket_amendment (
    ticket_id, snapshot, shown, shown_sha256, shown_personal, changed, actor, person, roles, reason, at
) values (
    %(ticket_id)s, %(snapshot)s, %(shown)s::json, %(shown_sha256)s, %(shown_personal)s, %(changed)s, %(actor)s,
    %(person)s, %(roles)s, %(reason)s, %(now)s
);

-- name: set_snapshot
update ticket set snapshot = %(snapshot)s, is_answered = false, row_version = row_version + 1 where id = %(id)s;
