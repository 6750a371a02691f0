-- name: last_id
-- Given so far, whether or not that has been committed.
select coalesce(pg_sequence_last_value(pg_get_serial_sequence(%(table)s, %(column)s)::regclass), 0);

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
