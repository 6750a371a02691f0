-- name: newest_key
select key_id, key from audit_key order by key_id desc limit 1;

-- name: insert_entry
with entry as (
    insert into audit_entry (
        at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id
    ) values (
        %(at)s, %(actor)s, %(roles)s, %(action)s, %(object_kind)s, %(object_id)s, %(before)s::jsonb, %(after)s::jsonb,
        %(key_id)s, %(reason)s, %(request_id)s
    )
    returning entry_id
)
insert into audit_waiting (entry_id) select entry_id from entry returning entry_id;

-- name: insert_entries
with entry as (
    insert into audit_entry (at, actor, roles, action, object_kind, object_id, after, key_id, request_id)
    select %(at)s, %(actor)s, %(roles)s, %(action)s, %(object_kind)s, object_id, after, %(key_id)s, request_id
    from unnest(%(object_ids)s::text[], %(afters)s::jsonb[], %(request_ids)s::text[]) as change (object_id, after, request_id)
    returning entry_id
)
insert into audit_waiting (entry_id) select entry_id from entry;
