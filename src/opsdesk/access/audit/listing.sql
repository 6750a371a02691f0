-- name: list_entries
select entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id,
    seq, encode(hash, 'hex') as hash
from audit_entry left join audit_seal using (entry_id)
where (%(after)s::bigint is null or entry_id < %(after)s::bigint)
    and (%(since)s::timestamptz is null or at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or at < %(until)s::timestamptz)
    and (%(actor)s::text is null or actor = %(actor)s::text)
    and (%(action)s::text is null or action = %(action)s::text or split_part(action, '.', 1) = %(action)s::text)
    and (%(object_kind)s::text is null or object_kind = %(object_kind)s::text)
    and (%(object_id)s::text is null or object_id = %(object_id)s::text)
    and (%(request_id)s::text is null or request_id = %(request_id)s::text)
order by entry_id desc limit %(limit)s;

-- name: show_entry
select entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id,
    seq, encode(hash, 'hex') as hash
from audit_entry left join audit_seal using (entry_id)
where entry_id = %(entry_id)s;
