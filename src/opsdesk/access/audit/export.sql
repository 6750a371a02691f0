-- name: exported
select audit_seal.seq, coalesce(encode(before_it.hash, 'hex'), repeat('0', 64)) as previous,
    audit_entry.entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id,
    encode(audit_seal.hash, 'hex') as hash
from audit_entry
join audit_seal on audit_seal.entry_id = audit_entry.entry_id
left join audit_seal as before_it on before_it.seq = audit_seal.seq - 1
where (%(since)s::timestamptz is null or at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or at < %(until)s::timestamptz)
    and (%(actor)s::text is null or actor = %(actor)s::text)
    and (%(action)s::text is null or action = %(action)s::text or split_part(action, '.', 1) = %(action)s::text)
    and (%(object_kind)s::text is null or object_kind = %(object_kind)s::text)
    and (%(object_id)s::text is null or object_id = %(object_id)s::text)
    and (%(request_id)s::text is null or request_id = %(request_id)s::text)
order by audit_seal.seq;
