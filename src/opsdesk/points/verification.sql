-- name: places
select seq, points_seal.posting_id as sealed_id, encode(hash, 'hex') as hash,
    points_posting.posting_id, kind, debit, credit, customer_id, lot_id, order_id, points, effective_at, recorded_at
from points_seal left join points_posting on points_posting.posting_id = points_seal.posting_id
where seq > %(after)s order by seq;

-- name: inserted
-- Not in the chain, and behind its head: no sealer leaves one out.
select posting_id from points_posting
where posting_id > %(after_id)s and posting_id <= %(upto_id)s
    and not exists (select from points_seal where points_seal.posting_id = points_posting.posting_id)
order by posting_id limit 100;

-- name: hash_at
select encode(hash, 'hex') from points_seal where seq = %(seq)s;
