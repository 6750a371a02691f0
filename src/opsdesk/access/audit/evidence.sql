-- name: key
select key from audit_key where key_id = %(key_id)s;

-- name: keys
select key_id, key from audit_key;

-- name: recorded
select entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id
from audit_entry where action = %(action)s order by entry_id;

-- name: about
select entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id,
    seq, encode(hash, 'hex') as hash
from audit_entry left join audit_seal using (entry_id)
where object_kind = %(object_kind)s and object_id = %(object_id)s
order by entry_id limit %(limit)s;
