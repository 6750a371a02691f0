-- name: one_snapshot
set transaction isolation level repeatable read;

-- name: sums
-- By account, of the postings after an id up to another: what came to it less what went.
select account, sum(points)::bigint from (
    select credit as account, points from points_posting where posting_id > %(after)s and posting_id <= %(upto)s
    union all
    select debit, -points from points_posting where posting_id > %(after)s and posting_id <= %(upto)s
) as side group by account order by account;

-- name: count
select count(*) from points_posting where posting_id > %(after)s and posting_id <= %(upto)s;

-- name: outstanding
-- What can still be used, by the month in which it can be used last: what expires at a midnight belongs to the day before.
select to_char((expires_at - interval '1 microsecond') at time zone 'Asia/Shanghai', 'YYYY-MM') as month, sum(remaining)::bigint
from points_lot where not is_swept and expires_at > %(now)s and remaining > 0
group by month order by month;

-- name: insert
insert into points_audit (at, actor, is_full, is_whole, findings, seq, hash, report, key_id, signature)
values (%(at)s, %(actor)s, %(is_full)s, %(is_whole)s, %(findings)s, %(seq)s, %(hash)s, %(report)s, %(key_id)s, %(signature)s)
returning audit_id;

-- name: list_audits
select audit_id, at, actor, is_full, is_whole, findings, seq, report, key_id, signature from points_audit
where (%(after)s::integer is null or audit_id < %(after)s::integer)
    and (not %(broken)s or not is_whole)
order by audit_id desc limit %(rows)s;

-- name: show_audit
select audit_id, at, actor, is_full, is_whole, findings, seq, report, key_id, signature from points_audit
where audit_id = %(audit_id)s;

-- name: newest
select audit_id, at, actor, is_full, is_whole, findings, seq, report, key_id, signature from points_audit
order by audit_id desc limit 1;

-- name: signed
select audit_id, seq, encode(hash, 'hex') as hash, report, key_id, signature from points_audit order by audit_id;
