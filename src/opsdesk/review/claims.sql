-- name: set_claim
update ticket set claimed_by = %(actor)s, claimed_until = %(until)s where id = %(id)s;

-- name: end_claim
update ticket set claimed_by = null, claimed_until = null where id = %(id)s;
