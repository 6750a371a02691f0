-- name: take_turn
-- Until the transaction ends; a sealer that dies lets go of it with its connection, and one that is frozen loses its
-- connection after a while, so that it does not keep the turn.
select pg_try_advisory_xact_lock(%(key)s), set_config('idle_in_transaction_session_timeout', %(idle)s, true);

-- name: head
select seq, hash from audit_seal order by seq desc limit 1;

-- name: waiting
-- One that has its place already is left out: no sealer leaves such a row, and one that somebody else has put there must
-- not keep the others from being sealed.
select entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id
from audit_waiting join audit_entry using (entry_id)
where not exists (select from audit_seal where audit_seal.entry_id = audit_waiting.entry_id)
order by entry_id limit %(limit)s;

-- name: clock
select clock_timestamp();

-- name: insert_seals
insert into audit_seal (seq, entry_id, hash)
select %(first_seq)s + place - 1, entry_id, hash
from unnest(%(entry_ids)s::bigint[], %(hashes)s::bytea[]) with ordinality as sealed (entry_id, hash, place);

-- name: insert_batch
insert into audit_batch (first_seq, last_seq, sealed_at, mac_key, mac)
values (%(first_seq)s, %(last_seq)s, %(sealed_at)s, %(mac_key)s, %(mac)s);

-- name: end_waiting
delete from audit_waiting where entry_id = any(%(entry_ids)s::bigint[]);

-- name: state
-- By the database's own clock, as the rows are.
select count(*), extract(epoch from max(clock_timestamp() - since)) from audit_waiting;
