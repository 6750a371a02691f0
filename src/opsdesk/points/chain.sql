-- name: take_turn
-- One sealer at a time, until the transaction ends. One that is frozen loses its connection, and so its turn, after a while.
select pg_try_advisory_xact_lock(%(key)s), set_config('idle_in_transaction_session_timeout', %(idle)s, true);

-- name: head
select seq, posting_id, hash from points_seal order by seq desc limit 1;

-- name: to_seal
select posting_id, kind, debit, credit, customer_id, lot_id, order_id, points, effective_at, recorded_at
from points_posting where posting_id > %(after)s and posting_id <= %(upto)s order by posting_id limit %(limit)s;

-- name: insert_seals
insert into points_seal (seq, posting_id, hash)
select %(first_seq)s + place - 1, posting_id, hash
from unnest(%(postings)s::bigint[], %(hashes)s::bytea[]) with ordinality as sealed (posting_id, hash, place);

-- name: unsealed
select count(*) from points_posting where posting_id > coalesce((select max(posting_id) from points_seal), 0);
