-- name: one_snapshot
set transaction isolation level repeatable read, read only;

-- name: places
select seq, audit_seal.entry_id as sealed_id, encode(hash, 'hex') as hash,
    audit_entry.entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id
from audit_seal left join audit_entry on audit_entry.entry_id = audit_seal.entry_id
order by seq;

-- name: batches
select first_seq, last_seq, sealed_at, mac_key, mac from audit_batch order by last_seq;

-- name: not_sealed
select audit_entry.entry_id, extract(epoch from clock_timestamp() - since) as waits_s
from audit_entry
left join audit_seal on audit_seal.entry_id = audit_entry.entry_id
left join audit_waiting on audit_waiting.entry_id = audit_entry.entry_id
where audit_seal.entry_id is null
order by audit_entry.entry_id;

-- name: waiting_for_nothing
select audit_waiting.entry_id, audit_seal.entry_id is not null as sealed
from audit_waiting
left join audit_entry on audit_entry.entry_id = audit_waiting.entry_id
left join audit_seal on audit_seal.entry_id = audit_waiting.entry_id
where audit_entry.entry_id is null or audit_seal.entry_id is not null
order by audit_waiting.entry_id;
