-- name: take_turn
-- One sealer at a time, until the transaction ends. One that is frozen loses its connection, and so its turn, after a while.
select pg_try_advisory_xact_lock(%(key)s), set_config('idle_in_transaction_session_timeout', %(idle)s, true);

-- name: last_id
-- Given to a posting so far, whether or not that has been committed.
select coalesce(pg_sequence_last_value(pg_get_serial_sequence('points_posting', 'posting_id')::regclass), 0);

-- name: writing
-- Whoever writes in this database now: a transaction holds a lock on its own number from when it has one until others see
-- what it did. Who writes in other databases of the server is no matter.
select transactionid::text from pg_locks left join pg_stat_activity using (pid)
where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted
    and (datname = current_database() or datname is null) and pid is distinct from pg_backend_pid();

-- name: have_ended
select not exists (
    select from pg_locks
    where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted and transactionid::text = any(%(transactions)s)
);

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
