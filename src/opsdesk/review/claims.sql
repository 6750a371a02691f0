-- name: set_claim
update ticket set claimed_by = %(actor)s, claimed_until = %(until)s, row_version = row_version + 1 where id = %(id)s;

-- name: end_claim
update ticket set claimed_by = null, claimed_until = null, row_version = row_version + 1 where id = %(id)s;
